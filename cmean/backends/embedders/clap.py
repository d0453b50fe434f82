"""CLAP (Wu et al. 2023): sounds and texts in one space.

Its sound model takes ten seconds. Sounds are embedded in fixed windows that cover all of them, not
in the random crops of its feature extractor; a sound that is shorter is repeated, as the extractor
does it, and padded with silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.backends import checkpoints, inputs
from cmean.backends.embedders.two_towers import TwoTowerEmbedder
from cmean.errors import EmbeddingError
from cmean.util.covering_windows import cover_with_windows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from cmean.domain import Picture, Sound


class ClapEmbedder(TwoTowerEmbedder):
    """Embeds sounds and texts by a `ClapModel`."""

    at_once = 16

    def _load_processor(self, folder: Path) -> Any:  # noqa: ANN401 - of transformers
        return checkpoints.load_feature_extractor(folder)

    def _get_longest_text(self) -> int:
        config = self._network.config.text_config
        # its positions are counted from the padding's id on
        longest: int = config.max_position_embeddings - config.pad_token_id - 1
        return longest

    def _cut_windows(self, media: Sound | Picture) -> list[NDArray[np.float32]]:
        sound = inputs.check_sound(media, "CLAP", EmbeddingError, self._processor.sampling_rate)
        spans = cover_with_windows(len(sound.samples), self._processor.nb_max_samples)
        return [sound.samples[start:end] for start, end in spans]

    def _embed_windows(self, windows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        import torch

        extracted = self._processor(
            list(windows), sampling_rate=self._processor.sampling_rate, return_tensors="pt"
        )
        return self._compute_vectors(
            "get_audio_features",
            input_features=extracted["input_features"],
            # No window is longer than the model takes. The extractor would say so of one at random,
            # and a model with feature fusion would then treat that one otherwise.
            is_longer=torch.zeros((len(windows), 1), dtype=torch.bool),
        )
