"""What all captioners that are chat models have in common.

The system prompt, the media and the request make the conversation by the checkpoint's own chat
template; the caption is the assistant's turn. An excerpt's `prefix` is put at the beginning of that
turn, so that a truncated caption is continued.

Decoding is greedy, or sampled where `temperature` is above 0. Of the checkpoint's generation
settings two are kept, the tokens that end a turn and its repetition penalty; its `top_k` and
`top_p` are used where `sampling` is ``"checkpoint"``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from cmean.backends import checkpoints, inputs
from cmean.backends.captioners.conversation import (
    convert_to_image,
    derive_excerpt_seed,
    format_conversation,
    pad_samples,
    read_caption,
)
from cmean.backends.engine import EngineThread
from cmean.backends.generation.batch import GenerationBatch, create_batch
from cmean.backends.generation.jobs import GeneratedTokens, GenerationJob
from cmean.backends.generation.sampling import Sampling, SamplingChoice
from cmean.backends.model import ModelBackend
from cmean.backends.quantization import choose_quantization
from cmean.domain import Picture, Sound
from cmean.errors import CaptionError, ConfigError, ItemError, WeightsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cmean.domain import Caption, Excerpt


class ChatCaptioner(ModelBackend, ABC):
    """Captions by a chat model of transformers; a subclass says which.

    Implements `cmean.protocols.Captioner`.

    Args:
        model: a repository or folder of weights.
        revision: of the repository.
        dtype: of the weights: ``float32``, ``bfloat16`` or ``float16``.
        quantization: None, or ``"4bit"``.
        max_new_tokens: a caption is cut there.
        sampling: `temperature`, `top_k`, `top_p`, `repetition_penalty`, `seed` and `sampling`, as
            `SamplingChoice`. The draw for an excerpt depends on the seed and on the excerpt only.
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
        **sampling: Any,  # noqa: ANN401 - of SamplingChoice
    ) -> None:
        super().__init__(model, revision, dtype)
        if max_new_tokens < 1:
            raise ConfigError(f"max_new_tokens is at least 1, not {max_new_tokens}")
        self._four_bit = choose_quantization(quantization) is not None
        self._max_new_tokens = max_new_tokens
        self._choice = SamplingChoice(**sampling)
        self._sampling: Sampling
        self._network: Any = None
        self._processor: Any = None
        self._batch: GenerationBatch
        self._engine: EngineThread[GenerationJob, GeneratedTokens]

    def _load(self) -> None:
        folder = checkpoints.open_checkpoint(self.model, self._revision, self.architectures)
        self._processor = processor = self._load_processor(folder)
        if processor.chat_template is None:
            processor.chat_template = processor.tokenizer.chat_template
        if processor.chat_template is None:
            raise WeightsError(f"{folder} has no chat template: name a model that is made to chat")
        network = checkpoints.load_model(
            self._get_model_class(), folder, dtype=self._dtype, four_bit=self._four_bit
        )
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
            given["images"] = [convert_to_image(media)]
        else:
            given["audio"] = [pad_samples(media)]
            given["audio_kwargs"] = self._make_audio_options([media])
        # where the template wrote the token that begins a text, the tokenizer must not
        spelled = {"add_special_tokens": not (begin and text.startswith(begin))}
        tensors = self._processor(text=[text], text_kwargs=spelled, return_tensors="pt", **given)
        sampling = self._sampling
        if sampling.temperature:
            sampling = replace(sampling, seed=derive_excerpt_seed(self._choice.seed, excerpt))
        return GenerationJob(tensors, self._max_new_tokens, sampling)

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
