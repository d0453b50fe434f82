"""The words of the field as types: kinds, triples, excerpts, captions. No behaviour beyond that."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

WHOLE = 0
"""The position of the whole item."""

POSITIONS = (0, 1, 2, 3, 4)
"""The whole, then the four fragments."""

CHANNELS = ("red", "green", "blue")


class Kind(StrEnum):
    """The two kinds of item."""

    TRACK = "track"
    ARTWORK = "artwork"


POSITION_NAMES = {
    Kind.TRACK: ("whole", "first quarter", "second quarter", "third quarter", "last quarter"),
    Kind.ARTWORK: ("whole", "top left", "top right", "bottom left", "bottom right"),
}
"""What each position of an item is called."""


class Role(StrEnum):
    """What a back-end is for."""

    CAPTIONER = "captioner"
    MAPPER = "mapper"
    EMBEDDER = "embedder"


class FinishReason(StrEnum):
    """Why a captioner stopped: it had said all (`stop`), or its token cap cut it (`length`)."""

    STOP = "stop"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class RGB:
    """An emotion triple, each channel an integer 0..255.

    Red is excitement and movement, green calmness and stillness, blue sadness and nostalgia.
    """

    red: int
    green: int
    blue: int

    def __post_init__(self) -> None:
        for channel in (self.red, self.green, self.blue):
            if not 0 <= channel <= 255:  # noqa: PLR2004 - the range is the definition
                msg = f"a channel must be 0..255, not {channel}"
                raise ValueError(msg)

    def __iter__(self) -> Iterator[int]:
        return iter((self.red, self.green, self.blue))


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """Mono audio: `samples` is float32 of shape (n,), finite, nominally -1..1; `rate` in Hz."""

    samples: NDArray[np.float32]
    rate: int

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.samples) / self.rate


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An sRGB image: `pixels` is uint8 of shape (height, width, 3)."""

    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """One fragment of one item, decoded: what a captioner sees or hears.

    `title` and `creator` are None unless the recipe asks for metadata in the prompt.
    """

    kind: Kind
    position: int
    media: Sound | Picture
    title: str | None = None
    creator: str | None = None


@dataclass(frozen=True, slots=True)
class Caption:
    """What a captioner wrote of one excerpt, and the numbers that it measured to write it."""

    text: str
    finish_reason: FinishReason = FinishReason.STOP
    measurements: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that determines a result.

    Args:
        role: captioner, mapper or embedder.
        kind: the kind of item that it is applied to.
        backend: the back-end's name.
        revision: of the back-end: its weights or, if it has none, its code.
        parameters: back-end parameters, prompt, preprocessing; JSON values only.
        input: the recipe whose results it reads, if any.
    """

    role: Role
    kind: Kind
    backend: str
    revision: str
    parameters: Mapping[str, Any]
    input: Recipe | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of all of the above, in hexadecimal."""
        content = {
            "role": self.role,
            "kind": self.kind,
            "backend": self.backend,
            "revision": self.revision,
            "parameters": self.parameters,
            "input": self.input.digest if self.input else None,
        }
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()
