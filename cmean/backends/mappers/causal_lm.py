"""Causal language models with a chat template (Qwen3 and its like), run by transformers."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from cmean.backends import checkpoints, writing
from cmean.backends.model import ModelBackend
from cmean.backends.quantization import choose_quantization
from cmean.domain import Answer, FinishReason, GradedAnswer, Prompt
from cmean.errors import ItemError, WeightsError
from cmean.failure_reasons import FailureReason
from cmean.generation.batch import GenerationBatch, create_batch
from cmean.generation.engine import EngineThread
from cmean.generation.grading import GradedTokens, create_grading_batch
from cmean.generation.jobs import GeneratedTokens, GenerationJob
from cmean.generation.patterns import PatternMatchers
from cmean.generation.sampling import Sampling

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from cmean.domain import Question


_USUAL_TOKENS = 96
"""What an answer has at most that rates the captions of an item."""


@dataclass(eq=False)
class _Loaded:
    """A model in memory with what goes with it; `ends` are the tokens that end an answer."""

    model: Any
    tokenizer: Any
    ends: tuple[int, ...]
    control: re.Pattern[str]
    batch: GenerationBatch
    engine: EngineThread[GenerationJob, GeneratedTokens]

    _grader: EngineThread[GenerationJob, GradedTokens] | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def patterns(self) -> PatternMatchers:
        """Made with the first question that has a pattern: it takes a second."""
        with self._lock:
            if self.batch.patterns is None:
                width = self.model.get_output_embeddings().weight.shape[0]
                self.batch.patterns = PatternMatchers(self.tokenizer, width, self.ends)
            return self.batch.patterns

    @property
    def grader(self) -> EngineThread[GenerationJob, GradedTokens]:
        """Made with the first question that is graded."""
        with self._lock:
            if self._grader is None:
                batch = create_grading_batch(self.batch, self.patterns)
                self._grader = EngineThread(batch, "grade")
            return self._grader

    def close(self) -> None:
        """End the threads."""
        self.engine.close()
        if self._grader is not None:
            self._grader.close()

    @property
    def context(self) -> int | None:
        """How many tokens fit, prompt and answer."""
        config = self.model.config.get_text_config()
        return getattr(config, "max_position_embeddings", None)


class CausalLanguageModel(ModelBackend):
    """Answers questions by a causal language model.

    Implements `cmean.protocols.GradingLanguageModel`. Models that can turn their thinking off do
    not think. What a prompt quotes stays text, also where it looks like a token of the template.

    Args:
        model: a repository or a folder.
        revision: of the repository.
        dtype: the number format of its weights: float32, bfloat16 or float16.
        quantization: "4bit" loads the weights as NF4 (Dettmers et al. 2023); None: as they are.
    """

    constrains = True

    def __init__(
        self,
        model: str,
        revision: str = "",
        dtype: str = "bfloat16",
        quantization: str | None = None,
    ) -> None:
        super().__init__(model, revision, dtype)
        self._four_bit = choose_quantization(quantization) is not None
        self._loaded: _Loaded | None = None

    def _load(self) -> None:
        import transformers

        folder = checkpoints.open_checkpoint(self.model, self._revision)
        tokenizer = checkpoints.load_tokenizer(folder)
        if not tokenizer.chat_template:
            raise WeightsError(f"{folder} has no chat template: it is no model that takes requests")
        model = checkpoints.load_model(
            transformers.AutoModelForCausalLM,
            folder,
            dtype=self._dtype,
            four_bit=self._four_bit,
        )
        ends = _find_end_tokens(model, tokenizer)
        pad = ends[0] if tokenizer.pad_token_id is None else tokenizer.pad_token_id
        # nothing of the checkpoint's own settings but its ends: answers would depend on them
        batch = create_batch(model, ends, pad, _USUAL_TOKENS)
        control = writing.list_control_tokens(tokenizer)
        writing.refuse_thinking(_apply_template(tokenizer, control, Prompt("Hello.")), folder)
        engine = EngineThread(batch, f"generate-{folder.name}")
        self._loaded = _Loaded(model, tokenizer, ends, control, batch, engine)

    def _release_model(self) -> None:
        if self._loaded is not None:
            self._loaded.close()
        self._loaded = None

    @property
    def concurrency(self) -> int:
        """How many threads may call `write` at once: a quarter more than are worked on."""
        return self._get_loaded().batch.concurrency

    def write(self, batch: Sequence[Question]) -> list[Answer | ItemError]:
        """Answer questions, whatever their patterns, temperatures and caps; see the protocol.

        An answer may be an `ItemError`: `answer-cut` where the token cap ends an answer that must
        match a pattern, `bad-pattern` where the pattern gives out.

        Raises:
            ItemError: `prompt-too-long` where prompt and answer exceed the model's context,
                `bad-pattern` where nothing can match it.
            MemoryError: a question does not fit, even alone.
        """
        if not batch:
            return []
        loaded = self._get_loaded()
        prompts = [self._format_prompt(loaded, question) for question in batch]
        jobs = [_make_job(loaded, *pair) for pair in zip(batch, prompts, strict=True)]
        found = loaded.engine.run(jobs)
        return [
            result if isinstance(result, ItemError) else _answer(loaded, question, job, result)
            for question, job, result in zip(batch, jobs, found, strict=True)
        ]

    def grade(self, batch: Sequence[Question]) -> list[GradedAnswer | ItemError]:
        """Answer questions greedily, and grade the numbers of the answers; errors as `write`.

        Raises:
            ConfigError: the model's cache cannot hold the branches of numbers.
            ItemError: `bad-pattern` where a question has no pattern.
        """
        if not batch:
            return []
        loaded = self._get_loaded()
        if any(question.pattern is None for question in batch):
            raise ItemError(FailureReason.BAD_PATTERN, "an answer without a pattern has no grades")
        prompts = [self._format_prompt(loaded, question) for question in batch]
        jobs = [_make_job(loaded, *pair) for pair in zip(batch, prompts, strict=True)]
        found = loaded.grader.run(jobs)
        return [
            result if isinstance(result, ItemError) else _grade(loaded, question, job, result)
            for question, job, result in zip(batch, jobs, found, strict=True)
        ]

    def _get_loaded(self) -> _Loaded:
        if self._loaded is None:
            raise RuntimeError("load() comes first")
        return self._loaded

    @staticmethod
    def _format_prompt(loaded: _Loaded, question: Question) -> list[int]:
        """Format a question as tokens, up to where the model continues."""
        text = _apply_template(
            loaded.tokenizer, loaded.control, question.prompt
        ) + writing.break_control_tokens(question.prefix, loaded.control)
        tokens: list[int] = loaded.tokenizer(text, add_special_tokens=False)["input_ids"]
        context = loaded.context
        if context is not None and len(tokens) + question.max_tokens > context:
            raise ItemError(
                FailureReason.PROMPT_TOO_LONG,
                f"the prompt has {len(tokens):,} tokens and its answer up to "
                f"{question.max_tokens:,}; the model's context holds {context:,}",
            )
        return tokens


def _apply_template(tokenizer: Any, control: re.Pattern[str], prompt: Prompt) -> str:  # noqa: ANN401 - of transformers
    system, user = (
        writing.break_control_tokens(text, control) for text in (prompt.system, prompt.user)
    )
    off = writing.make_template_options(tokenizer.chat_template)

    def apply(*messages: dict[str, str]) -> str:
        return str(
            tokenizer.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=True, **off
            )
        )

    if not system:
        return apply({"role": "user", "content": user})
    try:
        return apply({"role": "system", "content": system}, {"role": "user", "content": user})
    except TemplateError:  # some models have no system's part
        return apply({"role": "user", "content": f"{system}\n\n{user}"})


def _find_end_tokens(model: Any, tokenizer: Any) -> tuple[int, ...]:  # noqa: ANN401 - of transformers
    named = model.generation_config.eos_token_id
    listed = named if isinstance(named, list) else [named]
    ends = {int(end) for end in [*listed, tokenizer.eos_token_id] if end is not None}
    if not ends:
        raise WeightsError("the checkpoint names no token that ends an answer")
    return tuple(sorted(ends))


def _make_job(loaded: _Loaded, question: Question, prompt: Sequence[int]) -> GenerationJob:
    import torch

    ids = torch.tensor([prompt])
    sampling = Sampling(
        question.temperature,
        question.top_k,
        question.top_p,
        question.repetition_penalty,
        writing.derive_question_seed(question),
    )
    matcher = None
    if question.pattern is not None:
        matcher = loaded.patterns.create_matcher(question.pattern, question.prefix)
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    return GenerationJob(given, question.max_tokens, sampling, matcher)


def _grade(
    loaded: _Loaded, question: Question, job: GenerationJob, found: GradedTokens
) -> GradedAnswer | ItemError:
    answer = _answer(loaded, question, job, GeneratedTokens(found.tokens, found.ended))
    if isinstance(answer, ItemError):
        return answer
    facts = (answer.text, answer.finish_reason, answer.tokens)
    return GradedAnswer(*facts, found.means, found.spreads)


def _answer(
    loaded: _Loaded, question: Question, job: GenerationJob, found: GeneratedTokens
) -> Answer | ItemError:
    matcher = job.matcher
    if matcher is not None and matcher.is_error():
        message = (matcher.get_error().splitlines() or [""])[0]
        detail = f"the pattern {question.pattern!r} gave out: {message}"
        return ItemError(FailureReason.BAD_PATTERN, detail)
    if matcher is not None and not found.ended:
        number = question.max_tokens
        detail = f"{number} tokens did not suffice for an answer to {question.pattern!r}"
        return ItemError(FailureReason.ANSWER_CUT, detail)
    before = job.inputs["input_ids"][0].tolist()
    text = writing.decode_continuation(loaded.tokenizer, before, found.tokens)
    reason = FinishReason.STOP if found.ended else FinishReason.LENGTH
    return Answer(question.prefix + text, reason, len(found.tokens))
