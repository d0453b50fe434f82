"""The worker processes of a run on one machine: started, watched, stopped, replaced.

No lock is shared between processes, since a process that is killed while it holds one would leave
the others waiting indefinitely. Instead each worker has a pipe of its own to the run: it sends an
error message there, and it stops when the run sends anything or closes its end.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from cmean.catalog import job_queue
from cmean.catalog.engine import Catalog
from cmean.errors import CmeanError, DeviceFaultError
from cmean.inference.steps import load_step, make_model_key
from cmean.jobs import delays
from cmean.jobs.executor import execute_tasks
from cmean.jobs.local_processes import SINGLE_THREAD_VARIABLE
from cmean.jobs.session import start_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection as Pipe
    from multiprocessing.context import SpawnProcess

    from cmean.config import Settings
    from cmean.domain import Recipe
    from cmean.inference.recipes import EnteredRecipe
    from cmean.inference.steps import Step
    from cmean.jobs.session import WorkerSession

_LOG = logging.getLogger(__name__)

_MAX_CRASHES = 100
"""Crashes of workers after which a run gives up; each task is dead after a few of its own."""
_DEVICE_FAULT_CODE = 75
"""Exit code of a process whose device failed during a task: EX_TEMPFAIL of <sysexits.h>."""
_MAX_IDLE_CRASHES = 3
"""Successive crashes without any work between them after which a run gives up."""


@dataclass(frozen=True, slots=True)
class EndedProcesses:
    """How many worker processes crashed; of these, how many by a device's fault during a task."""

    crashed: int
    faulted: int


class ProcessPool:
    """The worker processes of one stage.

    Args:
        settings: the catalog and the lease.
        entries: the recipes whose tasks are to be executed, in order.
        run_id: the worker row of the run that they belong to.
    """

    def __init__(self, settings: Settings, entries: Sequence[EnteredRecipe], run_id: int) -> None:
        self.settings = settings
        self.entries = [(entry.id, entry.recipe) for entry in entries]
        self.run_id = run_id
        self.processes: list[tuple[SpawnProcess, Pipe]] = []
        self._crashes = 0
        self._idle_crashes = 0

    def start(self, budgets: Sequence[int]) -> None:
        """Start worker processes, each of which may take so many tasks."""
        context = multiprocessing.get_context("spawn")
        os.environ.setdefault(*SINGLE_THREAD_VARIABLE)
        for budget in budgets:
            mine, theirs = context.Pipe()
            arguments = (self.settings, self.entries, self.run_id, budget, theirs)
            process = context.Process(target=_run_process, args=arguments, daemon=True)
            with _ignore_interrupt():
                process.start()
            theirs.close()
            self.processes.append((process, mine))

    def wait(self) -> None:
        """Wait a moment, or until a worker ends."""
        wait([process.sentinel for process, _ in self.processes], timeout=delays.PROCESS_POLL)

    def remove_ended(self) -> EndedProcesses:
        """Remove the workers that ended, and count those that crashed.

        Raises:
            CmeanError: a worker ended with an error that concerns all, e.g. a full disk.
        """
        ended = [member for member in self.processes if not member[0].is_alive()]
        for member in ended:
            self.processes.remove(member)
        for process, pipe in ended:
            process.join()
            message = _receive_message(pipe)
            if message is not None:
                raise CmeanError(message)
        codes = [process.exitcode for process, _ in ended]
        return EndedProcesses(sum(code != 0 for code in codes), codes.count(_DEVICE_FAULT_CODE))

    def count_replacements(self, crashed: int, *, has_worked: bool) -> int:
        """Return how many workers to start in place of some that crashed.

        Workers that crash before they begin any work are not always replaced: only the last one
        is, a few times.

        Args:
            crashed: how many workers crashed since the last call.
            has_worked: whether any work was begun or done since then.

        Raises:
            CmeanError: too many workers crashed.
        """
        self._crashes += crashed
        self._idle_crashes = 0 if has_worked else self._idle_crashes + crashed
        if self._idle_crashes >= _MAX_IDLE_CRASHES and not self.processes:
            raise CmeanError(
                f"{self._idle_crashes} worker processes ended before they began any work; their "
                "messages are above. A program that runs cmean must do so under "
                "if __name__ == '__main__', since each worker process imports it again"
            )
        if self._crashes > _MAX_CRASHES:
            raise CmeanError("worker processes keep crashing; see: cmean status")
        if has_worked:
            return crashed
        return 0 if self.processes else 1

    def stop(self) -> set[int]:
        """End the workers: after their batch or, if that takes long, at once.

        Returns:
            The process ids of those that were ended at once.
        """
        killed: set[int] = set()
        for _, pipe in self.processes:
            pipe.close()
        deadline = time.monotonic() + delays.PROCESS_STOP
        try:
            for process, _ in self.processes:
                process.join(max(0.0, deadline - time.monotonic()))
        finally:
            for process, _ in self.processes:
                if process.is_alive() and process.pid is not None:
                    killed.add(process.pid)
                process.kill()
                process.join()
        return killed


def _receive_message(pipe: Pipe) -> str | None:
    """Return the error message of a worker that ended, if it sent one."""
    try:
        return str(pipe.recv()) if pipe.poll() else None
    except (EOFError, OSError):
        return None


@contextmanager
def _ignore_interrupt() -> Iterator[None]:
    """Let a child that is started here ignore Ctrl-C from its first moment: the run stops it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _run_process(
    settings: Settings,
    entries: Sequence[tuple[int, Recipe]],
    run_id: int,
    budget: int,
    pipe: Pipe,
) -> None:
    """Execute tasks in a worker process; an error that concerns all is sent through the pipe."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        catalog = Catalog(settings.database_url)
        with start_session(catalog, settings.lease_seconds, parent_id=run_id) as session:
            _execute_recipes(session, entries, budget, pipe.poll)
        catalog.close()
    except Exception as error:  # noqa: BLE001 - whatever it is, the run must report it and end
        kind = "" if isinstance(error, CmeanError) else f"a worker failed: {type(error).__name__}: "
        with suppress(OSError):  # the run itself may have ended
            pipe.send(f"{kind}{error}")


def _execute_recipes(
    session: WorkerSession,
    entries: Sequence[tuple[int, Recipe]],
    budget: int,
    is_stopped: Callable[[], bool],
) -> None:
    """Execute the ready tasks of each recipe in turn, at most `budget` in all."""
    loaded: Step | None = None
    try:
        for recipe_id, recipe in entries:
            with session.catalog.read() as connection:
                if not job_queue.find_oldest_ready(connection, [recipe_id]):
                    continue  # spares loading its model
            if loaded is not None and loaded.key != make_model_key(recipe):
                loaded.backend.unload()
                loaded = None
            loaded = _load_step(recipe, loaded)
            for batch in execute_tasks(session, recipe_id, loaded, is_stopped, budget):
                budget -= batch.taken
    except DeviceFaultError as error:
        _LOG.error("%s; another process takes over", error)
        os._exit(_DEVICE_FAULT_CODE)  # at once: nothing that uses the device works any more
    finally:
        if loaded is not None:
            loaded.backend.unload()


def _load_step(recipe: Recipe, shared: Step | None) -> Step:
    """Load a recipe's step.

    Raises:
        CmeanError: it cannot be loaded; a fault of the device ends the run then, as no other
            process would do better.
    """
    try:
        return load_step(recipe, shared=shared)
    except DeviceFaultError as error:
        raise CmeanError(str(error)) from error


def _end_with_parent() -> None:
    """End this process as soon as the run that started it has ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
