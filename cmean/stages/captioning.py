"""Excerpts in, valid captions or typed failures out."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from cmean.domain import Caption, FinishReason
from cmean.errors import CaptionError, ItemError
from cmean.stages.isolate import isolate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.domain import Excerpt
    from cmean.protocols import Captioner

MAX_CHARACTERS = 200_000
"""A longer caption is refused: no captioner of a picture or a track has that much to say."""


def caption(captioner: Captioner, excerpts: Sequence[Excerpt]) -> list[Caption | ItemError]:
    """Caption excerpts; one that fails, fails alone.

    Raises:
        CmeanError: what is wrong concerns all of them, e.g. a model server is away.
    """
    return [
        outcome if isinstance(outcome, ItemError) else validated(outcome)
        for outcome in isolate(captioner.caption, excerpts)
    ]


def validated(found: object) -> Caption | CaptionError:
    """The caption without control characters, or why it is of no use."""
    fault = _fault(found)
    if fault is not None or not isinstance(found, Caption):
        return CaptionError("backend-error", f"the captioner gave {fault}", retryable=True)
    text = "".join(c for c in found.text if c in "\n\t" or unicodedata.category(c) not in _BAD)
    text = text.strip()
    if not text:
        return CaptionError("empty-caption", "the captioner wrote nothing", retryable=True)
    if len(text) > MAX_CHARACTERS:
        return CaptionError("caption-too-long", f"the caption has {len(text):,} characters")
    return replace(found, text=text)


def _fault(found: object) -> str | None:
    """What is wrong with what a back-end gave, which may be anything."""
    if not isinstance(found, Caption):
        return f"a {type(found).__name__} instead of a caption"
    text: object = found.text
    reason: object = found.finish_reason
    if not isinstance(text, str) or not isinstance(reason, FinishReason):
        return f"a text of type {type(text).__name__}, or the finish reason {str(reason)!r:.50}"
    try:
        json.dumps(dict(found.measurements), allow_nan=False)
    except (TypeError, ValueError) as error:
        return f"measurements that are no JSON values: {error}"
    return None


_BAD = {"Cc", "Cs"}  # control characters, and lone surrogates, which no database takes
