"""Sounds longer than a captioner hears at once: cut into windows that cover them, and joined."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from cmean.domain import Caption, FinishReason, Sound, Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.domain import Picture


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A picture, or a window of a sound (`start` to `end` in seconds), as it is shown at once."""

    media: Sound | Picture
    start: float = 0.0
    end: float = 0.0


def cut(media: Sound | Picture, longest: float | None) -> list[Piece]:
    """The fewest windows of equal length, none longer than `longest` seconds, that cover a sound.

    A picture, and a sound where `longest` is None, is one piece.
    """
    if not isinstance(media, Sound):
        return [Piece(media)]
    size = len(media.samples)
    most = size if longest is None else int(longest * media.rate)
    count = max(1, math.ceil(size / max(1, most)))
    bounds = [size * number // count for number in range(count + 1)]
    return [
        Piece(Sound(media.samples[a:b], media.rate), a / media.rate, b / media.rate)
        for a, b in pairwise(bounds)
    ]


def join(pieces: Sequence[Piece], captions: Sequence[Caption]) -> Caption:
    """The caption of a whole from those of its pieces: one paragraph a window, in order."""
    if not isinstance(pieces[0].media, Sound):
        return captions[0]
    heard = tuple(
        Window(piece.start, piece.end, found.text, found.finish_reason, found.tokens)
        for piece, found in zip(pieces, captions, strict=True)
    )
    if len(captions) == 1:
        return replace(captions[0], windows=heard)
    cut_short = any(found.finish_reason is FinishReason.LENGTH for found in captions)
    return Caption(
        text="\n\n".join(found.text.strip() for found in captions),
        finish_reason=FinishReason.LENGTH if cut_short else FinishReason.STOP,
        tokens=_total([found.tokens for found in captions]),
        seconds=sum(found.seconds or 0.0 for found in captions),
        windows=heard,
    )


def _total(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
