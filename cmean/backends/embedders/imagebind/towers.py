"""ImageBind's towers of pictures, sounds and texts (Girdhar et al. 2023), as one module.

Each tower is a transformer that normalises before attention and before its perceptron; one token is
read at its end, projected, and scaled to length 1. The names and shapes of the tensors are those of
the published checkpoint, hence the names of the attributes. Written anew from the paper and from
the checkpoint's contents. Only `load` of the embedder imports this module, since it needs PyTorch.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import torch  # noqa: TID253 - classes of modules; nothing imports this file before it is needed
from torch import Tensor, nn  # noqa: TID253 - as above

from cmean.backends.embedders.imagebind.sizes import (
    FRAMES,
    MEL_BINS,
    PATCH_SIDE,
    PICTURE_SIDE,
    TEXT_TOKENS,
)

if TYPE_CHECKING:
    from cmean.backends.embedders.imagebind.sizes import TowerSizes

_EPSILON = 1e-6  # of every norm but that of the sounds' patches
_VIDEO_FRAMES = 2  # a picture is a video of two equal frames
_AUDIO_PATCH, _AUDIO_STRIDE = 16, 10


class ImageBind(nn.Module):
    """The three towers; each gives float32 vectors of length 1, of shape (n, out_embed_dim)."""

    def __init__(self, sizes: TowerSizes) -> None:
        super().__init__()
        self.modality_preprocessors = nn.ModuleDict(
            {
                "vision": PatchTokens(
                    _make_picture_stem(sizes.vision_embed_dim), _cut_picture_patches()
                ),
                "audio": PatchTokens(_make_sound_stem(sizes.audio_embed_dim), _cut_sound_patches()),
                "text": WordTokens(sizes.text_vocab_size, sizes.text_embed_dim),
            }
        )
        self.modality_trunks = nn.ModuleDict(
            {
                "vision": Trunk(
                    sizes.vision_embed_dim,
                    sizes.vision_num_blocks,
                    sizes.vision_num_heads,
                    norm_first=True,
                ),
                "audio": Trunk(
                    sizes.audio_embed_dim,
                    sizes.audio_num_blocks,
                    sizes.audio_num_heads,
                    bias_kv=True,
                ),
                "text": Trunk(sizes.text_embed_dim, sizes.text_num_blocks, sizes.text_num_heads),
            }
        )
        out = sizes.out_embed_dim
        self.modality_heads = nn.ModuleDict(
            {
                # the empty place is where the published module picks the first token
                "vision": nn.Sequential(*_make_head(sizes.vision_embed_dim, out, nn.Identity())),
                "audio": nn.Sequential(*_make_head(sizes.audio_embed_dim, out, nn.Identity())),
                "text": nn.Sequential(
                    OrderedDict(proj=nn.Sequential(*_make_head(sizes.text_embed_dim, out)))
                ),
            }
        )
        self.modality_postprocessors = nn.ModuleDict(
            {name: nn.Sequential(nn.Identity(), Scale()) for name in ("audio", "text")}
        )

    def pictures(self, pixels: Tensor) -> Tensor:
        """Embed normalised pictures of shape (n, 3, 224, 224)."""
        frames = pixels.unsqueeze(2).expand(-1, -1, _VIDEO_FRAMES, -1, -1)
        return self._take_first("vision", frames)

    def sounds(self, spectrograms: Tensor) -> Tensor:
        """Embed normalised log-mel spectrograms of shape (n, 1, 128, 204)."""
        return self._take_first("audio", spectrograms)

    def texts(self, ids: Tensor) -> Tensor:
        """Embed tokens, int64 of shape (n, 77); each text ends at its first largest token."""
        words = self.modality_preprocessors["text"]
        tokens = self.modality_trunks["text"](words(ids), words.mask)
        ends = tokens[torch.arange(len(ids), device=ids.device), ids.argmax(dim=-1)]
        return _normalise(self.modality_heads["text"](ends))

    def _take_first(self, tower: str, patches: Tensor) -> Tensor:
        tokens = self.modality_trunks[tower](self.modality_preprocessors[tower](patches))
        return _normalise(self.modality_heads[tower](tokens[:, 0]))


class PatchTokens(nn.Module):
    """A picture or a spectrogram as tokens: one that stands for all, then one a patch."""

    def __init__(self, stem: Stem, patches: int) -> None:
        super().__init__()
        self.rgbt_stem = stem
        self.cls_token = nn.Parameter(torch.zeros(1, 1, stem.width))
        self.pos_embedding_helper = nn.ParameterDict(
            {"pos_embed": torch.zeros(1, 1 + patches, stem.width)}
        )

    def forward(self, grid: Tensor) -> Tensor:
        """Give tokens of shape (n, 1 + patches, width)."""
        patches: Tensor = self.rgbt_stem(grid)
        first = self.cls_token.expand(len(patches), -1, -1)
        places: Tensor = self.pos_embedding_helper["pos_embed"]
        return torch.cat([first, patches], dim=1) + places


class Stem(nn.Module):
    """Projects each patch of a grid of shape (n, channels, …)."""

    def __init__(self, width: int, proj: nn.Module, norm: nn.Module | None = None) -> None:
        super().__init__()
        self.width = width
        self.proj = proj
        self.norm_layer = norm

    def forward(self, grid: Tensor) -> Tensor:
        """Give tokens of shape (n, patches, width)."""
        patches: Tensor = self.proj(grid).flatten(2).transpose(1, 2)
        if self.norm_layer is not None:
            patches = self.norm_layer(patches)
        return patches


class WordTokens(nn.Module):
    """Tokens of a text as vectors, and the mask that hides from each what comes after it."""

    mask: Tensor

    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.pos_embed = nn.Parameter(torch.zeros(1, TEXT_TOKENS, width))
        hidden = torch.full((TEXT_TOKENS, TEXT_TOKENS), float("-inf")).triu(1)
        self.register_buffer("mask", hidden)

    def forward(self, ids: Tensor) -> Tensor:
        """Give tokens of shape (n, 77, width)."""
        embedded: Tensor = self.token_embedding(ids)
        return embedded + self.pos_embed


class Trunk(nn.Module):
    """A stack of blocks; `bias_kv` adds a learnt key and value that every token can attend to."""

    def __init__(
        self,
        width: int,
        blocks: int,
        heads: int,
        *,
        norm_first: bool = False,
        bias_kv: bool = False,
    ) -> None:
        super().__init__()
        before = nn.LayerNorm(width, _EPSILON) if norm_first else nn.Identity()
        self.pre_transformer_layer = nn.Sequential(before)
        self.blocks = nn.ModuleList(Block(width, heads, bias_kv=bias_kv) for _ in range(blocks))

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """Give tokens of the same shape; `mask` is added to what each attends to."""
        tokens = self.pre_transformer_layer(tokens)
        for block in self.blocks:
            tokens = block(tokens, mask)
        return tokens


class Block(nn.Module):
    """Attention, then a perceptron, each on normalised tokens and added to them."""

    def __init__(self, width: int, heads: int, *, bias_kv: bool) -> None:
        super().__init__()
        self.norm_1 = nn.LayerNorm(width, _EPSILON)
        self.attn = nn.MultiheadAttention(width, heads, add_bias_kv=bias_kv, batch_first=True)
        self.norm_2 = nn.LayerNorm(width, _EPSILON)
        self.mlp = nn.Sequential(
            OrderedDict(
                fc1=nn.Linear(width, 4 * width), act=nn.GELU(), fc2=nn.Linear(4 * width, width)
            )
        )

    def forward(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        """Give tokens of the same shape."""
        x = self.norm_1(tokens)
        tokens = tokens + self.attn(x, x, x, need_weights=False, attn_mask=mask)[0]
        perceived: Tensor = self.mlp(self.norm_2(tokens))
        return tokens + perceived


class Scale(nn.Module):
    """The temperature that a tower was trained with. Cosines do not depend on it: it is only kept.

    Without it, not every tensor of the checkpoint's towers would have its place.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_logit_scale = nn.Parameter(torch.zeros(()))


def _make_picture_stem(width: int) -> Stem:
    patch = (_VIDEO_FRAMES, PATCH_SIDE, PATCH_SIDE)
    # the empty place is where the published module doubles the frame
    proj = nn.Sequential(nn.Identity(), nn.Conv3d(3, width, patch, stride=patch, bias=False))
    return Stem(width, proj)


def _cut_picture_patches() -> int:
    return (PICTURE_SIDE // PATCH_SIDE) ** 2


def _make_sound_stem(width: int) -> Stem:
    proj = nn.Conv2d(1, width, _AUDIO_PATCH, stride=_AUDIO_STRIDE, bias=False)
    return Stem(width, proj, nn.LayerNorm(width))


def _cut_sound_patches() -> int:
    high, wide = ((side - _AUDIO_PATCH) // _AUDIO_STRIDE + 1 for side in (MEL_BINS, FRAMES))
    return high * wide


def _make_head(width: int, out: int, *between: nn.Module) -> tuple[nn.Module, ...]:
    return nn.LayerNorm(width, _EPSILON), *between, nn.Linear(width, out, bias=False)


def _normalise(vectors: Tensor) -> Tensor:
    return nn.functional.normalize(vectors.float(), dim=-1)
