"""Qwen2.5-VL: captions of pictures at their own resolution, within bounds (Bai et al. 2025)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.backends import checkpoints
from cmean.backends.captioners.qwen import QwenVisionCaptioner, assemble_processor_without_video
from cmean.domain import Picture

if TYPE_CHECKING:
    from pathlib import Path


class Qwen25VLCaptioner(QwenVisionCaptioner):
    """Captions pictures by Qwen2.5-VL; parameters as `QwenVisionCaptioner`."""

    architectures = ("qwen2_5_vl",)
    media = (Picture,)

    def _get_model_class(self) -> Any:  # noqa: ANN401 - a class of transformers
        from transformers import Qwen2_5_VLForConditionalGeneration

        return Qwen2_5_VLForConditionalGeneration

    def _load_processor(self, folder: Path) -> Any:  # noqa: ANN401 - a processor of transformers
        from transformers import Qwen2_5_VLProcessor

        parts = {
            "image_processor": self._load_image_processor(folder),
            "tokenizer": checkpoints.load_tokenizer(folder),
        }
        return assemble_processor_without_video(Qwen2_5_VLProcessor, folder, parts)
