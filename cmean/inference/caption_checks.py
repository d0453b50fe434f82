"""Checks of what a captioner returns: its type, control characters, emptiness and length."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from cmean.domain import Caption, FinishReason
from cmean.errors import CaptionError, ItemError
from cmean.failure_reasons import FailureReason

MAX_CHARACTERS = 200_000
"""A longer caption is refused: no description of a picture or a track is that long."""

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters but newline and tab, and lone surrogates, which no database takes."""


def check_caption(outcome: object) -> Caption | ItemError:
    """Return a captioner's result without control characters, or an error if it is not usable."""
    if isinstance(outcome, ItemError):
        return outcome
    fault = _find_fault(outcome)
    if fault is not None or not isinstance(outcome, Caption):
        return CaptionError(
            FailureReason.BACKEND_ERROR, f"the captioner gave {fault}", retryable=True
        )
    text = _FORBIDDEN.sub("", outcome.text)
    # A caption that was cut is continued exactly where it ends: its final space must stay.
    text = text.lstrip() if outcome.finish_reason is FinishReason.LENGTH else text.strip()
    if not text.strip():
        return CaptionError(
            FailureReason.EMPTY_CAPTION, "the captioner wrote nothing", retryable=True
        )
    return check_length(replace(outcome, text=text))


def check_length(caption: Caption) -> Caption | CaptionError:
    """Return a caption, or an error if it has more than `MAX_CHARACTERS`."""
    if len(caption.text) > MAX_CHARACTERS:
        detail = f"the caption has {len(caption.text):,} characters"
        return CaptionError(FailureReason.CAPTION_TOO_LONG, detail)
    return caption


def _find_fault(outcome: object) -> str | None:
    """Describe what is wrong with a back-end's result, which may be any object; None: nothing."""
    if not isinstance(outcome, Caption):
        return f"a {type(outcome).__name__} instead of a caption"
    text: object = outcome.text
    reason: object = outcome.finish_reason
    if not isinstance(text, str) or not isinstance(reason, FinishReason):
        return f"a text of type {type(text).__name__}, or the finish reason {str(reason)!r:.50}"
    try:
        json.dumps(dict(outcome.measurements), allow_nan=False)
    except (TypeError, ValueError) as error:
        return f"measurements that are no JSON values: {error}"
    return None
