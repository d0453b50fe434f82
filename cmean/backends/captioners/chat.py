"""What all captioners that are chat models have in common.

The system prompt, the media and the request make the conversation by the checkpoint's own chat
template; the caption is the assistant's turn. An excerpt's `prefix` is put at the beginning of that
turn, so that a truncated caption is continued.

Decoding is greedy, or sampled where `temperature` is above 0. Of the checkpoint's generation
settings two are kept, the tokens that end a turn and its repetition penalty; no others are used.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from cmean.backends import checkpoints, inputs, torch_tools
from cmean.backends.captioners.conversation import (
    convert_to_image,
    derive_excerpt_seed,
    format_conversation,
    pad_samples,
)
from cmean.backends.captioners.decoding import Decoder
from cmean.backends.model import ModelBackend
from cmean.domain import Caption, Picture, Sound
from cmean.errors import CaptionError, ConfigError, WeightsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor, device, dtype

    from cmean.domain import Excerpt


@dataclass(frozen=True, slots=True)
class PreparedChat:
    """What the model takes: the processor's tensors, and of each excerpt its prefix and seed."""

    inputs: Mapping[str, Tensor]
    prefixes: tuple[str, ...]
    seeds: tuple[int, ...]


def _move_to_model(inputs: Mapping[str, Tensor], where: device, number: dtype) -> dict[str, Tensor]:
    """Copy tensors to where the model is, features in its number format."""
    return {
        name: tensor.to(where, number if tensor.is_floating_point() else None)
        for name, tensor in inputs.items()
    }


class ChatCaptioner(ModelBackend, ABC):
    """Captions by a chat model of transformers; a subclass says which.

    Implements `cmean.protocols.PreparingCaptioner`.

    Args:
        model: a repository or folder of weights.
        revision: of the repository.
        dtype: of the weights: ``float32``, ``bfloat16`` or ``float16``.
        quantization: None, or ``"4bit"``.
        max_new_tokens: a caption is cut there.
        temperature: 0 is greedy.
        seed: of the sampling; the draw for an excerpt depends on this and on the excerpt only.
    """

    architectures: ClassVar[tuple[str, ...]]
    """What `model_type` in the checkpoint's ``config.json`` may be."""

    media: ClassVar[tuple[type[Sound | Picture], ...]]
    """What it takes."""

    rate: ClassVar[int] = 16_000
    """Of the sounds that it takes, in Hz."""

    def __init__(
        self,
        *,
        model: str,
        revision: str = "",
        dtype: str = "bfloat16",
        quantization: str | None = None,
        max_new_tokens: int = 512,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__(model, revision, dtype)
        if max_new_tokens < 1 or temperature < 0:
            raise ConfigError("max_new_tokens is at least 1, and temperature at least 0")
        self._quantization = checkpoints.choose_quantization(quantization)
        self._max_new_tokens = max_new_tokens
        self._temperature = temperature
        self._seed = seed
        self._network: Any = None
        self._processor: Any = None
        self._decoder: Decoder

    def _load(self) -> None:
        folder = checkpoints.open_checkpoint(self.model, self._revision, self.architectures)
        self._processor = processor = self._load_processor(folder)
        if processor.chat_template is None:
            processor.chat_template = processor.tokenizer.chat_template
        if processor.chat_template is None:
            raise WeightsError(f"{folder} has no chat template: name a model that is made to chat")
        self._network = network = checkpoints.load_model(
            self._get_model_class(), folder, dtype=self._dtype, quantization=self._quantization
        )
        published = network.generation_config
        self._decoder = Decoder(processor.tokenizer, published, self._temperature)
        network.generation_config = self._decoder.get_settings()

    def _release_model(self) -> None:
        self._network = self._processor = None

    def caption(self, batch: Sequence[Excerpt]) -> list[Caption]:
        """Caption a batch; see `prepare` and `generate` for the errors."""
        return self.generate(self.prepare(batch)) if batch else []

    def prepare(self, batch: Sequence[Excerpt]) -> PreparedChat:
        """Prepare the model's inputs in main memory, rows padded on the left.

        Raises:
            CaptionError: an excerpt is of a kind, rate, length or shape that the model cannot take.
        """
        for excerpt in batch:
            self._check(excerpt)
        texts = [format_conversation(self._processor, excerpt) for excerpt in batch]
        pictures = [one.media for one in batch if isinstance(one.media, Picture)]
        sounds = [one.media for one in batch if isinstance(one.media, Sound)]
        begin = self._processor.tokenizer.bos_token
        given: dict[str, Any] = {}
        if pictures:
            given["images"] = [convert_to_image(picture) for picture in pictures]
        if sounds:
            given["audio"] = [pad_samples(sound) for sound in sounds]
            given["audio_kwargs"] = self._make_audio_options(sounds)
        # where the template wrote the token that begins a text, the tokenizer must not
        spelled = {
            "padding": True,
            "add_special_tokens": not (begin and texts[0].startswith(begin)),
        }
        tensors = self._processor(text=texts, text_kwargs=spelled, return_tensors="pt", **given)
        prefixes = tuple(excerpt.prefix for excerpt in batch)
        seeds = tuple(
            derive_excerpt_seed(self._seed, excerpt) for excerpt in batch if self._temperature
        )
        return PreparedChat(tensors, prefixes, seeds)

    def generate(self, prepared: PreparedChat) -> list[Caption]:
        """Caption what was prepared.

        Raises:
            MemoryError: the batch does not fit.
        """
        import torch

        network = self._network
        with torch.inference_mode(), torch_tools.convert_device_errors():
            rows = network.generate(
                **_move_to_model(prepared.inputs, network.device, network.dtype),
                max_new_tokens=self._max_new_tokens,
                logits_processor=self._decoder.make_processors(prepared.seeds, network.device),
            ).tolist()
        start = prepared.inputs["input_ids"].shape[1]
        return [
            self._decoder.caption(row[start:], row[:start], prefix)
            for row, prefix in zip(rows, prepared.prefixes, strict=True)
        ]

    # What differs between architectures.

    @abstractmethod
    def _get_model_class(self) -> Any:  # noqa: ANN401 - a class of transformers
        """Return the class of the network."""

    @abstractmethod
    def _load_processor(self, folder: Path) -> Any:  # noqa: ANN401 - a processor of transformers
        """Load the processor of the model's inputs from a checkpoint."""

    def _make_audio_options(self, sounds: Sequence[Sound]) -> Mapping[str, Any]:  # noqa: ARG002
        """Make the options of the feature extractor for a batch of sounds."""
        return {"sampling_rate": self.rate}

    def _check(self, excerpt: Excerpt) -> None:
        """Raise a CaptionError where the model cannot take an excerpt."""
        media = excerpt.media
        if Picture not in self.media or (Sound in self.media and isinstance(media, Sound)):
            window = getattr(self, "window_seconds", None)
            inputs.check_sound(media, self.model, CaptionError, self.rate, window)
        else:
            self._check_picture(inputs.check_picture(media, self.model, CaptionError))

    def _check_picture(self, picture: Picture) -> None:
        """Raise a CaptionError where the model cannot take a picture."""
