"""cmean: join music and pictures by the emotions they evoke."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cmean.matching import match as match

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Load `cmean.match` for notebooks on first access."""
    if name != "match":
        raise AttributeError(f"module 'cmean' has no attribute {name!r}")
    from cmean.matching import match  # noqa: PLC0415 - numpy, which most of cmean loads later

    return match
