"""What the channels of a triple stand for, in a word."""

from __future__ import annotations

from typing import Final

CHANNEL_NAMES: Final = {"red": "excitement", "green": "calmness", "blue": "sadness"}
