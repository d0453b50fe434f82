"""The schema, as SQLAlchemy Core tables. Migrations create it; a test holds the two equal.

The chain of foreign keys is the chain of the data: item → fragment → caption → emotion → pair. A
derived row (`captions`, `emotions`, `embeddings`) carries the id of the task that made it as its
own primary key: the same work committed twice is impossible by construction, and ids do not depend
on the order in which workers finish. Times of the job queue are seconds since 1970 by the
database's clock. `docs/schema.md` documents each column; `views.sql` holds the views.
"""

from cmean.catalog.tables.columns import metadata
from cmean.catalog.tables.corpus import (
    collection_items,
    collections,
    fragments,
    items,
    rejections,
)
from cmean.catalog.tables.derived import captions, embeddings, emotions
from cmean.catalog.tables.job_queue import recipes, task_counts, tasks, workers
from cmean.catalog.tables.judgements import label_pairs, labels, ratings, scores
from cmean.catalog.tables.pairing import evaluations, pairing_inputs, pairings, pairs

__all__ = [
    "captions",
    "collection_items",
    "collections",
    "embeddings",
    "emotions",
    "evaluations",
    "fragments",
    "items",
    "label_pairs",
    "labels",
    "metadata",
    "pairing_inputs",
    "pairings",
    "pairs",
    "ratings",
    "recipes",
    "rejections",
    "scores",
    "task_counts",
    "tasks",
    "workers",
]
