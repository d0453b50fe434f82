"""Qwen2-Audio: captions of sounds up to 30 s at once (Chu et al. 2024)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.backends import checkpoints
from cmean.backends.captioners.chat import ChatCaptioner
from cmean.domain import Sound

if TYPE_CHECKING:
    from pathlib import Path


class Qwen2AudioCaptioner(ChatCaptioner):
    """Captions sounds by Qwen2-Audio; parameters as `ChatCaptioner`."""

    architectures = ("qwen2_audio",)
    media = (Sound,)

    window_seconds: float = 30.0
    """Maximum length of a sound in seconds; that of the weights, once they are loaded."""

    def _get_model_class(self) -> Any:  # noqa: ANN401 - a class of transformers
        from transformers import Qwen2AudioForConditionalGeneration

        return Qwen2AudioForConditionalGeneration

    def _load_processor(self, folder: Path) -> Any:  # noqa: ANN401 - a processor of transformers
        from transformers import Qwen2AudioProcessor

        extractor = checkpoints.load_feature_extractor(folder)
        self.window_seconds = float(extractor.chunk_length)
        parts = {
            "feature_extractor": extractor,
            "tokenizer": checkpoints.load_tokenizer(folder),
        }
        return checkpoints.assemble_processor(Qwen2AudioProcessor, folder, parts)
