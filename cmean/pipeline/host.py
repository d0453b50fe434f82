"""Processes of this machine: who the caller is, who still lives, what the dead have left."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from cmean.catalog import ledger, workers

if TYPE_CHECKING:
    from cmean.catalog.engine import Catalog


def this_process() -> workers.Process:
    """The identity of the calling process."""
    own = psutil.Process()
    return workers.Process(socket.gethostname(), own.pid, own.create_time(), _namespace())


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
    return hashlib.sha256(f"{boot}/{inode}".encode()).hexdigest()[:40]


def alive(worker: workers.Worker) -> bool:
    """Whether a worker's process still runs on this host."""
    try:
        found = psutil.Process(worker.process.pid)
        same = abs(found.create_time() - worker.process.started) < 1
        return bool(same and found.status() != psutil.STATUS_ZOMBIE)
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
        if not gone and not ledger.sweepable(connection):
            return 0
        parents = workers.by_id(connection, [w.parent_id for w in gone if w.parent_id is not None])
    ended = {parent.id for parent in parents if not alive(parent)}
    killed = [worker.id for worker in gone if worker.parent_id in ended]
    crashed = [worker.id for worker in gone if worker.id not in killed]
    with catalog.write() as connection:
        freed = ledger.sweep(connection)
        freed += ledger.release_workers(connection, crashed, crashed=True)
        freed += ledger.release_workers(connection, killed, crashed=False)
        workers.stop(connection, [worker.id for worker in gone])
    return freed
