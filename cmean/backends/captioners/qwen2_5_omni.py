"""Qwen2.5-Omni: one model that captions sounds and pictures (Xu et al. 2025).

Only the part that reads and writes is loaded, not the one that speaks.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from cmean.backends import checkpoints
from cmean.backends.captioners.qwen import QwenVisionCaptioner, assemble_processor_without_video
from cmean.domain import Picture, Sound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Qwen25OmniCaptioner(QwenVisionCaptioner):
    """Captions sounds and pictures by Qwen2.5-Omni; parameters as `QwenVisionCaptioner`."""

    architectures = ("qwen2_5_omni", "qwen2_5_omni_thinker")
    media = (Sound, Picture)

    window_seconds: float = 300.0
    """Maximum length of a sound in seconds; that of the weights, once they are loaded."""

    def _get_model_class(self) -> Any:  # noqa: ANN401 - a class of transformers
        from transformers import Qwen2_5OmniThinkerForConditionalGeneration

        return Qwen2_5OmniThinkerForConditionalGeneration

    def _load_processor(self, folder: Path) -> Any:  # noqa: ANN401 - a processor of transformers
        from transformers import Qwen2_5OmniProcessor

        return self._assemble(Qwen2_5OmniProcessor, folder)

    def _assemble(self, processor_class: Any, folder: Path) -> Any:  # noqa: ANN401
        extractor = checkpoints.load_feature_extractor(folder)
        self.window_seconds = float(extractor.chunk_length)
        parts = {
            "image_processor": self._load_image_processor(folder),
            "feature_extractor": extractor,
            "tokenizer": checkpoints.load_tokenizer(folder),
        }
        return assemble_processor_without_video(processor_class, folder, parts)

    def _make_audio_options(self, sounds: Sequence[Sound]) -> Mapping[str, Any]:
        # Padding to 300 s is slow, and to the longest sound makes the last frame, which reaches
        # beyond its sound, depend on the batch: a second more is enough, the rest is ignored.
        longest = max(sound.seconds for sound in sounds)
        padded = (math.ceil(longest) + 1) * self.rate
        options = {"padding": "max_length", "max_length": padded, "truncation": False}
        return {**super()._make_audio_options(sounds), **options}
