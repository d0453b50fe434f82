"""Processes of this machine: who the caller is, who still lives, what the dead have left."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from cmean.catalog import job_queue, workers
from cmean.util.hashing import hash_parts

if TYPE_CHECKING:
    from cmean.catalog.engine import Catalog


ONE_THREAD = ("OPENBLAS_NUM_THREADS", "1")
"""For the environment of a worker, before numpy is imported: where every core has a worker of its
own, numpy's threads only get into each other's way."""
_START_FIELD = 19  # of /proc/PID/stat, counted after the program's name: `starttime`


def this_process() -> workers.Process:
    """The identity of the calling process."""
    pid = os.getpid()
    return workers.Process(socket.gethostname(), pid, _started(pid) or 0.0, _namespace())


def _started(pid: int) -> float | None:
    """When a process started: seconds since boot, or since 1970 where the system counts so.

    psutil's time since 1970 moves with every step of the machine's clock, which would make all
    living processes look like others; what Linux itself counts, ticks since boot, does not.
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


def _namespace() -> str | None:
    """What tells this machine's, or this container's, process numbers from all others'.

    Two machines or containers may bear one host name; their kernels' boot or their process
    namespaces differ. None where the system does not say (not Linux).
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        inode = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return None
    return hash_parts([f"{boot}/{inode}"])[:40]


def alive(worker: workers.Worker) -> bool:
    """Whether a worker's process still runs on this host."""
    try:
        started = _started(worker.process.pid)
        same = started is not None and abs(started - worker.process.started) < 1
        return same and psutil.Process(worker.process.pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def dead_workers(catalog: Catalog) -> list[workers.Worker]:
    """Registered workers of this host whose processes are gone."""
    with catalog.read() as connection:
        here = workers.on_host(connection, socket.gethostname(), _namespace())
    return [worker for worker in here if not alive(worker)]


def free_the_dead(catalog: Catalog) -> int:
    """Free what dead workers of this host hold, and what others held beyond their lease.

    A worker that died alone is under suspicion of its task. When the run that had started it is
    gone too, then all was killed, and no task is to blame.

    Returns:
        How many tasks are ready again.
    """
    gone = dead_workers(catalog)
    with catalog.read() as connection:
        if not gone and not job_queue.sweepable(connection):
            return 0
        parents = workers.by_id(connection, [w.parent_id for w in gone if w.parent_id is not None])
    ended = {parent.id for parent in parents if not alive(parent)}
    killed = [worker.id for worker in gone if worker.parent_id in ended]
    crashed = [worker.id for worker in gone if worker.id not in killed]
    with catalog.write() as connection:
        freed = job_queue.sweep(connection)
        freed += job_queue.release_workers(connection, crashed, crashed=True)
        freed += job_queue.release_workers(connection, killed, crashed=False)
        workers.stop(connection, [worker.id for worker in gone])
    return freed
