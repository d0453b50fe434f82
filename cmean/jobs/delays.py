"""How long workers, runs and `cmean status` wait, in seconds.

Two delays are parts of queries and defined in `cmean.catalog`: `job_queue.BACKOFF_SECONDS`, before
a failed task is retried, and `workers.SILENT_SECONDS`, after which a worker without heartbeat
counts as ended.
"""

from __future__ import annotations

from typing import Final

DATABASE_RETRY: Final = (0.2, 5.0)
"""First and longest delay between attempts while the database is unavailable."""

IDLE_POLL: Final = (2.0, 20.0)
"""First and longest delay between two polls of a worker that has no work."""

CLAIM_POLL: Final = 1.0
"""Between two attempts to claim more tasks while others are executed."""

REQUEST_POLL: Final = 0.2
"""Between two looks at a request whose result is awaited."""

PROCESS_POLL: Final = 0.2
"""Between two looks at the worker processes of a local run."""

OBSERVATION: Final = 1.0
"""Between two observations of a fleet by `cmean run`."""

OBSERVATION_FACTOR: Final = 5
"""Shortest delay after an observation, as a multiple of its duration: large catalogs take long."""

STATUS_REFRESH: Final = 2.0
"""Between two outputs of `cmean status --watch`."""

HEARTBEAT: Final = 5.0
"""Longest delay between two heartbeats, where the lease would allow more."""

BATCH_HEARTBEAT: Final = 1.0
"""Shortest delay between two heartbeats that report finished batches."""

ABANDONED_TASKS_SEARCH: Final = 5.0
"""Between two searches of a worker for tasks whose worker ended or whose lease expired."""

SEARCH_AFTER_OUTAGE: Final = 30.0
"""Longest delay before that search after an outage of the database: leases are renewed first."""

TIME_SLICE: Final = 900.0
"""How long a worker keeps its model loaded while other recipes have ready tasks."""

RECIPE_EXCLUSION: Final = (60.0, 3600.0)
"""First and longest time for which a worker leaves out a recipe that it could not execute."""

HINT: Final = 1.0
"""Shortest delay between two hints for one queue: workers that were woken need no second one."""

HINT_REMINDER: Final = 30.0
"""Between two hints of a run for tasks that stay ready."""

BROKER_RETRY: Final = 30.0
"""Before the next hint while the broker is unavailable; idle workers poll meanwhile."""

PROCESS_STOP: Final = 20.0
"""How long worker processes that were told to stop may take to finish their batch."""
