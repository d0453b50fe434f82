"""The queues: one for each capability, so that a worker loads one model and drains it."""

from __future__ import annotations

from cmean.domain import Kind, Role

QUEUES = ("caption.track", "caption.artwork", "emotion", "embed", "pair", "evaluate")
"""Every queue. A worker serves some of them, or all."""

REQUESTS = ("pair", "evaluate")
"""The queues of requests; the others are of recipes."""


def get_queue(role: str, kind: str) -> str:
    """Return the queue of a recipe.

    >>> get_queue("captioner", "track"), get_queue("mapper", "artwork")
    ('caption.track', 'emotion')
    """
    if role == Role.CAPTIONER:
        return f"caption.{Kind(kind).value}"
    return "emotion" if role == Role.MAPPER else "embed"
