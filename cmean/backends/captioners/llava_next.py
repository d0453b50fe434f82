"""LLaVA-NeXT: captions of pictures seen whole and in tiles (Liu et al. 2024), and its later form.

LLaVA-NeXT-Interleave (Li et al. 2024) sees one picture as LLaVA 1.5 does, by other networks: its
published weights are of that architecture.
"""

from __future__ import annotations

from typing import Any

from cmean.backends.captioners.llava import LlavaCaptioner


class LlavaNextCaptioner(LlavaCaptioner):
    """Captions pictures by LLaVA-NeXT; parameters as `ChatCaptioner`."""

    architectures = ("llava_next",)

    def _get_model_class(self) -> Any:  # noqa: ANN401 - a class of transformers
        from transformers import LlavaNextForConditionalGeneration

        return LlavaNextForConditionalGeneration

    def _get_processor_class(self) -> Any:  # noqa: ANN401 - a class of transformers
        from transformers import LlavaNextProcessor

        return LlavaNextProcessor


class LlavaInterleaveCaptioner(LlavaCaptioner):
    """Captions pictures by LLaVA-NeXT-Interleave; parameters as `ChatCaptioner`."""
