"""LLaVA 1.5: captions of pictures seen at one fixed resolution (Liu et al. 2023)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.backends import checkpoints
from cmean.backends.captioners.chat import ChatCaptioner
from cmean.domain import Picture
from cmean.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path


class LlavaCaptioner(ChatCaptioner):
    """Captions pictures by LLaVA; parameters as `ChatCaptioner`."""

    architectures = ("llava",)
    media = (Picture,)

    def _get_model_class(self) -> Any:  # noqa: ANN401 - a class of transformers
        from transformers import LlavaForConditionalGeneration

        return LlavaForConditionalGeneration

    def _get_processor_class(self) -> Any:  # noqa: ANN401 - a class of transformers
        from transformers import LlavaProcessor

        return LlavaProcessor

    def _load_processor(self, folder: Path) -> Any:  # noqa: ANN401 - a processor of transformers
        parts = {
            "image_processor": checkpoints.load_image_processor(folder),
            "tokenizer": checkpoints.load_tokenizer(folder),
        }
        processor = checkpoints.assemble_processor(self._get_processor_class(), folder, parts)
        if processor.patch_size is None:  # so in old publications
            raise WeightsError(
                f"{folder} has no patch_size in processor_config.json: download it again"
            )
        return processor
