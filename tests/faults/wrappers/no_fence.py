"""cmean without its fence: results are written whoever holds the task. It must do harm."""

from sqlalchemy import update  # noqa: TID251 - takes out a piece of the ledger

from cmean.catalog import ledger
from cmean.catalog.tables import tasks
from cmean.cli import entry


def finish(connection, _token, task_ids):
    """Mark tasks done, held or not."""
    done = {"state": "done", "token": None, "lease_until": None}
    connection.execute(update(tasks).where(tasks.c.id.in_(list(task_ids))).values(**done))
    return set(task_ids)


ledger.finish = finish
entry()
