"""What all captioners that are chat models have in common.

The system prompt, the media and the request make the conversation by the checkpoint's own chat
template; the caption is the assistant's turn. An excerpt's `prefix` is put at the beginning of that
turn, so that a truncated caption is continued.

Decoding is greedy, or sampled where `temperature` is above 0. Of the checkpoint's generation
settings two are kept, the tokens that end a turn and its repetition penalty; no others are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from cmean.backends import checkpoints, inputs, torch_tools
from cmean.backends.captioners.architectures import (
    ARCHITECTURES,
    Architecture,
    find_architecture,
    find_window,
    get_model_class,
    load_processor,
)
from cmean.backends.captioners.conversation import (
    check_thinking,
    convert_to_image,
    derive_excerpt_seed,
    format_conversation,
    pad_samples,
)
from cmean.backends.captioners.decoding import Decoder
from cmean.backends.model import ModelBackend
from cmean.domain import Caption, Picture, Sound
from cmean.errors import CaptionError, ConfigError
from cmean.failure_reasons import FailureReason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor, device, dtype

    from cmean.domain import Excerpt

_MIN_PIXELS, _MAX_PIXELS = 256 * 784, 1280 * 784
_MAX_ASPECT_RATIO = 200


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


class ChatCaptioner(ModelBackend):
    """Captions by a chat model of transformers; `architectures` has what differs between them.

    Implements `cmean.protocols.PreparingCaptioner`.

    Args:
        model: a repository or folder of weights.
        revision: of the repository.
        dtype: of the weights: ``float32``, ``bfloat16`` or ``float16``.
        quantization: None, or ``"4bit"``.
        max_new_tokens: a caption is cut there.
        temperature: 0 is greedy.
        seed: of the sampling; the draw for an excerpt depends on this and on the excerpt only.
        min_pixels: smaller pictures are enlarged to that many; None: 200,704. Of the Qwen models
            alone, which see pictures at their own aspect ratio.
        max_pixels: larger pictures are reduced to that many; None: 1,003,520. About every 784 are
            a token.
        architectures: what `model_type` in the checkpoint's ``config.json`` may be; none: any.
    """

    rate: ClassVar[int] = 16_000
    """Of the sounds that it takes, in Hz."""

    def __init__(  # noqa: PLR0913 - all that a profile may set
        self,
        *,
        model: str,
        revision: str = "",
        dtype: str = "bfloat16",
        quantization: str | None = None,
        max_new_tokens: int = 512,
        temperature: float = 0.0,
        seed: int = 0,
        min_pixels: int | None = None,
        max_pixels: int | None = None,
        architectures: tuple[str, ...] = (),
    ) -> None:
        super().__init__(model, revision, dtype)
        if max_new_tokens < 1 or temperature < 0:
            raise ConfigError("max_new_tokens is at least 1, and temperature at least 0")
        self._bounds = {"min_pixels": min_pixels, "max_pixels": max_pixels}
        shortest, longest = self._get_pixels()
        if not 0 < shortest <= longest:
            raise ConfigError("min_pixels is above 0, and max_pixels not below it")
        self._quantization = checkpoints.choose_quantization(quantization)
        self._max_new_tokens = max_new_tokens
        self._temperature = temperature
        self._seed = seed
        self._architectures = architectures
        self._network: Any = None
        self._processor: Any = None
        self._decoder: Decoder
        self.window_seconds: float | None = None
        """Maximum length of a sound in seconds; that of the weights, once they are loaded."""
        if architectures:
            self._set_architecture(ARCHITECTURES.get(architectures[0], Architecture()))

    def _load(self) -> None:
        folder = checkpoints.open_checkpoint(self.model, self._revision, self._architectures)
        name = checkpoints.read_architecture(folder)
        self._set_architecture(architecture := find_architecture(name, folder))
        self._processor = processor = load_processor(name, folder)
        check_thinking(processor, folder)
        if architecture.scales:
            # Despite their names, these are numbers of pixels.
            sizes = zip(("shortest_edge", "longest_edge"), self._get_pixels(), strict=True)
            processor.image_processor.size = dict(sizes)
        self._network = network = checkpoints.load_model(
            get_model_class(architecture),
            folder,
            dtype=self._dtype,
            quantization=self._quantization,
        )
        hears = getattr(network.config, "audio_config", None) is not None
        self.window_seconds = find_window(processor, architecture) if hears else None
        published = network.generation_config
        self._decoder = Decoder(processor.tokenizer, published, self._temperature)
        network.generation_config = self._decoder.get_settings()

    def _release_model(self) -> None:
        self._network = self._processor = None

    def _set_architecture(self, architecture: Architecture) -> None:
        """Set what is known of the model before its weights are read."""
        self._architecture = architecture
        self.window_seconds = architecture.window
        given = [name for name, value in self._bounds.items() if value is not None]
        if given and not architecture.scales:
            raise ConfigError(f"{self.model} takes no {given[0]}: leave it out")

    def _get_pixels(self) -> tuple[int, int]:
        """Return the least and the most pixels to which a picture is scaled."""
        shortest, longest = self._bounds["min_pixels"], self._bounds["max_pixels"]
        return (
            _MIN_PIXELS if shortest is None else shortest,
            _MAX_PIXELS if longest is None else longest,
        )

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
            # a list a text, since some processors would take one list for the pictures of one text
            given["images"] = [
                [convert_to_image(one.media)] if isinstance(one.media, Picture) else []
                for one in batch
            ]
        if sounds:
            longest = max(sound.seconds for sound in sounds)
            given["audio"] = [pad_samples(sound) for sound in sounds]
            given["audio_kwargs"] = self._architecture.make_audio_options(longest, self.rate)
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

    def _check(self, excerpt: Excerpt) -> None:
        """Raise a CaptionError where the model cannot take an excerpt."""
        media = excerpt.media
        sees = hasattr(self._processor, "image_processor")
        if not sees or (self.window_seconds and isinstance(media, Sound)):
            window = self.window_seconds
            inputs.check_sound(media, self.model, CaptionError, self.rate, window)
            return
        picture = inputs.check_picture(media, self.model, CaptionError)
        height, width = picture.pixels.shape[:2]
        if self._architecture.scales and max(height, width) > _MAX_ASPECT_RATIO * min(
            height, width
        ):
            detail = f"one side of {width}×{height} is over {_MAX_ASPECT_RATIO} times the other"
            raise CaptionError(FailureReason.PICTURE_TOO_NARROW, detail)
