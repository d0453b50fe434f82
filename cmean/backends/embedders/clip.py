"""CLIP (Radford et al. 2021): pictures and texts in one space.

Captions are often longer than the 77 tokens that its text model takes: they are embedded in
windows that cover all of the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image

from cmean.backends import checkpoints, hub, torch_tools
from cmean.backends.embedders.texts import padded, token_windows
from cmean.backends.embedders.windows import embed_windows
from cmean.domain import Picture
from cmean.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from cmean.domain import Excerpt

_CODE = "1"
_AT_ONCE = 64


class ClipEmbedder:
    """Embeds pictures and texts. Implements `cmean.protocols.Embedder`.

    Args:
        model: a repository or folder of a `CLIPModel`.
        revision: of the repository.
        dtype: number format of the weights: float32, bfloat16 or float16.
    """

    def __init__(self, *, model: str, revision: str = "main", dtype: str = "float32") -> None:
        self.model = model
        self.dtype = dtype
        self._revision = revision
        self._clip: Any = None
        self._tokenizer: Any = None
        self._images: Any = None

    @property
    def revision(self) -> str:
        """The commit or fingerprint of the weights, and the version of this code."""
        return f"{hub.locate(self.model, self._revision).revision}/{_CODE}"

    def load(self) -> None:
        """Read model, tokenizer and picture processor.

        Raises:
            WeightsError: they are not on this machine, or not those of a CLIP model.
        """
        from transformers import CLIPModel

        folder = checkpoints.open_folder(self.model, self._revision, ["clip"])
        self._tokenizer = checkpoints.load_tokenizer(folder)
        self._images = checkpoints.load_image_processor(folder)
        self._clip = checkpoints.load_model(CLIPModel, folder, dtype=self.dtype)

    def unload(self) -> None:
        """Give the memory back."""
        self._clip = self._tokenizer = self._images = None
        torch_tools.release()

    def embed(self, batch: Sequence[Excerpt]) -> list[NDArray[np.float32]]:
        """Embed pictures; as many unit vectors as excerpts.

        Raises:
            EmbeddingError: `wrong-medium` for a sound.
        """
        return embed_windows([[_pixels(excerpt)] for excerpt in batch], self._pictures, _AT_ONCE)

    def embed_texts(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Embed texts of any length; as many unit vectors as texts."""
        longest = self._clip.config.text_config.max_position_embeddings
        windows = [token_windows(self._tokenizer, text, longest) for text in texts]
        return embed_windows(windows, self._tokens, _AT_ONCE)

    def _pictures(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        import torch

        images = [Image.fromarray(pixels) for pixels in pictures]
        pixels = self._images(images, return_tensors="pt")["pixel_values"]
        with torch.inference_mode(), torch_tools.typed_memory_errors():
            moved = pixels.to(self._clip.device, self._clip.dtype)
            found = self._clip.get_image_features(pixel_values=moved)
            vectors: NDArray[np.float32] = found.pooler_output.float().cpu().numpy()
            return vectors

    def _tokens(self, windows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode(), torch_tools.typed_memory_errors():
            inputs = padded(self._tokenizer, windows).to(self._clip.device)
            found = self._clip.get_text_features(**inputs)
            vectors: NDArray[np.float32] = found.pooler_output.float().cpu().numpy()
            return vectors


def _pixels(excerpt: Excerpt) -> NDArray[np.uint8]:
    if not isinstance(excerpt.media, Picture):
        raise EmbeddingError("wrong-medium", "CLIP embeds pictures, not sounds: use clap")
    return excerpt.media.pixels
