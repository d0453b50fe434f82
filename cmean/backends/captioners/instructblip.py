"""InstructBLIP (Dai et al. 2023): BLIP-2 whose look at the picture is led by the instruction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.backends import checkpoints
from cmean.backends.captioners.blip2 import check_image_token, generate_after_picture
from cmean.backends.captioners.blip_family import (
    BlipFamily,
    check_length,
    find_end_tokens,
    join_prompt,
)
from cmean.domain import Prompt

if TYPE_CHECKING:
    from pathlib import Path

_UNASKED = Prompt("Write a description of the picture.")


class InstructBlipCaptioner(BlipFamily):
    """Captions pictures as the prompt instructs; without one it is asked for a description."""

    architecture = "instructblip"

    def __init__(
        self,
        *,
        model: str,
        revision: str = "",
        dtype: str = "bfloat16",
        max_new_tokens: int = 256,
    ) -> None:
        super().__init__(model=model, revision=revision, dtype=dtype, max_new_tokens=max_new_tokens)
        self._instructions: Any = None

    def _read(self, folder: Path) -> Any:  # noqa: ANN401 - a model of transformers
        from transformers import InstructBlipForConditionalGeneration

        found = checkpoints.load_model(
            InstructBlipForConditionalGeneration, folder, dtype=self._dtype
        )
        self._instructions = checkpoints.load_tokenizer(folder / "qformer_tokenizer")
        return check_image_token(found, folder)

    def _release_model(self) -> None:
        self._instructions = None
        super()._release_model()

    def format_prompt(self, prompt: Prompt | None) -> str:
        """Format the prompt as an instruction."""
        return join_prompt(prompt) or join_prompt(_UNASKED)

    def get_end_tokens(self) -> list[int]:
        """Return the end tokens of the language model."""
        return find_end_tokens(self._model)

    def write(self, prompt: str, pixels: Any, **options: Any) -> Any:  # noqa: ANN401 - tensors
        """Generate; the instruction also leads what looks at the picture."""
        import torch

        words = self._instructions(prompt, split_special_tokens=True, verbose=False)["input_ids"]
        check_length(len(words), self._model.config.qformer_config.max_position_embeddings)
        rows = torch.tensor([words] * len(pixels), device=pixels.device)
        return generate_after_picture(
            self._model,
            self._tokenizer,
            prompt,
            pixels,
            qformer_input_ids=rows,
            qformer_attention_mask=torch.ones_like(rows),
            **options,
        )
