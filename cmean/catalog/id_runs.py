"""Sets of ids as runs of consecutive ones: small to store, quick to search.

The ids of a recipe's results are those of its tasks, which are entered many at a time, so a million
ids are a few runs; at worst (every second id) a run is one id.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STORED: Final = "<i8"
_LEVEL: Final = 1
"""Of the compression; higher ones save a tenth and take many times as long."""


@dataclass(frozen=True, slots=True, eq=False)
class IdRuns:
    """A set of ids.

    Attributes:
        first: the lowest id of each run, ascending, shape (n,).
        last: the highest id of each run, shape (n,).
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def __len__(self) -> int:
        return int((self.last - self.first + 1).sum())

    @property
    def highest(self) -> int:
        """The highest id; -1 of an empty set."""
        return int(self.last[-1]) if len(self.last) else -1

    def contains(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which of some ids belong to the set, shape of `ids`."""
        if not len(self.first):
            return np.zeros(len(ids), np.bool_)
        run = np.searchsorted(self.first, ids, side="right") - 1
        inside: NDArray[np.bool_] = (run >= 0) & (ids <= self.last[run])
        return inside


def encode_runs(runs: IdRuns) -> bytes:
    """Encode a set: the gap before each run, then the length of each, as compressed int64."""
    ends = np.concatenate([[0], runs.last])
    gaps, lengths = runs.first - ends[:-1], runs.last - runs.first
    return zlib.compress(np.concatenate([gaps, lengths]).astype(_STORED).tobytes(), _LEVEL)


def decode_runs(encoded: bytes) -> IdRuns:
    """Decode what `encode_runs` encoded."""
    gaps, lengths = np.frombuffer(zlib.decompress(encoded), _STORED).reshape(2, -1)
    last = np.cumsum(gaps + lengths)
    return IdRuns(last - lengths, last)


def build_runs(bounds: list[tuple[Any, ...]]) -> IdRuns:
    """Build a set of the first and last id of each run, in ascending order."""
    array = np.array(bounds, np.int64).reshape(-1, 2)
    return IdRuns(array[:, 0], array[:, 1])
