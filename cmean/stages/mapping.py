"""Captions in, emotion triples or typed failures out. Never a default colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.domain import RGB
from cmean.errors import EmotionError, ItemError
from cmean.protocols import LanguageModel
from cmean.stages.isolate import isolate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.protocols import EmotionMapper


def map_captions(
    mapper: EmotionMapper | LanguageModel, texts: Sequence[str]
) -> list[RGB | ItemError]:
    """Map captions to triples; one that fails, fails alone."""
    if isinstance(mapper, LanguageModel):
        raise NotImplementedError
    return [_validated(outcome) for outcome in isolate(mapper.map, texts)]


def _validated(found: object) -> RGB | ItemError:
    """A triple or an error; a back-end may give anything."""
    if isinstance(found, RGB | ItemError):
        return found
    said = f"the mapper gave a {type(found).__name__} instead of a triple"
    return EmotionError("backend-error", said, retryable=True)
