"""CLAP (Wu et al. 2023): sounds and texts in one space.

Its sound model hears ten seconds. Sounds are embedded in fixed windows that cover all of them, not
in the random crops of its feature extractor; a sound that is shorter is repeated, as the extractor
does it, and padded with silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.backends import checkpoints, hub, torch_tools
from cmean.backends.embedders.texts import padded, token_windows
from cmean.backends.embedders.windows import cover, embed_windows
from cmean.domain import Sound
from cmean.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from cmean.domain import Excerpt

_CODE = "1"
_AT_ONCE = 16


class ClapEmbedder:
    """Embeds sounds and texts. Implements `cmean.protocols.Embedder`.

    Args:
        model: a repository or folder of a `ClapModel`.
        revision: of the repository.
        dtype: number format of the weights: float32, bfloat16 or float16.
    """

    def __init__(self, *, model: str, revision: str = "main", dtype: str = "float32") -> None:
        self.model = model
        self.dtype = dtype
        self._revision = revision
        self._clap: Any = None
        self._tokenizer: Any = None
        self._sounds: Any = None

    @property
    def revision(self) -> str:
        """The commit or fingerprint of the weights, and the version of this code."""
        return f"{hub.locate(self.model, self._revision).revision}/{_CODE}"

    def load(self) -> None:
        """Read model, tokenizer and feature extractor.

        Raises:
            WeightsError: they are not on this machine, or not those of a CLAP model.
        """
        from transformers import ClapModel

        folder = checkpoints.open_folder(self.model, self._revision, ["clap"])
        self._tokenizer = checkpoints.load_tokenizer(folder)
        self._sounds = checkpoints.load_feature_extractor(folder)
        self._clap = checkpoints.load_model(ClapModel, folder, dtype=self.dtype)

    def unload(self) -> None:
        """Give the memory back."""
        self._clap = self._tokenizer = self._sounds = None
        torch_tools.release()

    def embed(self, batch: Sequence[Excerpt]) -> list[NDArray[np.float32]]:
        """Embed sounds of any length; as many unit vectors as excerpts.

        Raises:
            EmbeddingError: `wrong-medium` for a picture, `wrong-rate` for a sound at another rate
                than the model's, `empty-sound` for one without a sample.
        """
        return embed_windows([self._windows(excerpt) for excerpt in batch], self._hear, _AT_ONCE)

    def embed_texts(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Embed texts of any length; as many unit vectors as texts."""
        config = self._clap.config.text_config
        # its positions are counted from the padding's id on
        longest = config.max_position_embeddings - config.pad_token_id - 1
        windows = [token_windows(self._tokenizer, text, longest) for text in texts]
        return embed_windows(windows, self._tokens, _AT_ONCE)

    def _windows(self, excerpt: Excerpt) -> list[NDArray[np.float32]]:
        sound, rate = excerpt.media, self._sounds.sampling_rate
        if not isinstance(sound, Sound):
            raise EmbeddingError("wrong-medium", "CLAP embeds sounds, not pictures: use clip")
        if sound.rate != rate:
            said = f"the sound is at {sound.rate} Hz, and CLAP takes {rate} Hz: set `rate = {rate}`"
            raise EmbeddingError("wrong-rate", said)
        if not len(sound.samples):
            raise EmbeddingError("empty-sound", "the sound has no samples")
        spans = cover(len(sound.samples), self._sounds.nb_max_samples)
        return [sound.samples[start:end] for start, end in spans]

    def _hear(self, windows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        import torch

        extracted = self._sounds(
            list(windows), sampling_rate=self._sounds.sampling_rate, return_tensors="pt"
        )
        # No window is longer than the model hears. The extractor would say so of one at random,
        # and a model with feature fusion would then treat that one otherwise.
        longer = torch.zeros((len(windows), 1), dtype=torch.bool)
        with torch.inference_mode(), torch_tools.typed_memory_errors():
            found = self._clap.get_audio_features(
                input_features=extracted["input_features"].to(self._clap.device, self._clap.dtype),
                is_longer=longer.to(self._clap.device),
            )
            vectors: NDArray[np.float32] = found.pooler_output.float().cpu().numpy()
            return vectors

    def _tokens(self, windows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode(), torch_tools.typed_memory_errors():
            inputs = padded(self._tokenizer, windows).to(self._clap.device)
            found = self._clap.get_text_features(**inputs)
            vectors: NDArray[np.float32] = found.pooler_output.float().cpu().numpy()
            return vectors
