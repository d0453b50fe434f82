"""A mapper that was fitted to a language model's triples: word weights in a file of the user's."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmean.backends.mappers.word_table import EMPTY, WordTable, digest_table
from cmean.config import load_settings
from cmean.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.backends.mappers.word_table import Contribution
    from cmean.domain import RGB


class DistilledMapper:
    """Maps captions as the language model did that it was fitted to, thousands a second.

    Implements `cmean.protocols.EmotionMapper`; what it computes is in
    `cmean.backends.mappers.word_table`, how it is fitted in `cmean.backends.mappers.fitting`.

    Args:
        weights: the file; a relative path is looked for in CMEAN_MODEL_DIR, then here.
    """

    def __init__(self, weights: str) -> None:
        self.weights = weights
        self._table = EMPTY

    @cached_property
    def revision(self) -> str:
        """The first 12 hex digits of the SHA-256 of the file.

        Raises:
            WeightsError: it is not there.
        """
        return digest_table(self._read())

    @property
    def about(self) -> dict[str, Any]:
        """The metadata of the file about its fitting; see `fitting.fit_word_weights`."""
        about, _ = self._split()
        return about

    def load(self) -> None:
        """Read the file.

        Raises:
            WeightsError: it is not there, or is no file of weights.
        """
        _, table = self._split()
        try:
            self._table = WordTable.parse(table, "the distilled mapper")
        except ValueError as error:
            raise WeightsError(
                f"{self.weights} is no file of distilled weights: {error}"
            ) from error

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

    def _split(self) -> tuple[dict[str, Any], str]:
        """Split the file into its first line, which is JSON, and the table below it."""
        try:
            first, _, table = self._read().decode().partition("\n")
            about = json.loads(first)
            if not isinstance(about, dict):
                raise ValueError("its first line is no JSON object")  # noqa: TRY004, TRY301 - same handling
        except ValueError as error:
            raise WeightsError(
                f"{self.weights} is no file of distilled weights: {error}"
            ) from error
        return about, table

    def _read(self) -> bytes:
        inside = load_settings().model_dir
        paths = [] if inside is None else [inside / self.weights]
        for path in [*paths, Path(self.weights)]:
            try:
                return path.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise WeightsError(f"{path} cannot be read: {error.strerror}") from error
        raise WeightsError(f"there is no file {self.weights}; make one: cmean distil --output FILE")
