"""A continuous batch of rows that one network generates.

New rows are read as soon as there is room, and take the places of those that have ended; when half
of all have ended, they leave. The tokens of a row do not depend on the others: each has its own
draws, pattern and cap, and padding is hidden from all.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cmean import torch_tools
from cmean.errors import CmeanError
from cmean.generation import caches
from cmean.generation.caches import CacheSupport
from cmean.generation.capacity import RowCapacity, estimate_capacity
from cmean.generation.drawing import draw_tokens, penalise_repetition
from cmean.generation.engine import ContinuousBatch
from cmean.generation.jobs import GeneratedTokens, GenerationJob, Row, collate_inputs
from cmean.generation.network import CachedNetwork
from cmean.generation.sampling import Sampling

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from torch import Tensor

    from cmean.generation.network import ReadRows
    from cmean.generation.patterns import PatternMatchers

_READ_AT_ONCE = 8
"""Rows whose inputs are read together: more take memory and save no time."""


@dataclass(slots=True)
class StepCounts:
    """What a batch has done: steps, their rows, those that wrote, and tokens that were forced."""

    steps: int = 0
    rows: int = 0
    writing_rows: int = 0
    room: int = 0
    """Rows that would have fitted, summed over the steps."""
    forced_tokens: int = 0
    """Tokens that a pattern left no choice about, which took no step of their own."""

    @property
    def useful_share(self) -> float:
        """The share of writing rows in the room of all steps."""
        return self.writing_rows / self.room if self.room else 0.0


class GenerationBatch(ContinuousBatch[GenerationJob, GeneratedTokens]):
    """Rows that one network generates.

    Lack of memory halves the number of rows: all start anew, from what they have written. A row
    that does not fit alone fails with a MemoryError.

    Args:
        network: reads rows.
        ends: tokens that end a row.
        capacity: how many rows fit.
    """

    def __init__(
        self, network: CachedNetwork, ends: Collection[int], capacity: RowCapacity | None = None
    ) -> None:
        self.counts = StepCounts()
        self.patterns: PatternMatchers | None = None
        self.network = network
        self._ends = frozenset(ends)
        self._capacity = capacity or RowCapacity()
        if network.support is CacheSupport.ALONE:
            self._capacity = RowCapacity(1)
        self._waiting: deque[Row] = deque()
        self._open: dict[int, Row] = {}
        """All rows that are not yet returned, wherever they are: none can be lost."""
        self._rows: list[Row] = []
        self._read: ReadRows | None = None

    @property
    def capacity(self) -> int:
        """How many rows are generated at once."""
        return self._capacity.rows

    @property
    def concurrency(self) -> int:
        """How many threads may give it jobs: a quarter more, so that a next one is always ready."""
        return self.capacity + max(1, self.capacity // 4)

    def count_free_rows(self) -> int:
        """Count the further rows that would fit."""
        return self.capacity - self._count_writing() - len(self._waiting)

    def add(self, jobs: Mapping[int, GenerationJob]) -> None:
        """Take jobs, by number."""
        rows = {number: Row(number, job) for number, job in jobs.items()}
        self._open |= rows
        self._waiting.extend(rows.values())

    def clear(self) -> None:
        """Drop all rows."""
        self._open.clear()
        self._waiting.clear()
        self._drop_running()

    def step(self) -> Mapping[int, GeneratedTokens | Exception]:
        """Read the inputs of rows that wait, if there is room, and write a token of each row."""
        import torch

        with torch.inference_mode():
            try:
                with torch_tools.convert_device_errors():
                    self._admit()
                    self._write()
            except MemoryError as error:
                self._requeue(error)
        found = {number: row.result for number, row in self._open.items() if row.result is not None}
        for number in found:
            del self._open[number]
        return found

    def _count_writing(self) -> int:
        return sum(row.result is None for row in self._rows)

    def _drop_running(self) -> None:
        self._rows, self._read = [], None

    # --- rows that come

    def _admit(self) -> None:
        """Read rows that wait into the free room."""
        # several at once, since the running rows wait meanwhile
        worthwhile = max(1, self.capacity // 16)
        at_once = _READ_AT_ONCE if self.network.support >= CacheSupport.PADDED else 1
        while self._waiting:
            room = self.capacity - self._count_writing()
            if room < worthwhile:
                return
            count = min(len(self._waiting), room, at_once)
            self._read_inputs([self._waiting.popleft() for _ in range(count)])

    def _read_inputs(self, rows: list[Row]) -> None:
        for row in rows:
            self.counts.forced_tokens += row.add_forced_tokens()
            row.end_where_nothing_can_follow()
        rows = [row for row in rows if row.result is None]
        if not rows:
            return
        try:
            inputs = collate_inputs(rows, self.network.padding)
            with torch_tools.convert_device_errors():
                scores, read = self.network.read_inputs(inputs)
        except MemoryError as error:
            self._postpone(rows, error)
            return
        except CmeanError:
            raise
        except Exception as error:  # noqa: BLE001 - of an input that the network cannot take
            self._isolate(rows, error)
            return
        self._join(rows, read)
        self._draw(scores, read.seen, rows)
        self._measure()

    def _isolate(self, rows: list[Row], error: Exception) -> None:
        """Read rows one by one after an error, so that it affects only the one that caused it."""
        if len(rows) == 1:
            rows[0].result = error
            return
        for row in rows:
            self._read_inputs([row])

    def _postpone(self, rows: list[Row], error: MemoryError) -> None:
        """Let rows wait that do not fit beside those that run; one that is alone fails."""
        running = self._count_writing()
        if not running and len(rows) == 1:
            rows[0].result = error
        else:
            self._capacity.note_failure(2 * running or len(rows))
            self._waiting.extendleft(reversed(rows))

    def _join(self, rows: list[Row], read: ReadRows) -> None:
        """Join rows to those that run; where memory lacks, `_requeue` finds all of them."""
        free = [place for place, row in enumerate(self._rows) if row.result is not None]
        if self._read is not None and len(rows) <= len(free):
            places = free[: len(rows)]
            for place, row in zip(places, rows, strict=True):
                self._rows[place] = row
            self._read.replace(places, read)
            self._read.trim(n for n, row in enumerate(self._rows) if row.result is None)
            return
        self._leave()
        self._rows += rows
        if self._read is None:
            self._read = read
        else:
            self._read.append(read)

    # --- rows that write

    def _write(self) -> None:
        """Write a token of each row."""
        writing = [row for row in self._rows if row.result is None]
        if 2 * len(writing) <= len(self._rows):
            self._leave()
        if self._read is None:
            return
        padding = [self.network.padding]
        tokens = [row.pending if row.result is None else padding for row in self._rows]
        scores = self.network.read_tokens(self._read, tokens)
        counts = self.counts
        counts.steps += 1
        counts.rows += len(self._rows)
        counts.writing_rows += len(writing)
        counts.room += self.capacity
        self._draw(scores, self._read.seen, self._rows)
        self._capacity.note_success()

    def _draw(self, scores: Tensor, seen: Tensor, rows: Sequence[Row]) -> None:
        """Draw the next token of each row that has not ended."""
        samplings = [row.job.sampling if row.result is None else Sampling() for row in rows]
        scores = penalise_repetition(scores, seen, samplings)
        matchers = {
            number: row.job.matcher
            for number, row in enumerate(rows)
            if row.job.matcher is not None and row.result is None
        }
        if self.patterns is not None:
            scores = self.patterns.mask_scores(scores, matchers)
        drawn = draw_tokens(scores, samplings, [row.get_draw for row in rows])
        for row, token in zip(rows, drawn, strict=True):
            if row.result is None:
                may_force = self.network.support is CacheSupport.RAGGED
                self.counts.forced_tokens += row.go_on(token, self._ends, may_force=may_force)

    # --- rows that leave

    def _leave(self) -> None:
        """Drop rows that have ended."""
        kept = [number for number, row in enumerate(self._rows) if row.result is None]
        if not kept:
            self._drop_running()
        elif len(kept) < len(self._rows) and self._read is not None:
            self._read.keep(kept)
            self._rows = [self._rows[number] for number in kept]

    def _requeue(self, error: MemoryError) -> None:
        """Let all rows start anew, fewer at once: of a step that failed, layers may be half done.

        A row that was alone ends by the error.
        """
        waiting = set(map(id, self._waiting))
        unended = [row for row in self._open.values() if row.result is None]
        begun = [row for row in unended if id(row) not in waiting]
        self._drop_running()
        torch_tools.release_memory()
        self._capacity.note_failure(len(begun))
        if len(begun) == 1:
            begun[0].result = error
            unended.remove(begun[0])
        self._waiting = deque(
            unended
        )  # in the order in which they came: those that had begun first

    def _measure(self) -> None:
        """Estimate how many rows fit, from what those take that are in memory."""
        read = self._read
        if read is None or self.network.device.type != "cuda":
            return
        rows, columns = read.mask.shape
        further = max(row.job.max_tokens - len(row.tokens) for row in self._rows)
        held_bytes = caches.count_bytes(read.cache)
        row_bytes = max(1, held_bytes * (columns + further) // (columns * rows))
        growth = rows * row_bytes - held_bytes  # of the rows that are there already
        free_bytes = torch_tools.count_free_bytes(self.network.devices) - growth
        self._capacity.note_measurement(rows, row_bytes, free_bytes)


def create_batch(
    network: Any,  # noqa: ANN401 - of transformers
    ends: Collection[int],
    padding: int,
    max_tokens: int,
) -> GenerationBatch:
    """Create a batch for a loaded network, for as many rows as fit.

    Args:
        network: of transformers.
        ends: tokens that end a row.
        padding: the token that is put where a row has none.
        max_tokens: how many a row usually has at most.
    """
    cached = CachedNetwork(network, padding)
    return GenerationBatch(cached, ends, estimate_capacity(cached, max_tokens))
