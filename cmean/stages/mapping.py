"""Captions in, emotion triples or typed failures out. Never a default colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.stages.isolate import isolate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.domain import RGB
    from cmean.errors import ItemError
    from cmean.protocols import EmotionMapper


def map_captions(mapper: EmotionMapper, texts: Sequence[str]) -> list[RGB | ItemError]:
    """Map captions to triples; one that fails, fails alone."""
    return isolate(mapper.map, texts)
