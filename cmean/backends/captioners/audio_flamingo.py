"""Audio Flamingo 3 (Goel et al. 2025) and Music Flamingo (Ghosh et al. 2025): long sounds.

Both cut what they hear into windows of 30 s themselves, and read them all at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.backends import checkpoints
from cmean.backends.captioners.chat import ChatCaptioner
from cmean.domain import Sound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class AudioFlamingo3Captioner(ChatCaptioner):
    """Captions sounds by Audio Flamingo 3; parameters as `ChatCaptioner`."""

    architectures = ("audioflamingo3",)
    media = (Sound,)

    window_seconds: float = 600.0
    """Maximum length of a sound in seconds; that of the weights, once they are loaded."""

    def _get_model_class(self) -> Any:  # noqa: ANN401 - a class of transformers
        from transformers import AudioFlamingo3ForConditionalGeneration

        return AudioFlamingo3ForConditionalGeneration

    def _get_processor_class(self) -> Any:  # noqa: ANN401 - a class of transformers
        from transformers import AudioFlamingo3Processor

        return AudioFlamingo3Processor

    def _load_processor(self, folder: Path) -> Any:  # noqa: ANN401 - a processor of transformers
        parts = {
            "feature_extractor": checkpoints.load_feature_extractor(folder),
            "tokenizer": checkpoints.load_tokenizer(folder),
        }
        processor = checkpoints.assemble_processor(self._get_processor_class(), folder, parts)
        self.window_seconds = float(processor.max_audio_len)
        return processor

    def _make_audio_options(self, sounds: Sequence[Sound]) -> Mapping[str, Any]:
        return {
            **super()._make_audio_options(sounds),
            "padding": "max_length",
        }  # whole windows only


class MusicFlamingoCaptioner(AudioFlamingo3Captioner):
    """Captions sounds by Music Flamingo; parameters as `ChatCaptioner`."""

    architectures = ("musicflamingo",)

    window_seconds: float = 1200.0
    """Maximum length of a sound in seconds; that of the weights, once they are loaded."""

    def _get_model_class(self) -> Any:  # noqa: ANN401 - a class of transformers
        from transformers import MusicFlamingoForConditionalGeneration

        return MusicFlamingoForConditionalGeneration

    def _get_processor_class(self) -> Any:  # noqa: ANN401 - a class of transformers
        from transformers import MusicFlamingoProcessor

        return MusicFlamingoProcessor
