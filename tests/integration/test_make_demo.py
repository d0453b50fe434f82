"""`make demo` where weights cannot be fetched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_setup_that_fails_does_not_stop_the_demo(tmp_path):
    programs, installed = tmp_path / "bin", tmp_path / "venv"
    programs.mkdir()
    installed.mkdir()
    for name in (".created", ".user"):
        (installed / name).touch()  # nothing is installed anew
    program = programs / "cmean"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cmean "$@"\n')
    program.chmod(0o755)
    places = {"VENV": installed, "BIN": programs, "DEMO": tmp_path / "demo"}
    unreachable = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
    found = subprocess.run(
        ["make", "demo", *(f"{name}={path}" for name, path in places.items())],
        cwd=ROOT,
        env=os.environ | unreachable,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "going on without these weights" in found.stdout
    assert "has no musicnn 0.1.0" in found.stderr
    assert (tmp_path / "demo" / "report.html").is_file()
    assert found.stdout.index("going on") < found.stdout.index("12 of 12 pairs")
