"""Key-value caches of several rows: which can be joined, and how rows are joined and left out.

Columns are aligned at their ends: the last column of every row is its last token, and shorter rows
are padded on the left, which the attention mask hides. A layer has spare columns, so that a step
writes its own and copies no others.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

_SPARE = 128
"""Columns; when they are used up, all are copied."""


class CacheSupport(IntEnum):
    """What can be done with the rows of a model's cache; each includes those before."""

    ALONE = 0
    """Nothing is known of its layers: one row at a time."""
    JOINED = 1
    """Rows can be joined, but each is read alone, since its layers keep a state of all columns."""
    PADDED = 2
    """Rows can be read together, padded on the left."""
    RAGGED = 3
    """There may be hidden columns inside a row, so rows can go on by several tokens at once."""


def create_cache(config: Any) -> Any:  # noqa: ANN401 - of transformers
    """Create an empty cache for a model of that configuration."""
    from transformers import DynamicCache, cache_utils

    made = DynamicCache(config=config)
    spare = _get_spare_layer_class()
    made.layers = [
        spare() if type(layer) is cache_utils.DynamicLayer else layer for layer in made.layers
    ]
    return made


@cache
def _get_spare_layer_class() -> Any:  # noqa: ANN401 - a class of transformers
    from transformers import cache_utils

    untyped: Any = cache_utils.DynamicLayer

    class SpareLayer(untyped):  # type: ignore[misc]  # a class of transformers
        """A layer whose keys and values are the first columns of buffers with spare ones."""

        keys: Tensor
        values: Tensor
        is_initialized: bool
        buffers: tuple[Tensor, Tensor] | None = None
        begin = 0

        def update(self, *states: Tensor, **_: object) -> tuple[Tensor, Tensor]:
            """Write columns of keys and values, and return all columns of both."""
            if not self.is_initialized:
                self.device, self.is_initialized = states[0].device, True
                self.keys, self.values = states[:2]
                return self.keys, self.values
            end = self.begin + self.keys.shape[-2]
            further = end + states[0].shape[-2]
            if self.buffers is None or further > self.buffers[0].shape[-2]:
                new_columns = states[0].shape[-2]
                self.buffers = (
                    _add_spare(self.keys, new_columns),
                    _add_spare(self.values, new_columns),
                )
                further, end, self.begin = further - self.begin, end - self.begin, 0
            for buffer, new in zip(self.buffers, states, strict=False):
                buffer[:, :, end:further] = new
            self.keys, self.values = (one[:, :, self.begin : further] for one in self.buffers)
            return self.keys, self.values

    return SpareLayer


def _add_spare(states: Tensor, least: int) -> Tensor:
    """Copy states to a buffer with spare columns, at least so many."""
    *rows, columns, width = states.shape
    buffer = states.new_empty(*rows, columns + max(_SPARE, least), width)
    buffer[..., :columns, :] = states
    return buffer


def find_support(config: Any) -> CacheSupport:  # noqa: ANN401 - of transformers
    """Find out what can be done with the rows of a model's cache, from its configuration."""
    from transformers import DynamicCache, cache_utils

    text = config.get_text_config(decoder=True)
    if getattr(text, "attention_chunk_size", None) is not None:
        return CacheSupport.ALONE  # where a chunk begins depends on the column
    support: dict[Any, CacheSupport] = {
        cache_utils.DynamicLayer: CacheSupport.RAGGED,
        cache_utils.DummyLayer: CacheSupport.RAGGED,
        cache_utils.DynamicSlidingWindowLayer: CacheSupport.PADDED,
        cache_utils.LinearAttentionLayer: CacheSupport.JOINED,
    }
    layers = DynamicCache(config=config).layers
    return min(
        (support.get(type(one), CacheSupport.ALONE) for one in layers), default=CacheSupport.RAGGED
    )


def append_rows(rows: Any, others: Any) -> None:  # noqa: ANN401 - of transformers
    """Append the rows of another cache."""
    import torch

    for layer, added in zip(rows.layers, others.layers, strict=True):
        for states, more in zip(_list_states(layer), _list_states(added), strict=True):
            for number, state in states.items():
                if state is not None:
                    states[number] = torch.cat([state, more[number]])
        if _has_columns(layer):
            columns = max(layer.keys.shape[-2], added.keys.shape[-2])
            pair = [[_pad(one, columns) for one in (x.keys, x.values)] for x in (layer, added)]
            _set_columns(layer, *(torch.cat(states) for states in zip(*pair, strict=True)))
            if hasattr(layer, "cumulative_length"):
                layer.cumulative_length = max(layer.cumulative_length, added.cumulative_length)


def replace_rows(rows: Any, places: Sequence[int], others: Any) -> None:  # noqa: ANN401 - of transformers
    """Put the rows of another cache in place of some rows."""
    for layer, added in zip(rows.layers, others.layers, strict=True):
        for states, more in zip(_list_states(layer), _list_states(added), strict=True):
            for number, state in states.items():
                if state is not None:
                    state[places] = more[number]
        if _has_columns(layer):
            columns = added.keys.shape[-2]
            if columns > layer.keys.shape[-2]:
                _set_columns(layer, _pad(layer.keys, columns), _pad(layer.values, columns))
            layer.keys[places, :, -columns:] = added.keys
            layer.values[places, :, -columns:] = added.values
            if hasattr(layer, "cumulative_length"):
                layer.cumulative_length = max(layer.cumulative_length, added.cumulative_length)


def select_rows(rows: Any, places: Sequence[int]) -> None:  # noqa: ANN401 - of transformers
    """Keep some rows."""
    for layer in rows.layers:
        for states in _list_states(layer):
            states |= {n: one[places] for n, one in states.items() if one is not None}
        if _has_columns(layer):
            _set_columns(layer, layer.keys[places], layer.values[places])


def keep_last_columns(rows: Any, columns: int) -> None:  # noqa: ANN401 - of transformers
    """Keep only the last columns; nothing is copied."""
    for layer in rows.layers:
        if _has_columns(layer):
            kept = columns
            if hasattr(layer, "cumulative_length"):
                layer.cumulative_length = columns
                kept = min(columns, layer.sliding_window - 1)
            if hasattr(layer, "begin"):
                layer.begin += layer.keys.shape[-2] - kept
            layer.keys, layer.values = layer.keys[:, :, -kept:], layer.values[:, :, -kept:]


def keep_first_columns(rows: Any, columns: int) -> None:  # noqa: ANN401 - of transformers
    """Keep only the first columns, of a cache whose support is `RAGGED`."""
    for layer in rows.layers:
        if _has_columns(layer):
            layer.keys, layer.values = layer.keys[:, :, :columns], layer.values[:, :, :columns]


def count_bytes(cache: Any) -> int:  # noqa: ANN401 - of transformers
    """Count the bytes of a cache."""
    tensors: list[Tensor] = [
        tensor
        for layer in cache.layers
        for tensor in (
            *((layer.keys, layer.values) if _has_columns(layer) else ()),
            *(one for states in _list_states(layer) for one in states.values() if one is not None),
        )
    ]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _has_columns(layer: Any) -> bool:  # noqa: ANN401 - of transformers
    return getattr(layer, "keys", None) is not None


def _list_states(layer: Any) -> list[dict[int, Any]]:  # noqa: ANN401 - of transformers
    """List the states of a layer that has no columns, by their numbers."""
    return [
        getattr(layer, name) for name in ("conv_states", "recurrent_states") if hasattr(layer, name)
    ]


def _set_columns(layer: Any, keys: Tensor, values: Tensor) -> None:  # noqa: ANN401 - of transformers
    layer.keys, layer.values = keys, values
    if hasattr(layer, "begin"):
        layer.begin, layer.buffers = 0, None


def _pad(states: Tensor, columns: int) -> Tensor:
    from torch.nn.functional import pad

    return pad(states, (0, 0, columns - states.shape[-2], 0))
