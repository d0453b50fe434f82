"""Answers whose numbers are graded: expected values, read off the probabilities of the digits.

The branches of a number are read together, as further columns that see the text before and their
own digits only, and are dropped then; the text goes on by the branch that greedy decoding takes.
So all that follows a number is conditioned on its greedy value.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cmean import torch_tools
from cmean.errors import CmeanError, ConfigError
from cmean.generation.caches import CacheSupport
from cmean.generation.capacity import RowCapacity
from cmean.generation.engine import ContinuousBatch
from cmean.generation.jobs import GeneratedTokens, GenerationJob, Row, collate_inputs
from cmean.generation.number_trees import DigitTokens, NumberTree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from cmean.generation.batch import GenerationBatch
    from cmean.generation.network import CachedNetwork, ReadRows
    from cmean.generation.patterns import PatternMatchers

_READ_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class GradedTokens:
    """The tokens of a greedy answer, and of each of its numbers the mean and standard deviation."""

    tokens: list[int]
    ended: bool
    means: tuple[float, ...]
    spreads: tuple[float, ...]


class GradedRow(Row):
    """A job whose numbers are graded; the pattern of its answer is needed."""

    def __init__(self, number: int, job: GenerationJob) -> None:
        super().__init__(number, job)
        self.means: list[float] = []
        self.spreads: list[float] = []
        self.choices: NDArray[np.int64] | None = None
        """The tokens that may begin a number, where the row has come to one."""

    def add_tokens(self, tokens: Sequence[int], ends: frozenset[int]) -> None:
        """Add tokens that were chosen, and those that are forced then."""
        self.choices = None
        for token in tokens:
            self.add_drawn_token(token, ends)
        self.pending = list(tokens)
        self.add_forced_tokens()
        self.end_where_nothing_can_follow()


class GradingBatch(ContinuousBatch[GenerationJob, GradedTokens]):
    """Answers that are graded together, number by number.

    Args:
        network: reads rows; its cache supports `RAGGED`.
        patterns: what the matchers of jobs come from.
        capacity: how many rows fit.
    """

    def __init__(
        self, network: CachedNetwork, patterns: PatternMatchers, capacity: RowCapacity
    ) -> None:
        self._network = network
        self._tokens = DigitTokens(patterns)
        self._capacity = capacity
        self._waiting: deque[tuple[int, GenerationJob]] = deque()

    def count_free_rows(self) -> int:
        """Count the further rows that would fit."""
        return self._capacity.rows - len(self._waiting)

    def add(self, jobs: Mapping[int, GenerationJob]) -> None:
        """Take jobs, by number; their matchers are copied, not changed."""
        self._waiting.extend(jobs.items())

    def clear(self) -> None:
        """Drop all jobs."""
        self._waiting.clear()

    def step(self) -> Mapping[int, GradedTokens | Exception]:
        """Grade as many of the waiting jobs as fit, to their ends."""
        count = min(len(self._waiting), self._capacity.rows)
        chosen = [self._waiting.popleft() for _ in range(count)]
        try:
            found = self._grade(chosen)
        except MemoryError as error:
            if count == 1:
                return {chosen[0][0]: error}
            self._capacity.note_failure(count)
            self._waiting.extendleft(reversed(chosen))
            return {}
        self._capacity.note_success()
        return found

    def _grade(
        self, jobs: Sequence[tuple[int, GenerationJob]]
    ) -> Mapping[int, GradedTokens | Exception]:
        """Grade jobs together or, after an error of one of them, each alone."""
        import torch

        try:
            with torch.inference_mode(), torch_tools.convert_device_errors():
                return _Grading(self._network, self._tokens, jobs).run()
        except (MemoryError, CmeanError):
            raise
        except Exception as error:  # noqa: BLE001 - of a job that the network cannot take
            if len(jobs) == 1:
                return {jobs[0][0]: error}
        return {number: found for job in jobs for number, found in self._grade([job]).items()}


class _Grading:
    """Rows that are graded in lockstep: all numbers that they have come to are read together."""

    def __init__(
        self,
        network: CachedNetwork,
        tokens: DigitTokens,
        jobs: Sequence[tuple[int, GenerationJob]],
    ) -> None:
        self._network = network
        self._tokens = tokens
        self._rows = [GradedRow(number, _copy_matcher(job)) for number, job in jobs]
        self._read: ReadRows
        self._scores: Tensor

    def run(self) -> dict[int, GradedTokens]:
        """Grade all rows."""
        for row in self._rows:
            row.add_forced_tokens()
        self._read_inputs()
        self._go_on_to_numbers(list(range(len(self._rows))))
        while places := [n for n, row in enumerate(self._rows) if row.result is None]:
            for place, tree in self._grade_numbers(places).items():
                row = self._rows[place]
                mean, spread = tree.describe()
                row.means.append(mean)
                row.spreads.append(spread)
                row.add_tokens(tree.greedy, self._tokens.ends)
            self._go_on_to_numbers(places)
        return {row.number: _finish(row) for row in self._rows}

    def _read_inputs(self) -> None:
        import torch

        scores = []
        for start in range(0, len(self._rows), _READ_AT_ONCE):
            inputs = collate_inputs(
                self._rows[start : start + _READ_AT_ONCE], self._network.padding
            )
            found, read = self._network.read_inputs(inputs)
            scores.append(found)
            if start == 0:
                self._read = read
            else:
                self._read.append(read)
        self._scores = torch.cat(scores)
        for row in self._rows:
            row.pending = []

    def _go_on_to_numbers(self, places: Sequence[int]) -> None:
        """Write greedily until each of these rows has come to a number or has ended."""
        while places := [place for place in places if self._rows[place].result is None]:
            self._read_pending()
            rows = [self._rows[place] for place in places]
            choices = self._tokens.list_choices([row.job.matcher for row in rows])
            free = []
            for place, row, tokens in zip(places, rows, choices, strict=True):
                if all(map(self._tokens.is_number, tokens.tolist())):
                    row.choices = tokens
                else:
                    free.append((place, 0, tokens))
            chances = _gather_chances(self._scores[:, None], free)
            for (place, _, tokens), found in zip(free, chances, strict=True):
                token = int(tokens[found.argmax()])
                self._rows[place].add_tokens([token], self._tokens.ends)
            places = [place for place, *_ in free]

    def _read_pending(self) -> None:
        tokens = [row.pending if row.result is None else [] for row in self._rows]
        places = [place for place, one in enumerate(tokens) if one]
        if places:
            found = self._network.read_tokens(self._read, tokens)
            self._scores[places] = found[places]
            for place in places:
                self._rows[place].pending = []

    # --- the branches of numbers

    def _grade_numbers(self, places: Sequence[int]) -> dict[int, NumberTree]:
        """Find the distribution of the number that each of these rows has come to."""
        trees: dict[int, NumberTree] = {}
        for place in places:
            row = self._rows[place]
            choices = np.array([], np.int64) if row.choices is None else row.choices
            trees[place] = NumberTree(row.job.matcher, choices, self._tokens)
        begin = self._read.mask.shape[1]
        _grow(trees, self._scores[:, None])
        while any(tree.open for tree in trees.values()):
            _grow(trees, self._read_branches(trees))
        self._network.drop_columns(self._read, begin)
        return trees

    def _read_branches(self, trees: Mapping[int, NumberTree]) -> Tensor:
        """Read the last token of each open branch, each in a column of its own."""
        import torch

        begin = self._read.mask.shape[1]
        used = self._network.count_columns(self._read) - begin
        width = max(len(tree.open) for tree in trees.values())
        ids = torch.full((len(self._rows), width), self._network.padding)
        steps = torch.zeros_like(ids)
        visible = torch.eye(width, dtype=torch.bool).repeat(len(self._rows), 1, 1)
        visible = torch.cat([visible.new_zeros(len(self._rows), width, used), visible], -1)
        for place, tree in trees.items():
            for column, branch in enumerate(tree.open):
                ids[place, column] = branch.tokens[-1]
                steps[place, column] = len(branch.tokens)
                visible[place, column, list(branch.columns)] = True
                branch.columns = (*branch.columns, used + column)
        return self._network.read_branches(self._read, ids, steps, visible)


def _copy_matcher(job: GenerationJob) -> GenerationJob:
    return replace(job, matcher=job.matcher.deep_copy())


def _grow(trees: Mapping[int, NumberTree], scores: Tensor) -> None:
    """Let the open branches of trees go on by a token.

    Args:
        trees: by row.
        scores: of the next token, shape (rows, open branches, vocabulary).
    """
    chances = iter(
        _gather_chances(
            scores,
            [
                (row, column, branch.choices)
                for row, tree in trees.items()
                for column, branch in enumerate(tree.open)
            ],
        )
    )
    for tree in trees.values():
        tree.grow([next(chances) for _ in tree.open])


def _gather_chances(
    scores: Tensor, wanted: Sequence[tuple[int, int, NDArray[np.int64]]]
) -> list[NDArray[np.float64]]:
    """Compute the probabilities of some tokens among themselves.

    Args:
        scores: of shape (rows, columns, vocabulary).
        wanted: rows, columns, and the tokens there.
    """
    import torch

    if not wanted:
        return []
    counts = [len(tokens) for *_, tokens in wanted]
    place = (
        np.repeat([row for row, *_ in wanted], counts),
        np.repeat([column for _, column, _ in wanted], counts),
        np.concatenate([tokens for *_, tokens in wanted]),
    )
    index = tuple(torch.from_numpy(one).to(scores.device) for one in place)
    found = scores[index].double().cpu().numpy()
    return [_compute_softmax(part) for part in np.split(found, np.cumsum(counts)[:-1])]


def _compute_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(scores - scores.max())
    shares: NDArray[np.float64] = raised / raised.sum()
    return shares


def _finish(row: GradedRow) -> GradedTokens:
    is_whole = isinstance(row.result, GeneratedTokens) and row.result.ended
    ended = is_whole and not row.job.matcher.is_error()
    return GradedTokens(row.tokens, ended, tuple(row.means), tuple(row.spreads))


def create_grading_batch(batch: GenerationBatch, patterns: PatternMatchers) -> GradingBatch:
    """Create a batch that grades, for the network of another and for as many rows.

    Raises:
        ConfigError: the network's cache cannot hold the branches of numbers.
    """
    if batch.network.support is not CacheSupport.RAGGED:
        raise ConfigError(
            "'graded' needs a model all of whose layers attend to the whole text: name another one"
        )
    return GradingBatch(batch.network, patterns, RowCapacity(batch.capacity))
