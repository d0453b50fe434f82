"""Windows of sounds that are longer than a captioner takes: cut, and their captions joined."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from cmean.domain import Caption, FinishReason, Sound, Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.domain import Picture

_NEGLIGIBLE_SECONDS = 0.5
_NEGLIGIBLE_SHARES = (0.01, 0.05)
"""What may be left out at the end of a sound, to spare a window: so many seconds, but no less and
no more than these shares of a window."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A picture, or a window of a sound from `start` to `end` in seconds: one input of a model."""

    media: Sound | Picture
    start: float = 0.0
    end: float = 0.0


def cut_windows(media: Sound | Picture, longest: float | None) -> list[Piece]:
    """Cut a sound into the fewest windows of equal length, none longer than `longest` seconds.

    A picture, and a sound where `longest` is None, is one piece. Where the last half second, or the
    last 1 % of a window, would need one more window, it is left out: excerpts "of 30 s" are often
    some milliseconds longer.
    """
    if not isinstance(media, Sound):
        return [Piece(media)]
    size = len(media.samples)
    most = max(1, size if longest is None else int(longest * media.rate))
    least, largest = (share * most for share in _NEGLIGIBLE_SHARES)
    excess = int(min(max(least, _NEGLIGIBLE_SECONDS * media.rate), largest))
    count = max(1, math.ceil((size - excess) / most))
    heard = min(size, count * most)
    bounds = [heard * number // count for number in range(count + 1)]
    return [
        Piece(Sound(media.samples[a:b], media.rate), a / media.rate, b / media.rate)
        for a, b in pairwise(bounds)
    ]


def join_captions(pieces: Sequence[Piece], captions: Sequence[Caption]) -> Caption:
    """Join the captions of the pieces of one fragment: a paragraph a window, in order of time."""
    if not isinstance(pieces[0].media, Sound):
        return captions[0]
    windows = tuple(
        Window(piece.start, piece.end, caption.text, caption.finish_reason, caption.tokens)
        for piece, caption in zip(pieces, captions, strict=True)
    )
    if len(captions) == 1:
        return replace(captions[0], windows=windows)
    is_cut = any(caption.finish_reason is FinishReason.LENGTH for caption in captions)
    counts = [caption.tokens for caption in captions if caption.tokens is not None]
    return Caption(
        text="\n\n".join(caption.text.strip() for caption in captions),
        finish_reason=FinishReason.LENGTH if is_cut else FinishReason.STOP,
        tokens=sum(counts) if len(counts) == len(captions) else None,
        seconds=sum(caption.seconds or 0.0 for caption in captions),
        windows=windows,
    )
