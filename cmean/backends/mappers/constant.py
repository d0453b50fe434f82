"""The same triple for every caption: what a pairing is worth when nothing was understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.domain import RGB
from cmean.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence


class ConstantMapper:
    """Gives every caption the same triple. Implements `cmean.protocols.EmotionMapper`.

    Args:
        red: 0..255.
        green: likewise.
        blue: likewise.
    """

    revision = "1"

    def __init__(self, red: int = 128, green: int = 128, blue: int = 128) -> None:
        for channel in (red, green, blue):
            if type(channel) is not int or not 0 <= channel <= 255:  # noqa: PLR2004 - explained below
                raise ConfigError(
                    f"a channel of the back-end constant is a whole number 0..255, not {channel!r}"
                )
        self._triple = RGB(red, green, blue)

    def load(self) -> None:
        """There is nothing to load."""

    def unload(self) -> None:
        """There is nothing to give back."""

    def map(self, texts: Sequence[str]) -> list[RGB]:
        """Return the same triple for each text."""
        return [self._triple] * len(texts)
