"""Pictures and texts in one space: CLIP (Radford et al. 2021) and its like.

Captions are often longer than the tokens that a text model takes, 77 or 64: they are embedded in
windows that cover all of the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image

from cmean.backends import checkpoints, inputs
from cmean.backends.embedders.texts import cut_token_windows
from cmean.backends.embedders.two_towers import TwoTowerEmbedder
from cmean.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from cmean.domain import Picture, Sound


class ClipEmbedder(TwoTowerEmbedder):
    """Embeds pictures and texts by CLIP or MetaCLIP 2 (Chuang et al. 2025)."""

    at_once = 64

    def _load_processor(self, folder: Path) -> Any:  # noqa: ANN401 - of transformers
        return checkpoints.load_image_processor(folder)

    def _get_longest_text(self) -> int:
        longest: int = self._network.config.text_config.max_position_embeddings
        return longest

    def _cut_windows(self, media: Sound | Picture) -> list[NDArray[np.uint8]]:
        return [inputs.check_picture(media, self.model, EmbeddingError).pixels]

    def _embed_windows(self, windows: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        images = [Image.fromarray(pixels) for pixels in windows]
        return self._compute_vectors(
            "get_image_features", **self._processor(images, return_tensors="pt")
        )


class SiglipEmbedder(ClipEmbedder):
    """Embeds pictures and texts by SigLIP 2 (Tschannen et al. 2025).

    Its text model was trained on lower case, without a token that begins a text and with padding up
    to its longest text, which it reads too.
    """

    def _cut_text(self, text: str) -> list[list[int]]:
        longest = self._get_longest_text()
        return cut_token_windows(self._tokenizer, text.lower(), longest, begins=False)

    def _read(self, windows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        padded = self._tokenizer.pad(
            {"input_ids": list(windows)},
            padding="max_length",
            max_length=self._get_longest_text(),
            padding_side="right",
            return_tensors="pt",
        )
        return self._compute_vectors("get_text_features", input_ids=padded["input_ids"])
