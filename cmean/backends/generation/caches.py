"""Key-value caches of several rows: which can be joined, and how rows are joined and left out.

Columns are aligned at their ends: the last column of every row is its last token, and shorter rows
are padded on the left, which the attention mask hides.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


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
    from transformers import DynamicCache

    return DynamicCache(config=config)


def find_support(config: Any) -> CacheSupport:  # noqa: ANN401 - of transformers
    """Find out what can be done with the rows of a model's cache, from its configuration."""
    from transformers import cache_utils

    text = config.get_text_config(decoder=True)
    if getattr(text, "attention_chunk_size", None) is not None:
        return CacheSupport.ALONE  # where a chunk begins depends on the column
    support = {
        cache_utils.DynamicLayer: CacheSupport.RAGGED,
        cache_utils.DummyLayer: CacheSupport.RAGGED,
        cache_utils.DynamicSlidingWindowLayer: CacheSupport.PADDED,
        cache_utils.LinearAttentionLayer: CacheSupport.JOINED,
    }
    layers = create_cache(config).layers
    return min(
        (support.get(type(one), CacheSupport.ALONE) for one in layers), default=CacheSupport.RAGGED
    )


def join_caches(cache: Any, other: Any) -> Any:  # noqa: ANN401 - of transformers
    """Append the rows of another cache, and return the first."""
    import torch

    for layer, added in zip(cache.layers, other.layers, strict=True):
        for states, more in zip(_list_states(layer), _list_states(added), strict=True):
            for number, state in states.items():
                if state is not None:
                    states[number] = torch.cat([state, more[number]])
        if _has_columns(layer):
            columns = max(layer.keys.shape[-2], added.keys.shape[-2])
            for name in ("keys", "values"):
                pair = [_pad_columns(getattr(one, name), columns) for one in (layer, added)]
                setattr(layer, name, torch.cat(pair))
            if hasattr(layer, "cumulative_length"):
                layer.cumulative_length = max(layer.cumulative_length, added.cumulative_length)
    return cache


def select_rows(cache: Any, rows: Tensor, columns: int) -> None:  # noqa: ANN401 - of transformers
    """Keep some rows of a cache, and of its columns the last ones."""
    for layer in cache.layers:
        for states in _list_states(layer):
            states |= {n: one[rows.to(one.device)] for n, one in states.items() if one is not None}
        if _has_columns(layer):
            kept = columns
            if hasattr(layer, "cumulative_length"):
                layer.cumulative_length = columns
                kept = min(columns, layer.sliding_window - 1)
            here = rows.to(layer.keys.device)  # a model may be spread over several
            layer.keys = layer.keys[here, :, -kept:]
            layer.values = layer.values[here, :, -kept:]


def crop_columns(cache: Any, columns: int) -> None:  # noqa: ANN401 - of transformers
    """Keep only the first columns, of a cache whose support is `RAGGED`."""
    for layer in cache.layers:
        if _has_columns(layer):
            layer.keys = layer.keys[:, :, :columns]
            layer.values = layer.values[:, :, :columns]


def count_bytes(cache: Any) -> int:  # noqa: ANN401 - of transformers
    """Count the bytes of a cache."""
    tensors = [
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


def _list_states(layer: Any) -> list[dict[int, Tensor | None]]:  # noqa: ANN401 - of transformers
    """List the states of a layer that has no columns, by their numbers."""
    return [
        getattr(layer, name) for name in ("conv_states", "recurrent_states") if hasattr(layer, name)
    ]


def _pad_columns(states: Tensor, columns: int) -> Tensor:
    from torch.nn.functional import pad

    return pad(states, (0, 0, columns - states.shape[-2], 0))
