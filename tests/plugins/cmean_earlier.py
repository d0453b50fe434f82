"""Back-ends of another package, as one was written against `cmean.protocols` of schema 0005.

Only additions are allowed here: it stands for packages that users have and that do not change with
cmean. So whatever it imports, inherits, calls or returns must go on working.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmean.backends.registry import BackendInfo
from cmean.domain import RGB, Caption, FinishReason, Kind, Role
from cmean.errors import ItemError
from cmean.protocols import Captioner, Embedder, EmotionMapper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmean.domain import Excerpt


class EarlierCaptioner(Captioner):
    """Says what is there to see or hear; refuses what is too dark."""

    def __init__(self, darkest: float = 0.0) -> None:
        self.darkest = darkest

    @property
    def revision(self) -> str:
        return "7"

    def load(self) -> None:
        self.loaded = True

    def unload(self) -> None:
        self.loaded = False

    def caption(self, batch: Sequence[Excerpt]) -> list[Caption | ItemError]:
        return [self._caption_one(excerpt) for excerpt in batch]

    def _caption_one(self, excerpt: Excerpt) -> Caption | ItemError:
        if excerpt.kind is Kind.TRACK:
            level = float(np.abs(excerpt.media.samples).mean())
        else:
            level = float(excerpt.media.pixels.mean()) / 255
        if level < self.darkest:
            return ItemError("too-dark", f"the level is {level:.3f}")
        return Caption(
            f"Level {level:.3f} at position {excerpt.position}.",
            finish_reason=FinishReason.STOP,
            measurements={"level": round(level, 3)},
            language="en",
        )


class EarlierMapper(EmotionMapper):
    """Maps a text by its length."""

    @property
    def revision(self) -> str:
        return "7"

    def load(self) -> None:
        pass

    def unload(self) -> None:
        pass

    def map(self, texts: Sequence[str]) -> list[RGB]:
        return [RGB(len(text) % 256, 10, 20) for text in texts]


class EarlierEmbedder(Embedder):
    """Two numbers of whatever it is given."""

    @property
    def revision(self) -> str:
        return "7"

    def load(self) -> None:
        pass

    def unload(self) -> None:
        pass

    def embed(self, batch: Sequence[Excerpt]) -> list[NDArray[np.float32]]:
        return [np.array([1.0, 0.0], np.float32) for _ in batch]

    def embed_texts(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        return [np.array([0.0, 1.0], np.float32) for _ in texts]


def _describe(role: Role, target: str) -> BackendInfo:
    return BackendInfo(
        name="earlier",
        role=role,
        kinds=(Kind.TRACK, Kind.ARTWORK),
        target=f"cmean_earlier:{target}",
        licence="Apache-2.0",
        batch=8,
        share=1000,
    )


CAPTIONER = _describe(Role.CAPTIONER, "EarlierCaptioner")
MAPPER = _describe(Role.MAPPER, "EarlierMapper")
EMBEDDER = _describe(Role.EMBEDDER, "EarlierEmbedder")
