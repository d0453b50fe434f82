"""Causal language models with a chat template (Qwen3 and its like), run by transformers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from cmean.backends import checkpoints, torch_tools, writing
from cmean.backends.mappers.constrained import PatternMask, PatternMatchers
from cmean.backends.mappers.rows import RowTokenCaps, derive_question_seed
from cmean.backends.model import ModelBackend
from cmean.domain import Answer, FinishReason, Prompt
from cmean.errors import ItemError, WeightsError
from cmean.failure_reasons import FailureReason

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    import torch

    from cmean.domain import Question


@dataclass(frozen=True, eq=False)
class _Loaded:
    """A model in memory with what goes with it; `ends` are the tokens that end an answer."""

    model: Any
    tokenizer: Any
    ends: tuple[int, ...]
    pad: int
    control: re.Pattern[str]

    @cached_property
    def patterns(self) -> PatternMatchers:
        """Made with the first question that has a pattern: it takes a second."""
        width = self.model.get_output_embeddings().weight.shape[0]
        return PatternMatchers(self.tokenizer, width, self.ends)

    @property
    def context(self) -> int | None:
        """How many tokens fit, prompt and answer."""
        config = self.model.config.get_text_config()
        return getattr(config, "max_position_embeddings", None)


class CausalLanguageModel(ModelBackend):
    """Answers questions by a causal language model.

    Implements `cmean.protocols.LanguageModel`. The thinking of models that can turn it off is
    turned off. What a prompt quotes stays text, also where it looks like a token of the template.

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
        self._quantization = checkpoints.choose_quantization(quantization)
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
            quantization=self._quantization,
        )
        ends = _find_end_tokens(model, tokenizer)
        pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else ends[0]
        # a checkpoint's own defaults (sampling, penalties) would make answers depend on them
        untyped: Any = transformers.GenerationConfig
        model.generation_config = untyped(
            do_sample=False, eos_token_id=list(ends), pad_token_id=pad
        )
        loaded = _Loaded(model, tokenizer, ends, pad, writing.list_control_tokens(tokenizer))
        writing.refuse_thinking(_apply_template(loaded, Prompt("Hello.")), folder)
        self._loaded = loaded

    def _release_model(self) -> None:
        self._loaded = None

    def write(self, batch: Sequence[Question]) -> list[Answer]:
        """Answer questions, whatever their patterns, temperatures and caps; see the protocol.

        Raises:
            ItemError: `prompt-too-long` where prompt and answer exceed the model's context,
                `answer-cut` where the token cap ends an answer that must match a pattern,
                `bad-pattern` where nothing can match it.
        """
        if not batch:
            return []
        loaded = self._loaded
        if loaded is None:
            raise RuntimeError("load() comes before write()")
        prompts = [self._format_prompt(loaded, question) for question in batch]
        matchers = [
            None if q.pattern is None else loaded.patterns.create_matcher(q.pattern, q.prefix)
            for q in batch
        ]
        with torch_tools.convert_device_errors():
            rows = _generate(loaded, prompts, batch, matchers)
        return [
            _answer(loaded, question, prompt, row, matcher)
            for question, prompt, row, matcher in zip(batch, prompts, rows, matchers, strict=True)
        ]

    @staticmethod
    def _format_prompt(loaded: _Loaded, question: Question) -> list[int]:
        """Format a question as tokens, up to where the model continues."""
        text = _apply_template(loaded, question.prompt) + writing.break_control_tokens(
            question.prefix, loaded.control
        )
        tokens: list[int] = loaded.tokenizer(text, add_special_tokens=False)["input_ids"]
        context = loaded.context
        if context is not None and len(tokens) + question.max_tokens > context:
            raise ItemError(
                FailureReason.PROMPT_TOO_LONG,
                f"the prompt has {len(tokens):,} tokens and its answer up to "
                f"{question.max_tokens:,}; the model's context holds {context:,}",
            )
        return tokens


def _apply_template(loaded: _Loaded, prompt: Prompt) -> str:
    system, user = (
        writing.break_control_tokens(text, loaded.control) for text in (prompt.system, prompt.user)
    )
    off = writing.make_template_options(loaded.tokenizer.chat_template)

    def apply(*messages: dict[str, str]) -> str:
        return str(
            loaded.tokenizer.apply_chat_template(
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


def _generate(
    loaded: _Loaded,
    prompts: Sequence[Sequence[int]],
    batch: Sequence[Question],
    matchers: Sequence[Any | None],
) -> list[list[int]]:
    """Generate the new tokens of each row; after its end they are padding."""
    import torch

    device = loaded.model.device
    longest = max(map(len, prompts))
    # on the left, so that all rows continue from the same column
    ids = torch.full((len(prompts), longest), loaded.pad)
    mask = torch.zeros_like(ids)
    for row, tokens in enumerate(prompts):
        ids[row, longest - len(tokens) :] = torch.tensor(tokens)
        mask[row, longest - len(tokens) :] = 1
    caps = [question.max_tokens for question in batch]
    temperatures = [question.temperature for question in batch]
    processors: list[Any] = [
        writing.SamplingProcessor(temperatures, list(map(derive_question_seed, batch)), device)
    ]
    if any(matcher is not None for matcher in matchers):
        processors.insert(0, PatternMask(loaded.patterns, matchers))
    with torch.inference_mode():
        written: torch.Tensor = loaded.model.generate(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            max_new_tokens=max(caps),
            logits_processor=processors,
            stopping_criteria=[RowTokenCaps(caps, longest, device)],
        )
    rows: list[list[int]] = written[:, longest:].tolist()
    return rows


def _answer(
    loaded: _Loaded,
    question: Question,
    prompt: Sequence[int],
    row: Sequence[int],
    matcher: Any | None,  # noqa: ANN401 - of llguidance
) -> Answer:
    capped = row[: question.max_tokens]
    end = next((i for i, token in enumerate(capped) if token in loaded.ends), None)
    tokens = list(capped if end is None else capped[:end])
    if matcher is not None:
        _check(question, matcher, ended=end is not None)
    reason = FinishReason.LENGTH if end is None else FinishReason.STOP
    text = question.prefix + writing.decode_continuation(loaded.tokenizer, prompt, tokens)
    return Answer(text, reason, len(tokens))


def _check(question: Question, matcher: Any, *, ended: bool) -> None:  # noqa: ANN401 - of llguidance
    if matcher.is_error():
        message = (matcher.get_error().splitlines() or [""])[0]
        raise ItemError(
            FailureReason.BAD_PATTERN, f"the pattern {question.pattern!r} gave out: {message}"
        )
    if not ended:
        raise ItemError(
            FailureReason.ANSWER_CUT,
            f"{question.max_tokens} tokens did not suffice for an answer to {question.pattern!r}",
        )
