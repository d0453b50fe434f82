"""ImageBind: pictures, sounds and texts in one space (Girdhar et al. 2023).

The weights are under CC-BY-NC-SA 4.0: for research, not for commercial use.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean import torch_tools
from cmean.backends import hub, inputs, state_dicts
from cmean.backends.embedders.imagebind import pictures, sizes, sounds
from cmean.backends.embedders.imagebind.texts import REPOSITORY, Tokenizer
from cmean.backends.model import ModelBackend
from cmean.domain import Picture, Sound
from cmean.errors import ConfigError, EmbeddingError
from cmean.util.covering_windows import embed_windows

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
    ("nielsr/imagebind-huge", "config.json"),
    ("nielsr/imagebind-huge", "model.safetensors"),
    (REPOSITORY, "vocab.json"),
    (REPOSITORY, "merges.txt"),
)
"""All that is read, 4.8 GB: a repository, and a file there."""

_AT_ONCE = 64  # windows that go through a tower together


class ImageBindEmbedder(ModelBackend):
    """Embeds pictures, sounds and texts; vectors of width 1024 at the published size.

    A picture is its centre square. A sound is all its windows of two seconds, or some clips of two
    seconds, a text all its windows of 77 tokens: they are embedded one by one, and their mean,
    scaled to length 1, is the vector. Implements `cmean.protocols.Embedder`.

    Args:
        model: a repository or folder with one .safetensors or .pth file of the published tensors;
            of several, ``model.safetensors``. CLIP's tokenizer is read there too, or else in
            openai/clip-vit-base-patch32. A config.json there tells of other sizes.
        revision: of the repository.
        dtype: number format of the weights: float32, bfloat16 or float16.
        clips: how many clips of a sound are heard, spread evenly over it; the published loader
            hears three. None: windows that cover all of it.
    """

    def __init__(
        self,
        *,
        model: str,
        revision: str = "",
        dtype: str = "float32",
        clips: int | None = None,
    ) -> None:
        super().__init__(model, revision, dtype)
        if clips is not None and (type(clips) is not int or clips < 1):
            raise ConfigError(f"imagebind: clips is a whole number of at least 1, not {clips!r}")
        self._clips = clips
        self._towers: ImageBind | None = None
        self._tokenizer: Tokenizer | None = None

    def _load(self) -> None:
        folder = hub.locate_checkpoint(self.model, self._revision).folder
        found = sizes.read_sizes(folder)
        self._tokenizer = Tokenizer(folder, found.text_vocab_size)
        self._towers = _get_towers(folder, found, self._dtype)

    def _release_model(self) -> None:
        self._towers = self._tokenizer = None

    def embed(self, batch: Sequence[Excerpt]) -> list[Vector]:
        """Embed pictures and sounds; as many vectors as excerpts, in their order.

        Raises:
            EmbeddingError: `sample-rate` for a sound that is not at 16 kHz, `empty-sound` and
                `empty-picture` for what holds nothing, `no-vector` when the model gives no numbers.
        """
        towers = self._get_model()
        vectors: dict[int, Vector] = {}
        for kind, tower in ((Picture, towers.pictures), (Sound, towers.sounds)):
            places = [i for i, excerpt in enumerate(batch) if isinstance(excerpt.media, kind)]
            items = (self._cut_windows(batch[i].media) for i in places)
            found = embed_windows(items, partial(self._forward, tower), _AT_ONCE)
            vectors.update(zip(places, found, strict=True))
        return [vectors[i] for i in range(len(batch))]

    def embed_texts(self, texts: Sequence[str]) -> list[Vector]:
        """Embed texts into the same space; as many vectors as texts, in their order.

        Raises:
            EmbeddingError: `empty-text` for a text without a visible character, `no-vector` when
                the model gives no numbers.
        """
        towers = self._get_model()
        assert self._tokenizer is not None  # noqa: S101 - loaded together with the towers
        items = map(self._tokenizer.cut_windows, texts)
        return embed_windows(items, partial(self._forward, towers.texts), _AT_ONCE)

    def _forward(self, tower: Callable[[Tensor], Tensor], windows: Sequence[Array]) -> Vector:
        import torch

        towers = self._get_model()
        first = next(towers.parameters())
        with torch.inference_mode(), torch_tools.convert_device_errors():
            given = torch.from_numpy(np.stack(windows)).to(first.device)
            if given.is_floating_point():
                given = given.to(first.dtype)
            found: Vector = tower(given).cpu().numpy()
        return found

    def _cut_windows(self, media: Picture | Sound) -> Iterable[Array]:
        """Cut the inputs of a tower: a picture, or the windows or clips of a sound."""
        if isinstance(media, Picture):
            checked = inputs.check_picture(media, "ImageBind", EmbeddingError)
            return [pictures.normalise_picture(checked.pixels)]
        samples = inputs.check_sound(media, "ImageBind", EmbeddingError, sounds.RATE).samples
        return sounds.compute_clip_spectrograms(samples, self._clips)

    def _get_model(self) -> ImageBind:
        if self._towers is None:
            raise RuntimeError("load the embedder before it embeds")
        return self._towers


def _get_towers(folder: Path, found: sizes.TowerSizes, dtype: str) -> ImageBind:
    import torch

    from cmean.backends.embedders.imagebind.towers import (  # noqa: PLC0415 - it imports PyTorch
        ImageBind,
    )

    path = state_dicts.find_checkpoint_file(folder, "model.safetensors")
    with torch.device("meta"):
        towers = ImageBind(found)
    state_dicts.fill_module(towers, state_dicts.read_state_dict(path), path)
    with torch_tools.convert_device_errors():
        towers.to(torch_tools.choose_device(), torch_tools.get_dtype(dtype))
    return towers.eval().requires_grad_(requires_grad=False)
