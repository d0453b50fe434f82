"""A network of transformers that reads rows with a cache: once their inputs, then what they write.

Positions are given explicitly. Where a model counts them otherwise than by columns (pictures have
positions in two dimensions), its own method says where the text goes on after the input.
"""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cmean.generation import caches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from torch import Tensor


@dataclass(slots=True, eq=False)
class ReadRows:
    """Rows that a network has read.

    Args:
        cache: of transformers.
        mask: which columns a row attends to, int64 of shape (rows, columns).
        positions: of the last token of each row, shape (rows, 1), or (axes, rows, 1).
        seen: which tokens the text of each row holds, booleans of shape (rows, vocabulary).
        columns: how many of the last columns belong to each row.
    """

    cache: Any
    mask: Tensor
    positions: Tensor
    seen: Tensor
    columns: list[int]

    def keep(self, places: Sequence[int]) -> None:
        """Keep some rows, and no column that none of them has."""
        import torch

        caches.select_rows(self.cache, places)
        place = torch.tensor(places, device=self.mask.device)
        self.mask, self.seen = self.mask[place], self.seen[place]
        self.positions = self.positions.index_select(-2, place)
        self.columns = [self.columns[row] for row in places]
        self.trim(range(len(places)))

    def append(self, other: ReadRows) -> None:
        """Append other rows."""
        import torch

        caches.append_rows(self.cache, other.cache)
        width = max(self.mask.shape[1], other.mask.shape[1])
        self.mask = torch.cat([_pad_left(one.mask, width) for one in (self, other)])
        self.positions = torch.cat([self.positions, other.positions], -2)
        self.seen = torch.cat([self.seen, other.seen])
        self.columns += other.columns

    def replace(self, places: Sequence[int], other: ReadRows) -> None:
        """Put other rows in place of some."""
        caches.replace_rows(self.cache, places, other.cache)
        width = max(self.mask.shape[1], other.mask.shape[1])
        self.mask = _pad_left(self.mask, width)
        self.mask[places] = _pad_left(other.mask, width)
        self.positions[..., places, :] = other.positions
        self.seen[places] = other.seen
        for place, columns in zip(places, other.columns, strict=True):
            self.columns[place] = columns

    def trim(self, places: Iterable[int]) -> None:
        """Drop the first columns that none of these rows has."""
        columns = max(self.columns[place] for place in places)
        if columns < self.mask.shape[1]:
            caches.keep_last_columns(self.cache, columns)
            self.mask = self.mask[:, -columns:]
            self.columns = [min(count, columns) for count in self.columns]


def _pad_left(mask: Tensor, width: int) -> Tensor:
    from torch.nn.functional import pad

    return pad(mask, (width - mask.shape[1], 0))


class CachedNetwork:
    """A decoder-only network and how it is called.

    Args:
        network: of transformers, loaded.
        padding: a token that is put where a row has none.
    """

    def __init__(self, network: Any, padding: int) -> None:  # noqa: ANN401 - of transformers
        self.network = network
        self.padding = padding
        self.support = caches.find_support(network.config)
        self.device = network.get_input_embeddings().weight.device
        self.devices = frozenset(weight.device for weight in network.parameters())
        self._head = network.get_output_embeddings()
        self._keeps = "logits_to_keep" in inspect.signature(network.forward).parameters

    def read_inputs(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ReadRows]:
        """Read the inputs of rows, padded on the left.

        Returns:
            The scores of the next token, float32 of shape (rows, vocabulary), and the rows.
        """
        import torch

        network, number = self.network, self.network.dtype
        given = {
            name: tensor.to(self.device, number if tensor.is_floating_point() else None)
            for name, tensor in inputs.items()
        }
        ids, mask = given["input_ids"], given["attention_mask"]
        positions = network._prepare_position_ids_for_generation(ids, given)  # noqa: SLF001 - what `generate` does
        cache = caches.create_cache(network.config)
        prepared = network.prepare_inputs_for_generation(
            **given, position_ids=positions, cache=cache, use_cache=True, is_first_iteration=True
        )
        with self._score_last_column():
            scores = self._call(**prepared)
        seen = torch.zeros_like(scores, dtype=torch.bool).scatter_(1, ids, value=True)
        seen[:, self.padding] = False  # where it stands, nothing was said
        columns = mask.sum(1).tolist()
        return scores, ReadRows(cache, mask, positions[..., -1:], seen, columns)

    def read_tokens(self, rows: ReadRows, tokens: Sequence[Sequence[int]]) -> Tensor:
        """Let rows go on by some tokens each, at least one.

        Returns:
            The scores of the next token, float32 of shape (rows, vocabulary).
        """
        import torch

        width = max(map(len, tokens))
        holes = [width - len(one) for one in tokens]
        ids = torch.tensor(
            [[self.padding] * hole + list(one) for hole, one in zip(holes, tokens, strict=True)]
        ).to(self.device)
        # the n-th token of a row has the n-th position after its last
        steps = torch.arange(1, width + 1) - torch.tensor(holes)[:, None]
        steps = steps.clamp(min=0).to(self.device)
        rows.mask = torch.cat([rows.mask, (steps > 0).long()], 1)
        positions = rows.positions + steps
        scores = self._call(
            input_ids=ids,
            attention_mask=rows.mask,
            position_ids=positions,
            cache=rows.cache,
            use_cache=True,
        )
        rows.positions = positions[..., -1:]
        rows.seen.scatter_(1, ids, value=True)
        rows.seen[:, self.padding] = False
        rows.columns = [count + width for count in rows.columns]
        return scores

    def read_branches(self, rows: ReadRows, ids: Tensor, steps: Tensor, visible: Tensor) -> Tensor:
        """Read tokens that are alternatives, each in a further column; `drop_columns` follows.

        Args:
            rows: whose text goes on by them; their cache supports `RAGGED`.
            ids: of shape (rows, width).
            steps: how many positions after the last of its row each has, of the same shape.
            visible: which of the further columns each sees beside its row's text, booleans of shape
                (rows, width, further columns with these).

        Returns:
            The scores of what may follow each, shape (rows, width, vocabulary).
        """
        import torch

        text = rows.mask.bool()[:, None].expand(-1, ids.shape[1], -1)
        seen = torch.cat([text, visible.to(self.device)], -1)[:, None]
        hidden = torch.finfo(self.network.dtype).min
        mask = torch.zeros(seen.shape, dtype=self.network.dtype, device=self.device)
        found: Tensor = self.network(
            input_ids=ids.to(self.device),
            attention_mask=mask.masked_fill(~seen, hidden),
            position_ids=rows.positions + steps.to(self.device),
            cache=rows.cache,
            use_cache=True,
            return_dict=True,
        ).logits
        return found.to(self.device)

    @staticmethod
    def count_columns(rows: ReadRows) -> int:
        """Count the columns of the cache, further ones included."""
        return int(rows.cache.get_seq_length())

    @staticmethod
    def drop_columns(rows: ReadRows, columns: int) -> None:
        """Keep only the first columns, those of the text."""
        caches.keep_first_columns(rows.cache, columns)

    def _call(self, **given: Any) -> Tensor:  # noqa: ANN401 - tensors and a cache
        import torch

        options = {"logits_to_keep": 1} if self._keeps else {}
        scores: Tensor = self.network(**given, **options, return_dict=True).logits[:, -1]
        return scores.to(self.device, torch.float32, copy=True)

    @contextmanager
    def _score_last_column(self) -> Iterator[None]:
        """Let a network that would compute the scores of all columns compute those of the last."""
        if self._keeps or self._head is None:
            yield
            return
        handle = self._head.register_forward_pre_hook(lambda _, given: (given[0][:, -1:],))
        try:
            yield
        finally:
            handle.remove()
