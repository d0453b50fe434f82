"""The vision tower of Perception Encoder (Bolya et al. 2025), as PE-AV uses it.

transformers takes it from timm, which needs torchvision. Here it is written anew: a vision
transformer with rotary positions of patches in two dimensions, and attention pooling at the end.
Its tensors have the names of timm's, so that published weights fit; with the same weights its
vectors equal those of timm 1.0.31.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Final

import torch  # noqa: TID253 - classes of modules; nothing imports this file before it is needed
import transformers  # noqa: TID253 - as above
from torch import Tensor, nn  # noqa: TID253 - as above
from torch.nn import functional  # noqa: TID253 - as above

from cmean.errors import WeightsError

ARCHITECTURES: Final = {
    "vit_pe_core_large_patch14_336": {
        "img_size": 336,
        "patch_size": 14,
        "embed_dim": 1024,
        "depth": 24,
        "num_heads": 16,
    }
}
_GRID: Final = 24
"""Patches a side at which the positions were trained."""
_POOL_HEADS: Final = 8
_TEMPERATURE: Final = 10_000.0


_Config: Any = transformers.PreTrainedConfig
_Model: Any = transformers.PreTrainedModel


class PerceptionTowerConfig(_Config):  # type: ignore[misc]  # a class of transformers
    """Sizes of the tower; `num_labels` is the width of its vectors."""

    model_type = "perception_tower"
    img_size: int = 336
    patch_size: int = 14
    embed_dim: int = 1024
    depth: int = 24
    num_heads: int = 16


def read_tower_config(settings: dict[str, Any]) -> PerceptionTowerConfig:
    """Read the sizes in the settings of timm's wrapper, a part of a checkpoint's ``config.json``.

    Raises:
        WeightsError: it is of an architecture that is not known.
    """
    name = settings.get("architecture")
    if name not in ARCHITECTURES:
        raise WeightsError(f"the tower {name!r} of pictures is not known: name other weights")
    sizes: dict[str, Any] = ARCHITECTURES[name] | (settings.get("model_args") or {})
    return PerceptionTowerConfig(num_labels=settings.get("num_classes") or 1024, **sizes)


class PerceptionTower(_Model):  # type: ignore[misc]  # a class of transformers
    """From pictures, shape (rows, 3, side, side), to an object with `logits`, (rows, labels)."""

    config_class = PerceptionTowerConfig
    _supports_sdpa = True

    def __init__(self, config: PerceptionTowerConfig) -> None:
        super().__init__(config)
        self.timm_model = _Tower(config)
        self.post_init()

    def forward(self, pixel_values: Tensor) -> SimpleNamespace:
        """Compute the vectors."""
        return SimpleNamespace(logits=self.timm_model(pixel_values))


class _Tower(nn.Module):
    def __init__(self, config: PerceptionTowerConfig) -> None:
        super().__init__()
        width, side = config.embed_dim, config.img_size // config.patch_size
        self.side, self.head_width = side, width // config.num_heads
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + side * side, width))
        self.patch_embed = nn.ModuleDict(
            {"proj": nn.Conv2d(3, width, config.patch_size, config.patch_size, bias=False)}
        )
        self.norm_pre = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(_Block(width, config.num_heads) for _ in range(config.depth))
        self.norm = nn.LayerNorm(width)
        self.attn_pool = _AttentionPool(width)
        self.head = nn.Linear(width, config.num_labels)

    def forward(self, pixels: Tensor) -> Tensor:
        patches = self.patch_embed["proj"](pixels).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.cls_token.expand(len(patches), -1, -1), patches], dim=1)
        hidden = self.norm_pre(tokens + self.pos_embed)
        rotation = _make_rotation(self.side, self.head_width, hidden)
        for block in self.blocks:
            hidden = block(hidden, rotation)
        vectors: Tensor = self.head(self.attn_pool(self.norm(hidden)))
        return vectors


def _make_rotation(side: int, width: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Make sines and cosines of the angles of each patch, both of shape (patches, width)."""
    bands = _TEMPERATURE ** -(torch.arange(width // 4, device=like.device) / (width // 4))
    places = (torch.arange(side, device=like.device) + 1.0) / side * _GRID
    rows, columns = torch.meshgrid(places, places, indexing="ij")
    grid = torch.stack([columns, rows], dim=-1).reshape(-1, 2, 1)
    angles = (grid * bands).flatten(1).repeat_interleave(2, dim=-1)
    return angles.sin().to(like.dtype), angles.cos().to(like.dtype)


def _rotate(vectors: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate pairs of numbers of all tokens but the first, which has no place."""
    sines, cosines = rotation
    first, patches = vectors[:, :, :1], vectors[:, :, 1:]
    turned = torch.stack([-patches[..., 1::2], patches[..., ::2]], dim=-1).reshape(patches.shape)
    return torch.cat([first, patches * cosines + turned * sines], dim=2)


class _Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.ModuleDict(
            {"qkv": nn.Linear(width, 3 * width), "proj": nn.Linear(width, width)}
        )
        self.mlp = _Mlp(width)
        self.heads = heads

    def forward(self, hidden: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
        mixed = self.attn["qkv"](self.norm1(hidden)).unflatten(-1, (3, self.heads, -1))
        query, key, value = mixed.permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(
            _rotate(query, rotation), _rotate(key, rotation), value
        )
        hidden = hidden + self.attn["proj"](found.transpose(1, 2).flatten(2))
        changed: Tensor = hidden + self.mlp(self.norm2(hidden))
        return changed


class _Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, hidden: Tensor) -> Tensor:
        changed: Tensor = self.fc2(functional.gelu(self.fc1(hidden)))
        return changed


class _AttentionPool(nn.Module):
    """One learnt query that attends to all tokens."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.latent = nn.Parameter(torch.zeros(1, 1, width))
        self.q, self.kv = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.proj, self.norm, self.mlp = nn.Linear(width, width), nn.LayerNorm(width), _Mlp(width)

    def forward(self, hidden: Tensor) -> Tensor:
        latent = self.latent.expand(len(hidden), -1, -1)
        query = self.q(latent).unflatten(-1, (_POOL_HEADS, -1)).transpose(1, 2)
        key, value = self.kv(hidden).unflatten(-1, (2, _POOL_HEADS, -1)).permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(query, key, value)
        pooled = self.proj(found.transpose(1, 2).flatten(2))
        changed: Tensor = pooled + self.mlp(self.norm(pooled))
        return changed[:, 0]
