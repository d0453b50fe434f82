"""BLIP (Li et al. 2022): short captions of pictures, without a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.backends import checkpoints
from cmean.backends.captioners.blip_family import BlipFamily, check_length

if TYPE_CHECKING:
    from pathlib import Path

    from cmean.domain import Prompt


class BlipCaptioner(BlipFamily):
    """Captions pictures. BLIP takes no prompt: that of an excerpt is not read."""

    architecture = "blip"

    def __init__(
        self,
        *,
        model: str,
        revision: str = "",
        dtype: str = "float32",
        max_new_tokens: int = 64,
    ) -> None:
        super().__init__(model=model, revision=revision, dtype=dtype, max_new_tokens=max_new_tokens)

    def _read(self, folder: Path) -> Any:  # noqa: ANN401 - a model of transformers
        from transformers import BlipForConditionalGeneration

        return checkpoints.load_model(BlipForConditionalGeneration, folder, dtype=self._dtype)

    def format_prompt(self, prompt: Prompt | None) -> str:  # noqa: ARG002 - it takes none
        """Return an empty text: BLIP takes no prompt."""
        return ""

    def get_end_tokens(self) -> list[int]:
        """Return the separator, with which BLIP's text model ends a caption."""
        return [self._model.config.text_config.sep_token_id]

    def write(self, prompt: str, pixels: Any, **options: Any) -> Any:  # noqa: ANN401, ARG002 - tensors; nothing is asked
        """Generate from the beginning; the first token of what BLIP gives is that beginning."""
        check_length(
            1 + options["max_new_tokens"], self._model.config.text_config.max_position_embeddings
        )
        del options["eos_token_id"]  # BLIP sets it itself
        return self._model.generate(pixel_values=pixels, **options)[:, 1:]
