"""Qwen3-Omni: a mixture of experts that captions sounds and pictures (Xu et al. 2025)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.backends.captioners.qwen2_5_omni import Qwen25OmniCaptioner

if TYPE_CHECKING:
    from pathlib import Path


class Qwen3OmniCaptioner(Qwen25OmniCaptioner):
    """Captions sounds and pictures by Qwen3-Omni; parameters as `QwenVisionCaptioner`."""

    architectures = ("qwen3_omni_moe", "qwen3_omni_moe_thinker")

    def _get_model_class(self) -> Any:  # noqa: ANN401 - a class of transformers
        from transformers import Qwen3OmniMoeThinkerForConditionalGeneration

        return Qwen3OmniMoeThinkerForConditionalGeneration

    def _load_processor(self, folder: Path) -> Any:  # noqa: ANN401 - a processor of transformers
        from transformers import Qwen3OmniMoeProcessor

        return self._assemble(Qwen3OmniMoeProcessor, folder)
