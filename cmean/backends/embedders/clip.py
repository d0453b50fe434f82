"""CLIP (Radford et al. 2021): pictures and texts in one space.

Captions are often longer than the 77 tokens that its text model takes: they are embedded in
windows that cover all of the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image

from cmean.backends import checkpoints, inputs
from cmean.backends.embedders.two_towers import TwoTowerEmbedder
from cmean.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from cmean.domain import Picture, Sound


class ClipEmbedder(TwoTowerEmbedder):
    """Embeds pictures and texts by a `CLIPModel`."""

    architecture = "clip"
    at_once = 64

    def _get_model_class(self) -> Any:  # noqa: ANN401 - a class of transformers
        from transformers import CLIPModel

        return CLIPModel

    def _load_processor(self, folder: Path) -> Any:  # noqa: ANN401 - of transformers
        return checkpoints.load_image_processor(folder)

    def _get_longest_text(self) -> int:
        longest: int = self._network.config.text_config.max_position_embeddings
        return longest

    def _cut_windows(self, media: Sound | Picture) -> list[NDArray[np.uint8]]:
        return [inputs.check_picture(media, "CLIP", EmbeddingError).pixels]

    def _embed_windows(self, windows: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        images = [Image.fromarray(pixels) for pixels in windows]
        pixels = self._processor(images, return_tensors="pt")["pixel_values"]
        return self._compute_vectors("get_image_features", pixel_values=pixels)
