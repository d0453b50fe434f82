"""What all captioners that are chat models have in common.

The system prompt, the media and the request make the conversation by the checkpoint's own chat
template; the caption is the assistant's turn. An excerpt's `prefix` is put at the beginning of that
turn, so that a truncated caption is continued.

Decoding is greedy, or sampled where `temperature` is above 0. Of the checkpoint's generation
settings two are kept, the tokens that end a turn and its repetition penalty; its `top_k` and
`top_p` are used where `sampling` is ``"checkpoint"``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from cmean.backends import checkpoints, inputs
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
    read_caption,
)
from cmean.backends.model import ModelBackend
from cmean.backends.quantization import choose_quantization
from cmean.domain import Picture, Sound
from cmean.errors import CaptionError, ConfigError, ItemError
from cmean.failure_reasons import FailureReason
from cmean.generation.batch import GenerationBatch, create_batch
from cmean.generation.engine import EngineThread
from cmean.generation.jobs import GeneratedTokens, GenerationJob
from cmean.generation.sampling import Sampling, SamplingChoice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.domain import Caption, Excerpt

_MIN_PIXELS, _MAX_PIXELS = 256 * 784, 1280 * 784
_MAX_ASPECT_RATIO = 200


class ChatCaptioner(ModelBackend):
    """Captions by a chat model of transformers; `architectures` has what differs between them.

    Implements `cmean.protocols.Captioner`.

    Args:
        model: a repository or folder of weights.
        revision: of the repository.
        dtype: of the weights: ``float32``, ``bfloat16`` or ``float16``.
        quantization: None, or ``"4bit"``.
        max_new_tokens: a caption is cut there.
        min_pixels: smaller pictures are enlarged to that many; None: 200,704. Of the Qwen models
            alone, which see pictures at their own aspect ratio.
        max_pixels: larger pictures are reduced to that many; None: 1,003,520. About every 784 are
            a token.
        architectures: what `model_type` in the checkpoint's ``config.json`` may be; none: any.
        sampling: `temperature`, `top_k`, `top_p`, `repetition_penalty`, `seed` and `sampling`, as
            `SamplingChoice`. The draw for an excerpt depends on the seed and on the excerpt only.
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
        min_pixels: int | None = None,
        max_pixels: int | None = None,
        architectures: tuple[str, ...] = (),
        **sampling: Any,  # noqa: ANN401 - of SamplingChoice
    ) -> None:
        super().__init__(model, revision, dtype)
        if max_new_tokens < 1:
            raise ConfigError(f"max_new_tokens is at least 1, not {max_new_tokens}")
        self._bounds = {"min_pixels": min_pixels, "max_pixels": max_pixels}
        shortest, longest = self._get_pixels()
        if not 0 < shortest <= longest:
            raise ConfigError("min_pixels is above 0, and max_pixels not below it")
        self._four_bit = choose_quantization(quantization) is not None
        self._max_new_tokens = max_new_tokens
        self._choice = SamplingChoice(**sampling)
        self._sampling: Sampling
        self._architectures = architectures
        self._network: Any = None
        self._processor: Any = None
        self._batch: GenerationBatch
        self._engine: EngineThread[GenerationJob, GeneratedTokens]
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
        network = checkpoints.load_model(
            get_model_class(architecture),
            folder,
            dtype=self._dtype,
            four_bit=self._four_bit,
        )
        hears = getattr(network.config, "audio_config", None) is not None
        self.window_seconds = find_window(processor, architecture) if hears else None
        published = network.generation_config
        self._sampling = self._choice.complete(published)
        tokenizer = processor.tokenizer
        ends = published.eos_token_id
        ends = tokenizer.eos_token_id if ends is None else ends
        ends = sorted(ends) if isinstance(ends, list) else [ends]
        padding = ends[0] if tokenizer.pad_token_id is None else tokenizer.pad_token_id
        self._batch = create_batch(network, ends, padding, self._max_new_tokens)
        self._engine = EngineThread(self._batch, f"caption-{folder.name}")
        self._network = network

    def _release_model(self) -> None:
        if self._network is not None:
            self._engine.close()
            del self._engine, self._batch
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

    @property
    def concurrency(self) -> int:
        """How many threads may call `caption` at once: a quarter more than are worked on."""
        return self._batch.concurrency

    def caption(self, batch: Sequence[Excerpt]) -> list[Caption | ItemError]:
        """Caption a batch.

        Raises:
            CaptionError: an excerpt is of a kind, rate, length or shape that the model cannot take.
            MemoryError: an excerpt does not fit, even alone.
        """
        jobs = [self.prepare_job(excerpt) for excerpt in batch]
        return [
            found
            if isinstance(found, ItemError)
            else read_caption(self._processor.tokenizer, found, job, excerpt.prefix)
            for excerpt, job, found in zip(batch, jobs, self._engine.run(jobs), strict=True)
        ]

    def prepare_job(self, excerpt: Excerpt) -> GenerationJob:
        """Prepare the model's input in main memory.

        Raises:
            CaptionError: the excerpt is of a kind, rate, length or shape that the model cannot
                take.
        """
        self._check(excerpt)
        media, text = excerpt.media, format_conversation(self._processor, excerpt)
        begin = self._processor.tokenizer.bos_token
        given: dict[str, Any] = {}
        if isinstance(media, Picture):
            given["images"] = [[convert_to_image(media)]]
        else:
            given["audio"] = [pad_samples(media, self._architecture.shortest)]
            given["audio_kwargs"] = self._architecture.make_audio_options(media.seconds, self.rate)
        # where the template wrote the token that begins a text, the tokenizer must not
        spelled = {"add_special_tokens": not (begin and text.startswith(begin))}
        tensors = self._processor(text=[text], text_kwargs=spelled, return_tensors="pt", **given)
        sampling = self._sampling
        if sampling.temperature:
            sampling = replace(sampling, seed=derive_excerpt_seed(self._choice.seed, excerpt))
        return GenerationJob(tensors, self._max_new_tokens, sampling)

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
