"""A caption that is to be written, and the pieces of media that a captioner is given for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.domain import Caption, Kind, Picture, Sound


@dataclass(frozen=True, slots=True, eq=False)
class CaptionTask:
    """One caption to write.

    Args:
        kind: of the item.
        position: of the fragment.
        media: the fragment.
        template: of the prompt; empty: none.
        metadata: facts about the item for the prompt, by name; what is not there is not told.
        earlier: a caption that was cut by its token limit, to be continued; None: a new one.
        whole: the whole item that the fragment is of; None where it is not available.
    """

    kind: Kind
    position: int
    media: Sound | Picture
    template: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    earlier: Caption | None = None
    whole: Sound | Picture | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A picture, or a window of a sound from `start` to `end` in seconds: one input of a model."""

    media: Sound | Picture
    start: float = 0.0
    end: float = 0.0
