"""ImageBind: pictures, sounds and texts in one space (Girdhar et al. 2023).

The weights are under CC-BY-NC-SA 4.0: for research, not for commercial use.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.backends import hub, state_dicts, torch_tools
from cmean.backends.embedders.imagebind import pictures, sizes, sounds
from cmean.backends.embedders.imagebind.texts import REPOSITORY, Tokenizer
from cmean.domain import Picture, Sound
from cmean.errors import ConfigError, EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from cmean.backends.embedders.imagebind.towers import ImageBind
    from cmean.domain import Excerpt

    Array = NDArray[Any]
    Vector = NDArray[np.float32]

FILES_TO_FETCH = (
    ("https://dl.fbaipublicfiles.com/imagebind", "imagebind_huge.pth"),
    (REPOSITORY, "vocab.json"),
    (REPOSITORY, "merges.txt"),
)
"""All that is read, 4.8 GB: a place (an address or a repository), and a file there."""

_CODE = 1  # to be raised when the same weights give other vectors
_AT_ONCE = 64  # windows that go through a tower together


class ImageBindEmbedder:
    """Embeds pictures, sounds and texts; vectors of width 1024 at the published size.

    A picture is its centre square. A sound is all its windows of two seconds (the published loader
    hears only three), a text all its windows of 77 tokens: they are embedded one by one, and their
    mean, scaled to length 1, is the vector. Implements `cmean.protocols.Embedder`.

    Args:
        model: a repository or folder with ``imagebind_huge.pth``, or with one other .pth or
            .safetensors file of the same tensors. CLIP's tokenizer is read there too, or else in
            openai/clip-vit-base-patch32. A config.json there tells of other sizes.
        revision: of the repository.
        dtype: number format of the weights: float32, bfloat16 or float16.
    """

    def __init__(self, *, model: str, revision: str = "main", dtype: str = "float32") -> None:
        if dtype not in torch_tools.DTYPES:
            raise ConfigError(f"dtype is one of {', '.join(torch_tools.DTYPES)}, not {dtype!r}")
        self.model = model
        self._revision = revision
        self._dtype = dtype
        self._towers: ImageBind | None = None
        self._tokenizer: Tokenizer | None = None

    @property
    def revision(self) -> str:
        """The weights, and the version of this code."""
        return f"{hub.locate(self.model, self._revision).revision}/{_CODE}"

    def load(self) -> None:
        """Read weights and tokenizer.

        Raises:
            WeightsError: a file is missing, damaged, or of another model.
            MemoryError: the model does not fit.
        """
        folder = hub.locate(self.model, self._revision).folder
        found = sizes.read(folder)
        self._tokenizer = Tokenizer(folder, found.text_vocab_size)
        self._towers = _towers(folder, found, self._dtype)

    def unload(self) -> None:
        """Give the memory back."""
        self._towers = self._tokenizer = None
        torch_tools.release()

    def embed(self, batch: Sequence[Excerpt]) -> list[Vector]:
        """Embed pictures and sounds; as many vectors as excerpts, in their order.

        Raises:
            EmbeddingError: `wrong-rate` for a sound that is not at 16 kHz, `empty-sound` and
                `empty-picture` for what holds nothing, `not-finite` when the model gives no
                numbers.
        """
        towers = self._loaded()
        vectors: dict[int, Vector] = {}
        for kind, tower in ((Picture, towers.pictures), (Sound, towers.sounds)):
            places = [i for i, excerpt in enumerate(batch) if isinstance(excerpt.media, kind)]
            found = self._means(tower, [_windows(batch[i].media) for i in places])
            vectors.update(zip(places, found, strict=True))
        return [vectors[i] for i in range(len(batch))]

    def embed_texts(self, texts: Sequence[str]) -> list[Vector]:
        """Embed texts into the same space; as many vectors as texts, in their order.

        Raises:
            EmbeddingError: `empty-text` for a text without a visible character, `not-finite` when
                the model gives no numbers.
        """
        towers = self._loaded()
        return self._means(towers.texts, [self._text(text) for text in texts])

    def _text(self, text: str) -> Iterable[Array]:
        if not text.strip():
            raise EmbeddingError("empty-text", "a text without a visible character has no vector")
        assert self._tokenizer is not None  # noqa: S101 - loaded together with the towers
        return self._tokenizer.windows(text)

    def _means(
        self, tower: Callable[[Tensor], Tensor], items: Sequence[Iterable[Array]]
    ) -> list[Vector]:
        """The vector of each item: the mean over its windows, scaled to length 1."""
        if not items:
            return []
        windows = ((owner, window) for owner, item in enumerate(items) for window in item)
        owners: list[int] = []
        vectors: list[Vector] = []
        while group := list(islice(windows, _AT_ONCE)):
            owners += [owner for owner, _ in group]
            vectors.append(self._forward(tower, np.stack([window for _, window in group])))
        starts = np.searchsorted(owners, np.arange(len(items)))
        sums = np.add.reduceat(np.concatenate(vectors), starts)
        with np.errstate(invalid="ignore"):
            means = sums / np.linalg.norm(sums, axis=1, keepdims=True)
        if not np.isfinite(means).all():
            raise EmbeddingError("not-finite", "the model gave no numbers: use dtype float32")
        return list(means)

    def _forward(self, tower: Callable[[Tensor], Tensor], windows: Array) -> Vector:
        import torch

        towers = self._loaded()
        first = next(towers.parameters())
        with torch.inference_mode(), torch_tools.typed_memory_errors():
            given = torch.from_numpy(windows).to(first.device)
            if given.is_floating_point():
                given = given.to(first.dtype)
            found: Vector = tower(given).cpu().numpy()
        return found

    def _loaded(self) -> ImageBind:
        if self._towers is None:
            raise RuntimeError("load the embedder before it embeds")
        return self._towers


def _towers(folder: Path, found: sizes.Sizes, dtype: str) -> ImageBind:
    import torch

    from cmean.backends.embedders.imagebind.towers import (  # noqa: PLC0415 - it imports PyTorch
        ImageBind,
    )

    path = state_dicts.find(folder, "imagebind_huge.pth")
    with torch.device("meta"):
        towers = ImageBind(found)
    state_dicts.fill(towers, state_dicts.read(path), path)
    with torch_tools.typed_memory_errors():
        towers.to(torch_tools.device(), torch_tools.dtype(dtype))
    return towers.eval().requires_grad_(requires_grad=False)


def _windows(media: Picture | Sound) -> Iterable[Array]:
    """What a tower takes of a picture, or of each window of a sound."""
    if isinstance(media, Picture):
        if not media.pixels.size:
            raise EmbeddingError("empty-picture", "a picture without pixels has no vector")
        return [pictures.normalised(media.pixels)]
    if media.rate != sounds.RATE:
        wanted = f"ImageBind hears sounds at {sounds.RATE} Hz, not {media.rate}"
        raise EmbeddingError("wrong-rate", f"{wanted}: set the rate of the preprocessing")
    if not len(media.samples):
        raise EmbeddingError("empty-sound", "a sound without samples has no vector")
    return sounds.clips(media.samples)
