"""A caption that is to be written, and the pieces of media that a captioner is given for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cmean.domain import Caption, Kind, Picture, Sound


@dataclass(frozen=True, slots=True, eq=False)
class CaptionTask:
    """One caption to write.

    Args:
        kind: of the item.
        position: of the fragment.
        media: the fragment.
        template: of the prompt; empty: none.
        title: for the prompt; None: the captioner is not told.
        creator: likewise.
        earlier: a caption that was cut by its token limit, to be continued; None: a new one.
        whole: the whole item that the fragment is of; None where it is not available.
    """

    kind: Kind
    position: int
    media: Sound | Picture
    template: str = ""
    title: str | None = None
    creator: str | None = None
    earlier: Caption | None = None
    whole: Sound | Picture | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A picture, or a window of a sound from `start` to `end` in seconds: one input of a model."""

    media: Sound | Picture
    start: float = 0.0
    end: float = 0.0
