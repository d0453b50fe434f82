"""Chat models run by vLLM in this process: captions of pictures, sounds or both."""

from __future__ import annotations

from dataclasses import fields
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from cmean.backends import checkpoints, inputs, writing
from cmean.backends.captioners.conversation import (
    convert_to_image,
    derive_excerpt_seed,
    format_conversation,
    pad_samples,
)
from cmean.backends.vllm_engine import EngineReply, EngineRequest
from cmean.backends.vllm_model import VllmModel, check_temperature
from cmean.domain import Caption, FinishReason, Picture
from cmean.errors import CaptionError, ConfigError, ItemError, WeightsError
from cmean.failure_reasons import FailureReason
from cmean.generation.sampling import SamplingChoice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cmean.domain import Excerpt

RATE = 16_000
"""Of the sounds that it takes, in Hz."""

_QWEN_PIXELS = {"min_pixels": 256 * 784, "max_pixels": 1280 * 784}
"""The size to which Qwen's models scale a picture, unless told otherwise: about 784 a token."""


class VllmCaptioner(VllmModel):
    """Captions excerpts by a chat model in vLLM; what media it takes is the checkpoint's affair.

    Implements `cmean.protocols.Captioner`. Prompts are those of the checkpoint's chat template, and
    of its generation settings the tokens that end a turn and the repetition penalty are kept, as
    by `cmean.backends.captioners.chat.ChatCaptioner`.

    Args:
        max_new_tokens: a caption is cut there.
        window_seconds: longer sounds are cut into windows by the caller; None: as long as the
            checkpoint's feature extractor hears.
        min_pixels: smaller pictures are enlarged to that many; None: 200,704 for Qwen's models,
            else as the checkpoint says.
        max_pixels: larger pictures are reduced to that many; None: 1,003,520 for Qwen's models,
            else as the checkpoint says.
        parameters: `temperature` (at most 2), `top_k`, `top_p`, `repetition_penalty`, `seed` and
            `sampling` as `SamplingChoice`; the draw for an excerpt depends on the seed and on the
            excerpt only. All others as `VllmModel`.
    """

    def __init__(
        self,
        *,
        max_new_tokens: int = 512,
        window_seconds: float | None = None,
        min_pixels: int | None = None,
        max_pixels: int | None = None,
        **parameters: Any,  # noqa: ANN401 - of SamplingChoice and VllmModel
    ) -> None:
        names = {field.name for field in fields(SamplingChoice)}
        self._choice = SamplingChoice(**{n: parameters.pop(n) for n in names & parameters.keys()})
        check_temperature(self._choice.temperature)
        super().__init__(**parameters)
        if max_new_tokens < 1:
            raise ConfigError(f"max_new_tokens is at least 1, not {max_new_tokens}")
        self.window_seconds = window_seconds
        self._max_new_tokens = max_new_tokens
        self._pixels = {
            name: value
            for name, value in (("min_pixels", min_pixels), ("max_pixels", max_pixels))
            if value is not None
        }
        self._media: tuple[str, ...] = ()

    def _prepare(self, folder: Path, media: Sequence[str]) -> None:
        self._media = tuple(media)
        if not media:
            raise WeightsError(f"{folder} holds a model that takes neither pictures nor sounds")
        if "audio" in media and self.window_seconds is None:
            extractor = checkpoints.load_feature_extractor(folder)
            self.window_seconds = float(extractor.chunk_length)

    def _make_options(self, folder: Path, media: Sequence[str]) -> dict[str, Any]:
        options = super()._make_options(folder, media)
        options["limit_mm_per_prompt"] = {name: int(name != "video") for name in media}
        if "image" in media:
            pixels = (_QWEN_PIXELS if "qwen" in self._model_type else {}) | self._pixels
            options["mm_processor_kwargs"] = pixels or None
        return options

    def caption(self, batch: Sequence[Excerpt]) -> list[Caption | ItemError]:
        """Caption a batch; a `CaptionError` in place of the caption that fails.

        Raises:
            CaptionError: an excerpt is of a kind, rate, length or shape that the model cannot take.
            DeviceFaultError: the engine has failed; the process must end.
        """
        engine = self._get_engine()
        for excerpt in batch:
            self._check(excerpt)
        requests = [self._make_request(excerpt) for excerpt in batch]
        return [
            self._read(excerpt, request, reply)
            for excerpt, request, reply in zip(batch, requests, engine.ask(requests), strict=True)
        ]

    def _check(self, excerpt: Excerpt) -> None:
        media = excerpt.media
        if "audio" in self._media and not ("image" in self._media and isinstance(media, Picture)):
            inputs.check_sound(media, self.model, CaptionError, RATE, self.window_seconds)
        else:
            inputs.check_picture(media, self.model, CaptionError)

    def _make_request(self, excerpt: Excerpt) -> EngineRequest:
        tokenizer, media = self._tokenizer, excerpt.media
        # what is used of a processor, which vLLM has for itself
        processor = SimpleNamespace(
            tokenizer=tokenizer,
            chat_template=tokenizer.chat_template,
            apply_chat_template=tokenizer.apply_chat_template,
        )
        text = format_conversation(processor, excerpt)
        begin = tokenizer.bos_token
        # where the template wrote the token that begins a text, the tokenizer must not
        spelled = bool(begin) and text.startswith(begin)
        tokens = tokenizer(text, add_special_tokens=not spelled)["input_ids"]
        given: dict[str, Any] = (
            {"image": convert_to_image(media)}
            if isinstance(media, Picture)
            else {"audio": (pad_samples(media), media.rate)}
        )
        chosen = self._choice.complete(SimpleNamespace(**self._published))
        sampling = {
            "temperature": chosen.temperature,
            "top_k": chosen.top_k,
            "top_p": chosen.top_p,
            "repetition_penalty": chosen.penalty,
            "seed": derive_excerpt_seed(chosen.seed, excerpt),
            "max_tokens": self._max_new_tokens,
            "stop_token_ids": list(self._ends),
        }
        return EngineRequest(tokens, sampling, given)

    def _read(
        self, excerpt: Excerpt, request: EngineRequest, reply: EngineReply | ItemError
    ) -> Caption | ItemError:
        if isinstance(reply, ItemError):
            return CaptionError(reply.reason, reply.detail)
        if reply.finish_reason not in {*FinishReason}:
            return CaptionError(
                FailureReason.FINISH_REASON, f"the caption ended by {reply.finish_reason!r}"
            )
        tokens, ended = self._cut_at_end(reply.tokens)
        if not ended and len(tokens) < self._max_new_tokens:
            return CaptionError(
                FailureReason.PROMPT_TOO_LONG,
                f"the prompt has {reply.prompt_length:,} tokens, and its caption filled the rest "
                f"of the context of {self.context:,}",
            )
        if excerpt.prefix:
            written = writing.decode_continuation(self._tokenizer, request.tokens, tokens)
            text = excerpt.prefix + written
        else:
            text = writing.decode_tokens(self._tokenizer, tokens)
        if ended:
            return Caption(text, FinishReason.STOP, tokens=len(tokens))
        # the cap may have cut a character of several bytes
        return Caption(text.rstrip("\ufffd"), FinishReason.LENGTH, tokens=len(tokens))
