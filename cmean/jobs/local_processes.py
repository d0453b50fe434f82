"""Identify the worker processes of this machine, find those that have ended, free their tasks."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from cmean.catalog import task_recovery, workers
from cmean.catalog.task_counts import needs_compaction
from cmean.util.hashing import hash_parts

if TYPE_CHECKING:
    from collections.abc import Collection

    from cmean.catalog.engine import Catalog


SINGLE_THREAD_VARIABLE = ("OPENBLAS_NUM_THREADS", "1")
"""Environment variable of a worker and its value, to be set before numpy is imported.

Where every core has a worker of its own, the threads of numpy only compete with them.
"""
_START_FIELD = 19  # of /proc/PID/stat, counted after the program's name: `starttime`


def describe_this_process() -> workers.ProcessIdentity:
    """Return the identity of the calling process."""
    pid = os.getpid()
    return workers.ProcessIdentity(
        socket.gethostname(), pid, _read_start_time(pid) or 0.0, _read_namespace()
    )


def _read_start_time(pid: int) -> float | None:
    """Return when a process started, in seconds since boot, or since 1970 outside Linux.

    The time since 1970, as psutil computes it, moves with every step of the machine's clock, so all
    living processes would look like other ones; the ticks since boot that Linux counts do not.
    None: there is no such process.
    """
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        ticks = int(line.rpartition(")")[2].split()[_START_FIELD])
        return ticks / os.sysconf("SC_CLK_TCK")
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
    except (OSError, ValueError, IndexError):
        pass
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def _read_namespace() -> str | None:
    """Return an identifier of the process-number namespace of this machine or container.

    Two machines or containers may have the same host name; their boot identifiers or their process
    namespaces differ. None where the system has no such identifiers (not Linux).
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        inode = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return None
    return hash_parts([f"{boot}/{inode}"])[:40]


def is_alive(worker: workers.RegisteredWorker) -> bool:
    """Tell whether a worker's process still runs on this host."""
    try:
        started = _read_start_time(worker.process.pid)
        same = started is not None and abs(started - worker.process.started) < 1
        return same and psutil.Process(worker.process.pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def find_dead_workers(catalog: Catalog) -> list[workers.RegisteredWorker]:
    """Find the registered workers of this host whose processes have ended."""
    with catalog.read() as connection:
        here = workers.find_workers_on_host(connection, socket.gethostname(), _read_namespace())
    return [worker for worker in here if not is_alive(worker)]


def has_live_local_worker(catalog: Catalog) -> bool:
    """Tell whether a worker of this machine sent a heartbeat within `SILENT_SECONDS`."""
    own = describe_this_process()
    with catalog.read() as connection:
        return workers.count_workers_on_host(connection, own.host, own.namespace) > 0


def release_stopped_tasks(catalog: Catalog, run_id: int, pids: Collection[int]) -> None:
    """Free the tasks of workers that their own run has ended, without any blame for the tasks.

    Args:
        catalog: the catalog.
        run_id: the worker row of the run.
        pids: of the processes that it ended.
    """
    if not pids:
        return
    stopped = [
        worker.id
        for worker in find_dead_workers(catalog)
        if worker.parent_id == run_id and worker.process.pid in pids
    ]
    with catalog.write() as connection:
        task_recovery.release_workers(connection, stopped, crashed=False)
        workers.stop_workers(connection, stopped)


def release_abandoned_tasks(catalog: Catalog) -> int:
    """Free the tasks of dead workers of this host, and all tasks whose lease has expired.

    If only the worker ended, its tasks count as suspect. If its parent run ended as well, no
    attempt is counted against them. Failed tasks whose back-off has passed become ready, too.

    Returns:
        How many tasks were freed.
    """
    dead = find_dead_workers(catalog)
    with catalog.read() as connection:
        if not (dead or task_recovery.needs_sweep(connection) or needs_compaction(connection)):
            return 0
        parents = workers.read_workers(
            connection, [w.parent_id for w in dead if w.parent_id is not None]
        )
    ended = {parent.id for parent in parents if not is_alive(parent)}
    killed = [worker.id for worker in dead if worker.parent_id in ended]
    crashed = [worker.id for worker in dead if worker.id not in killed]
    with catalog.write() as connection:
        freed = task_recovery.sweep_tasks(connection)
        freed += task_recovery.release_workers(connection, crashed, crashed=True)
        freed += task_recovery.release_workers(connection, killed, crashed=False)
        workers.stop_workers(connection, [worker.id for worker in dead])
    return freed
