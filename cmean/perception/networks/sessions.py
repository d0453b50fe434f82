"""Runs the graphs that `cmean setup` made, on one core, one item at a time.

One item at a time, since the last digits of a matrix product depend on how many rows it has: what
is found in an item must not depend on what else is in the batch. A claim's items keep the other
cores busy by worker processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmean.perception.networks.onnx_session import open_session

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


class Network:
    """A graph in memory.

    Args:
        path: of its .onnx file.
    """

    def __init__(self, path: Path) -> None:
        self._session = open_session(path)
        (self._input,) = (each.name for each in self._session.get_inputs())

    def run(self, item: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Compute the outputs for one item, each without the axis of the batch."""
        return [found[0] for found in self._session.run(None, {self._input: item[np.newaxis]})]
