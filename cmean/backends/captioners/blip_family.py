"""What BLIP, BLIP-2 and InstructBLIP share: pictures grouped by what is asked of them.

These models give the same caption alone and in a batch only when all prompts of the batch are the
same, so a batch is split into groups of one prompt each; nothing is ever padded.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from cmean import torch_tools
from cmean.backends import checkpoints, inputs
from cmean.backends.model import ModelBackend
from cmean.domain import Caption, FinishReason
from cmean.errors import CaptionError, ConfigError, WeightsError
from cmean.failure_reasons import FailureReason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cmean.domain import Excerpt, Prompt


@dataclass(frozen=True, slots=True, eq=False)
class PromptGroup:
    """Pictures of a batch that are asked the same: their places in it, and a float tensor of shape
    (pictures, 3, height, width).
    """

    places: list[int]
    prompt: str
    pixels: Any


class BlipFamily(ModelBackend):
    """A captioner of the family. Implements `cmean.protocols.PreparingCaptioner`.

    Args:
        model: a repository or folder.
        revision: of the repository.
        dtype: number format of the weights: float32, bfloat16 or float16.
        max_new_tokens: a caption is cut there.
    """

    architecture: str
    """What `model_type` is in the checkpoint's configuration."""

    def __init__(self, *, model: str, revision: str, dtype: str, max_new_tokens: int) -> None:
        if max_new_tokens < 1:
            raise ConfigError(f"max_new_tokens must be at least 1, not {max_new_tokens}")
        super().__init__(model, revision, dtype)
        self.max_new_tokens = max_new_tokens
        self._model: Any = None
        self._tokenizer: Any = None
        self._images: Any = None
        self._ends: list[int] = []

    def _load(self) -> None:
        folder = checkpoints.open_checkpoint(self.model, self._revision, [self.architecture])
        self._tokenizer = checkpoints.load_tokenizer(folder)
        self._images = checkpoints.load_image_processor(folder)
        self._model = self._read(folder)
        self._ends = self.get_end_tokens()

    @abstractmethod
    def _read(self, folder: Path) -> Any:  # noqa: ANN401 - a model of transformers
        """Read the model in a folder, and whatever else the captioner needs."""

    def _release_model(self) -> None:
        self._model = self._tokenizer = self._images = None

    def caption(self, batch: Sequence[Excerpt]) -> list[Caption]:
        """Caption pictures; as many captions as excerpts, in their order.

        Raises:
            CaptionError: `not-a-picture`, `empty-picture`; `prompt-too-long` for a prompt that does
                not fit the model.
        """
        return self.generate(self.prepare(batch))

    def prepare(self, batch: Sequence[Excerpt]) -> list[PromptGroup]:
        """Prepare the model's inputs of the pictures, grouped by prompt."""
        groups: dict[str, list[int]] = {}
        images = []
        for place, excerpt in enumerate(batch):
            seen = inputs.check_picture(excerpt.media, self.model, CaptionError)
            images.append(Image.fromarray(seen.pixels))
            groups.setdefault(self.format_prompt(excerpt.prompt), []).append(place)
        return [
            PromptGroup(places, prompt, self._load_pixels([images[place] for place in places]))
            for prompt, places in groups.items()
        ]

    def generate(self, prepared: Sequence[PromptGroup]) -> list[Caption]:
        """Caption what was prepared."""
        captions: dict[int, Caption] = {}
        for group in prepared:
            captions |= zip(group.places, self._decode_captions(group), strict=True)
        return [captions[place] for place in sorted(captions)]

    @abstractmethod
    def format_prompt(self, prompt: Prompt | None) -> str:
        """Format a prompt for this model."""

    @abstractmethod
    def get_end_tokens(self) -> list[int]:
        """Return the tokens that end a caption.

        Raises:
            WeightsError: the checkpoint names none.
        """

    @abstractmethod
    def write(self, prompt: str, pixels: Any, **options: Any) -> Any:  # noqa: ANN401 - tensors
        """Generate with the model.

        Args:
            prompt: that of all pictures.
            pixels: as in `PromptGroup`, on the model's device.
            options: for `generate` of transformers.

        Returns:
            The new tokens, of shape (pictures, longest).
        """

    def _load_pixels(self, images: list[Any]) -> Any:  # noqa: ANN401 - a tensor
        return self._images(images, return_tensors="pt")["pixel_values"]

    def _decode_captions(self, group: PromptGroup) -> list[Caption]:
        import torch

        with torch.inference_mode(), torch_tools.convert_device_errors():
            pixels = group.pixels.to(self._model.device, self._model.dtype)
            rows = self.write(
                group.prompt,
                pixels,
                max_new_tokens=self.max_new_tokens,
                do_sample=False,
                num_beams=1,
                eos_token_id=self._ends,
            ).tolist()
        return [self._caption(row) for row in rows]

    def _caption(self, row: list[int]) -> Caption:
        """Decode a row of tokens up to its end token; the rest is padding."""
        end = next((place for place, token in enumerate(row) if token in self._ends), None)
        text = self._tokenizer.decode(row[:end], skip_special_tokens=True).strip()
        reason = FinishReason.LENGTH if end is None else FinishReason.STOP
        return Caption(text, reason, tokens=len(row[:end]))


def join_prompt(prompt: Prompt | None) -> str:
    """Join a prompt as one text, for models that know no roles."""
    return "" if prompt is None else f"{prompt.system}\n\n{prompt.user}".strip()


def find_end_tokens(model: Any) -> list[int]:  # noqa: ANN401 - of transformers
    """Find the tokens that end a text of a model's language model.

    Raises:
        WeightsError: the checkpoint names none.
    """
    named = model.generation_config.eos_token_id
    named = model.config.text_config.eos_token_id if named is None else named
    if named is None:
        raise WeightsError("the checkpoint's configuration names no token that ends a text")
    return list(named) if isinstance(named, list | tuple) else [named]


def check_length(tokens: int, limit: int | None) -> None:
    """Refuse what would reach beyond a model's positions; a limit of None is none.

    Raises:
        CaptionError: `prompt-too-long`.
    """
    if limit is not None and tokens > limit:
        detail = (
            f"prompt and caption need {tokens} tokens, and the model has {limit}: shorten either"
        )
        raise CaptionError(FailureReason.PROMPT_TOO_LONG, detail)
