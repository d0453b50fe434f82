"""How many rows are generated at once: as many as fit in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean import torch_tools
from cmean.generation import caches

if TYPE_CHECKING:
    from cmean.generation.network import CachedNetwork

_ON_A_CPU = 8
_MOST = 256
_PATIENCE = 64
"""Steps without lack of memory after which one more row is tried; twice as many at each failure."""

_INPUT_TOKENS = 1024
"""What an input is taken to have before one was read."""

_PROBE_TOKENS = 16
_SHARE = 0.85
"""Of the free memory; the rest is for what a step needs while it runs."""


class RowCapacity:
    """The number of rows that fit.

    It starts from an estimate, is halved where memory did not suffice, and then grows by one row
    after some successful steps, up to the estimate.

    Args:
        rows: an estimate.
    """

    def __init__(self, rows: int = _ON_A_CPU) -> None:
        self.rows = self._estimate = rows
        self._successes = 0
        self._patience = _PATIENCE

    def note_success(self) -> None:
        """Note that a step of all rows found enough memory."""
        self._successes += 1
        if self._successes >= self._patience and self.rows < self._estimate:
            self.rows += 1
            self._successes = 0

    def note_failure(self, rows: int) -> None:
        """Note that so many rows found too little memory."""
        self.rows = max(1, min(self.rows, rows // 2))
        self._successes = 0
        self._patience *= 2

    def note_measurement(self, rows: int, row_bytes: int, free_bytes: int) -> None:
        """Estimate anew, from what rows took.

        Args:
            rows: that are in memory.
            row_bytes: of one of them, at its greatest length.
            free_bytes: beside them.
        """
        fitting = rows + int(_SHARE * free_bytes / row_bytes)
        self._estimate = max(1, min(fitting, _MOST))
        # after a failure, the steps tell more than the estimate
        has_failed = self._patience > _PATIENCE
        self.rows = min(self.rows, self._estimate) if has_failed else self._estimate


def estimate_capacity(network: CachedNetwork, max_tokens: int) -> RowCapacity:
    """Estimate how many rows of so many new tokens fit: on a GPU by free memory, on a CPU a few."""
    capacity = RowCapacity()
    if network.device.type == "cuda":
        row_bytes = measure_token_bytes(network) * (_INPUT_TOKENS + max_tokens)
        capacity.note_measurement(0, row_bytes, torch_tools.count_free_bytes(network.devices))
    return capacity


def measure_token_bytes(network: CachedNetwork) -> int:
    """Measure the bytes that a token of a row takes in the cache, by reading a short text."""
    import torch

    ids = torch.full((1, _PROBE_TOKENS), network.padding)
    with torch.inference_mode(), torch_tools.convert_device_errors():
        _, read = network.read_inputs({"input_ids": ids, "attention_mask": torch.ones_like(ids)})
    return max(1, caches.count_bytes(read.cache) // _PROBE_TOKENS)
