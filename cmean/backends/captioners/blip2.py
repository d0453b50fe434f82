"""BLIP-2 (Li et al. 2023): a language model that sees a picture as 32 learned tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.backends import checkpoints
from cmean.backends.captioners.blip_family import (
    BlipFamily,
    check_length,
    find_end_tokens,
    join_prompt,
)
from cmean.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path

    from cmean.domain import Prompt


class Blip2Captioner(BlipFamily):
    """Captions pictures. With a prompt it answers in the form that BLIP-2 was evaluated with,
    `Question: … Answer:`; without one it writes the caption that it was trained to write.
    """

    architecture = "blip-2"

    def __init__(
        self,
        *,
        model: str,
        revision: str = "",
        dtype: str = "bfloat16",
        max_new_tokens: int = 128,
    ) -> None:
        super().__init__(model=model, revision=revision, dtype=dtype, max_new_tokens=max_new_tokens)

    def _read(self, folder: Path) -> Any:  # noqa: ANN401 - a model of transformers
        from transformers import Blip2ForConditionalGeneration

        return check_image_token(
            checkpoints.load_model(Blip2ForConditionalGeneration, folder, dtype=self._dtype), folder
        )

    def format_prompt(self, prompt: Prompt | None) -> str:
        """Format the prompt as a question."""
        text = join_prompt(prompt)
        return f"Question: {text} Answer:" if text else ""

    def get_end_tokens(self) -> list[int]:
        """Return the end tokens of the language model."""
        return find_end_tokens(self._model)

    def write(self, prompt: str, pixels: Any, **options: Any) -> Any:  # noqa: ANN401 - tensors
        """Generate from the picture's tokens and the prompt's."""
        return generate_after_picture(self._model, self._tokenizer, prompt, pixels, **options)


def check_image_token(model: Any, folder: Path) -> Any:  # noqa: ANN401 - of transformers
    """Check that the model's configuration names the token of a picture; return the model.

    Raises:
        WeightsError: it does not; early revisions of these repositories do not.
    """
    if model.config.image_token_index is None:
        raise WeightsError(
            f"{folder}/config.json names no image_token_index: take a newer revision of the weights"
        )
    return model


def generate_after_picture(
    model: Any,  # noqa: ANN401 - of transformers
    tokenizer: Any,  # noqa: ANN401 - of transformers
    prompt: str,
    pixels: Any,  # noqa: ANN401 - a tensor
    **options: Any,  # noqa: ANN401 - of `generate`
) -> Any:  # noqa: ANN401 - a tensor
    """Generate tokens after each picture and one prompt, by BLIP-2 or InstructBLIP.

    Raises:
        CaptionError: `prompt-too-long`.
    """
    import torch

    config = model.config
    # a prompt that spells a special token, like that of the picture, is no more than text
    words = tokenizer(prompt, split_special_tokens=True, verbose=False)["input_ids"]
    row = [config.image_token_index] * config.num_query_tokens + words
    limit = getattr(config.text_config, "max_position_embeddings", None)
    check_length(len(row) + options["max_new_tokens"], limit)
    found = model.generate(
        pixel_values=pixels,
        input_ids=torch.tensor([row] * len(pixels), device=pixels.device),
        pad_token_id=tokenizer.pad_token_id,
        **options,
    )
    # decoders repeat what they were given; encoder-decoders begin with one token of their own
    return found[:, 1 if config.text_config.is_encoder_decoder else len(row) :]
