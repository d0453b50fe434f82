"""Sizes of the towers: those of the published model, or of a config.json in its folder."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from cmean.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path

PICTURE_SIDE = 224
PATCH_SIDE = 14
MEL_BINS = 128
FRAMES = 204
TEXT_TOKENS = 77


@dataclass(frozen=True, slots=True)
class TowerSizes:
    """Width, blocks and attention heads of each tower; the defaults are those of imagebind_huge.

    The names are those that the published architecture gives its parameters, so that a config.json
    made from them can be read.
    """

    out_embed_dim: int = 1024
    vision_embed_dim: int = 1280
    vision_num_blocks: int = 32
    vision_num_heads: int = 16
    audio_embed_dim: int = 768
    audio_num_blocks: int = 12
    audio_num_heads: int = 12
    text_embed_dim: int = 1024
    text_num_blocks: int = 24
    text_num_heads: int = 16
    text_vocab_size: int = 49_408


def read_sizes(folder: Path) -> TowerSizes:
    """Read the sizes in a folder's config.json; missing ones are those of imagebind_huge.

    Raises:
        WeightsError: the file is no JSON object, or a size is no positive integer.
    """
    path = folder / "config.json"
    if not path.is_file():
        return TowerSizes()
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WeightsError(f"{path} is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise WeightsError(f"{path} is not a JSON object")
    named = {field.name: config[field.name] for field in fields(TowerSizes) if field.name in config}
    for name, value in named.items():
        if type(value) is not int or value < 1:
            raise WeightsError(f"{path}: {name} must be a positive integer, not {value!r}")
    found = TowerSizes(**named)
    for tower in ("vision", "audio", "text"):
        width, heads = getattr(found, f"{tower}_embed_dim"), getattr(found, f"{tower}_num_heads")
        if width % heads:
            raise WeightsError(f"{path}: {tower}_embed_dim is no multiple of {tower}_num_heads")
    return found
