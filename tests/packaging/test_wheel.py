"""The wheel, built from the sdist and installed into an empty environment, works elsewhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*command, folder):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CMEAN_", "PYTHON"))}
    environment["CMEAN_WEIGHTS_DIR"] = os.environ["CMEAN_WEIGHTS_DIR"]  # of the tests: empty
    found = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    # The build backend is that of the tests' environment: setting up others takes seconds.
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, folder=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel):
    """The folder of an environment that has the wheel and what it needs, no more."""
    folder = wheel.parent
    venv.create(folder / "venv", with_pip=False)
    there = ("--python", folder / "venv" / "bin" / "python")
    options = ("--quiet", "--no-compile")
    run(sys.executable, "-m", "pip", *there, "install", *options, wheel, folder=folder)
    return folder


def test_it_holds_the_views_and_triggers(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("views", "task_counts_sqlite", "task_counts_postgresql"):
        assert f"cmean/catalog/{name}.sql" in names


def test_it_holds_the_program_and_nothing_else(installed):
    listing = "import importlib.metadata as m; print(*{f.parts[0] for f in m.files('cmean')})"
    python = installed / "venv" / "bin" / "python"
    found = set(run(python, "-c", listing, folder=installed).split())
    assert {name for name in found if not name.endswith(".dist-info")} <= {"cmean", ".."}


def test_it_creates_a_catalog(installed, tmp_path):
    cmean = installed / "venv" / "bin" / "cmean"
    assert "created" in run(cmean, "init", folder=tmp_path)
    assert (tmp_path / "cmean.db").is_file()


def test_make_demo_does_the_main_job_where_weights_cannot_be_fetched(installed, tmp_path):
    """With the programs of that environment, which has no pip; nothing is installed anew."""
    environment = tmp_path / "venv"
    environment.mkdir()
    for name in (".created", ".user"):
        (environment / name).touch()
    places = {"VENV": environment, "BIN": installed / "venv" / "bin", "DEMO": tmp_path / "demo"}
    found = subprocess.run(
        ["make", "demo", *(f"{name}={path}" for name, path in places.items())],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "going on without these weights" in found.stdout
    assert "failed: musicnn" in found.stderr
    assert (tmp_path / "demo" / "report.html").stat().st_size > 100_000
    assert found.stdout.index("going on") < found.stdout.index("12 of 12 pairs")


def test_what_needs_an_extra_names_it(installed, tmp_path):
    cmean = installed / "venv" / "bin" / "cmean"
    found = subprocess.run(
        [cmean, "sql", "SELECT 1", "--format", "parquet", "--output", "x.parquet"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, "cmean[parquet]" in found.stderr) == (1, True), found.stderr


def test_a_fleet_needs_nothing_more(installed, tmp_path):
    """Neither an extra nor the repository, whose folder `workers` is not in the wheel."""
    cmean = installed / "venv" / "bin" / "cmean"
    environment = {**os.environ, "CMEAN_BROKER_URL": "redis://127.0.0.1:9/0"}
    worker = subprocess.Popen(
        [cmean, "worker"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert any("is ready" in line for line in worker.stderr)
    worker.send_signal(signal.SIGTERM)
    _, err = worker.communicate()
    assert worker.returncode == 0, err
