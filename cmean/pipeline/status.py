"""How things stand: items, tasks by stage and state, failures, workers."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from cmean.catalog import items, ledger, workers
from cmean.pipeline.crew import alive
from cmean.pipeline.run import STAGES

if TYPE_CHECKING:
    from cmean.catalog.engine import Catalog


def status(catalog: Catalog) -> dict[str, Any]:
    """A document of items, stages, failures (the first 20) and workers that have not ended."""
    with catalog.read() as connection:
        counted = ledger.counts(connection)
        here = workers.on_host(connection, socket.gethostname())
        gone = {worker.id for worker in here if not alive(worker)}
        nothing = dict.fromkeys(ledger.STATES, 0)
        return {
            "items": items.count(connection),
            "stages": {stage: counted.get(stage, nothing) for stage in STAGES},
            "failures": ledger.failures(connection),
            "workers": [row for row in workers.listing(connection) if row["worker"] not in gone],
        }
