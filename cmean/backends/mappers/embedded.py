"""The embedded emotion mapper: a table of word weights, read on a CPU, nothing to download.

What it computes is in `cmean.backends.mappers.word_table`; nothing in a text is ever an
instruction. How the weights came to be is in `docs/decisions/0002-embedded-mapper.md`.
"""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING

from cmean.backends.mappers.word_table import EMPTY, WordTable, digest_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.backends.mappers.word_table import Contribution
    from cmean.domain import RGB

WEIGHTS = "embedded_weights.csv"


class EmbeddedMapper:
    """Maps captions to emotion triples by word weights; deterministic, no download, no state.

    Implements `cmean.protocols.EmotionMapper`.
    """

    def __init__(self) -> None:
        self._table = EMPTY

    @cached_property
    def revision(self) -> str:
        """The first 12 hex digits of the SHA-256 of the weights: part of the mapper's recipe."""
        return digest_table(read_weights())

    def load(self) -> None:
        """Read the table of word weights."""
        self._table = WordTable.parse(read_weights().decode(), "the embedded mapper")

    def unload(self) -> None:
        """Release the table."""
        self._table = EMPTY

    def map(self, texts: Sequence[str]) -> list[RGB]:
        """Map captions to triples, in their order.

        Raises:
            EmotionError: as `WordTable.triple`.
        """
        return [self._table.triple(text) for text in texts]

    def explain(self, text: str) -> list[Contribution]:
        """Say which words moved which channel; see `WordTable.explain`."""
        return self._table.explain(text)


def read_weights() -> bytes:
    """Read the file of the word weights."""
    return files(__package__).joinpath(WEIGHTS).read_bytes()
