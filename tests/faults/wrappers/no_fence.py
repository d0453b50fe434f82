"""cmean without its fence: results are written whoever holds the task. It must do harm."""

from sqlalchemy import update  # noqa: TID251 - takes out a piece of the ledger

from cmean.catalog import results
from cmean.catalog.tables import tasks
from cmean.cli import entry


def finished(connection, claim, _results):
    """Mark all of a claim done, held or not."""
    ids = [work.task_id for work in claim.work]
    done = {"state": "done", "token": None, "lease_until": None}
    connection.execute(update(tasks).where(tasks.c.id.in_(ids)).values(**done))
    return set(ids)


results._finish_claimed = finished  # noqa: SLF001 - the fence itself
entry()
