"""The worker processes of a run on one machine: started, watched, told to stop, replaced.

No lock is shared between processes, since a process that is killed while it holds one would leave
the others waiting for ever. Each worker has a pipe of its own to the run: it says its last words
there, and stops when anything comes from, or happens to, the other end.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from cmean.catalog import job_queue, workers
from cmean.catalog.engine import Catalog
from cmean.errors import CmeanError
from cmean.inference.steps import load, model_key
from cmean.jobs.executor import Station, batches
from cmean.jobs.heartbeat import Heartbeat
from cmean.jobs.local_processes import ONE_THREAD, this_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection as Pipe
    from multiprocessing.context import SpawnProcess

    from cmean.config import Settings
    from cmean.domain import Recipe
    from cmean.inference.recipes import Entered
    from cmean.inference.steps import Step

_POLL_SECONDS = 0.2
_GRACE_SECONDS = 20.0
"""How long interrupted workers may take to end the item that they are at."""
_MAX_CRASHES = 100
"""Crashes of workers after which a run gives up; each task is dead after a few of its own."""


class Crew:
    """The worker processes of one stage.

    Args:
        settings: the catalog and the lease.
        entries: the recipes to drain, in order.
        run_id: the worker row of the run that they belong to.
    """

    def __init__(self, settings: Settings, entries: Sequence[Entered], run_id: int) -> None:
        self.settings = settings
        self.entries = [(entry.id, entry.recipe) for entry in entries]
        self.run_id = run_id
        self.members: list[tuple[SpawnProcess, Pipe]] = []
        self.crashes = 0

    def start(self, budgets: Sequence[int]) -> None:
        """Start worker processes, each of which may take so many tasks."""
        context = multiprocessing.get_context("spawn")
        os.environ.setdefault(*ONE_THREAD)
        for budget in budgets:
            mine, theirs = context.Pipe()
            arguments = (self.settings, self.entries, self.run_id, budget, theirs)
            process = context.Process(target=_work, args=arguments, daemon=True)
            with _without_interrupt():
                process.start()
            theirs.close()
            self.members.append((process, mine))

    def wait(self) -> None:
        """Wait a moment, or until a worker ends."""
        wait([process.sentinel for process, _ in self.members], timeout=_POLL_SECONDS)

    def bury(self) -> int:
        """Take out the workers that ended; returns how many of them crashed.

        Raises:
            CmeanError: a worker ended with an error that concerns all, e.g. a full disk.
        """
        ended = [member for member in self.members if not member[0].is_alive()]
        for member in ended:
            self.members.remove(member)
        for process, pipe in ended:
            process.join()
            said = _last_words(pipe)
            if said is not None:
                raise CmeanError(said)
        crashed = sum(process.exitcode != 0 for process, _ in ended)
        self.crashes += crashed
        if self.crashes > _MAX_CRASHES:
            raise CmeanError("worker processes keep crashing; see: cmean status")
        return crashed

    def stop(self) -> None:
        """End the workers: after the item that they are at, or, if that takes long, at once."""
        for _, pipe in self.members:
            pipe.close()
        deadline = time.monotonic() + _GRACE_SECONDS
        try:
            for process, _ in self.members:
                process.join(max(0.0, deadline - time.monotonic()))
        finally:
            for process, _ in self.members:
                process.kill()
                process.join()


def _last_words(pipe: Pipe) -> str | None:
    try:
        return str(pipe.recv()) if pipe.poll() else None
    except (EOFError, OSError):
        return None


@contextmanager
def _without_interrupt() -> Iterator[None]:
    """A child started here ignores Ctrl-C from its first moment: the run tells it to stop."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _work(
    settings: Settings,
    entries: Sequence[tuple[int, Recipe]],
    run_id: int,
    budget: int,
    pipe: Pipe,
) -> None:
    """The life of a worker process."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        catalog = Catalog(settings.database_url)
        with catalog.write() as connection:
            worker_id = workers.register(connection, this_process(), run_id)
        lease = settings.lease_seconds
        with Heartbeat(catalog, worker_id, lease) as heartbeat:
            station = Station(catalog, worker_id, lease, heartbeat)
            _drain_all(station, entries, budget, pipe.poll)
        with catalog.write() as connection:
            workers.stop(connection, [worker_id])
        catalog.close()
    except Exception as error:  # noqa: BLE001 - whatever it is, the run must say it and end
        kind = "" if isinstance(error, CmeanError) else f"a worker failed: {type(error).__name__}: "
        with suppress(OSError):  # the run itself may have ended
            pipe.send(f"{kind}{error}")


def _drain_all(
    station: Station,
    entries: Sequence[tuple[int, Recipe]],
    budget: int,
    stopped: Callable[[], bool],
) -> None:
    """Do the ready tasks of each recipe in turn, at most so many in all."""
    loaded: Step | None = None
    try:
        for recipe_id, recipe in entries:
            with station.catalog.read() as connection:
                if not job_queue.oldest_ready(connection, [recipe_id]):
                    continue  # a model is not loaded for nothing
            if loaded is not None and loaded.key != model_key(recipe):
                loaded.backend.unload()
                loaded = None
            loaded = load(recipe, shared=loaded)
            for batch in batches(station, recipe_id, loaded, stopped, budget):
                budget -= batch.taken
    finally:
        if loaded is not None:
            loaded.backend.unload()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
