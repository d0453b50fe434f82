"""Language models run by vLLM in this process: maps captions by a prompt, joins captions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from cmean.backends import writing
from cmean.backends.vllm_engine import EngineReply, EngineRequest
from cmean.backends.vllm_model import VllmModel, check_temperature
from cmean.backends.writing import derive_question_seed
from cmean.domain import Answer, FinishReason
from cmean.errors import ItemError
from cmean.failure_reasons import FailureReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.domain import Prompt, Question


class VllmLanguageModel(VllmModel):
    """Answers questions by vLLM.

    Implements `cmean.protocols.LanguageModel`; parameters as `VllmModel`. Answers match their
    patterns by vLLM's structured outputs. The thinking of models that can turn it off is turned
    off. What a prompt quotes stays text, also where it looks like a token of the template.
    """

    constrains = True

    def write(self, batch: Sequence[Question]) -> list[Answer | ItemError]:
        """Answer questions; an `ItemError` in place of the answer that fails.

        `prompt-too-long` where prompt and answer exceed `max_model_len`, `answer-cut` where the
        token cap ends an answer that must match a pattern, `bad-pattern` where vLLM does not accept
        one, `cannot-continue` for a question with both a pattern and a prefix.

        Raises:
            ConfigError: a temperature is not one that vLLM takes.
            DeviceFaultError: the engine has failed; the process must end.
        """
        engine = self._get_engine()
        made = [self._make_request(question) for question in batch]
        replies = iter(engine.ask([one for one in made if isinstance(one, EngineRequest)]))
        return [
            one if isinstance(one, ItemError) else self._answer(question, one, next(replies))
            for question, one in zip(batch, made, strict=True)
        ]

    def _make_request(self, question: Question) -> EngineRequest | ItemError:
        if question.prefix and question.pattern is not None:
            return ItemError(
                FailureReason.CANNOT_CONTINUE,
                "vLLM constrains whole answers: a pattern has no prefix here",
            )
        control = writing.list_control_tokens(self._tokenizer)
        text = self._format_prompt(question.prompt, control) + writing.break_control_tokens(
            question.prefix, control
        )
        tokens = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        if len(tokens) + question.max_tokens > self.context:
            return ItemError(
                FailureReason.PROMPT_TOO_LONG,
                f"the prompt has {len(tokens):,} tokens and its answer up to "
                f"{question.max_tokens:,}; the model's context holds {self.context:,}",
            )
        sampling = {
            "temperature": check_temperature(question.temperature),
            "top_k": question.top_k,
            "top_p": question.top_p,
            "repetition_penalty": question.repetition_penalty,
            "seed": derive_question_seed(question),
            "max_tokens": question.max_tokens,
            "stop_token_ids": list(self._ends),
        }
        return EngineRequest(tokens, sampling, pattern=question.pattern)

    def _format_prompt(self, prompt: Prompt, control: re.Pattern[str]) -> str:
        system, user = (
            writing.break_control_tokens(text, control) for text in (prompt.system, prompt.user)
        )
        asked: dict[str, Any] = {"role": "user", "content": user}
        if not system:
            return self._apply_template([asked])
        try:
            return self._apply_template([{"role": "system", "content": system}, asked])
        except TemplateError:  # some models have no system's part
            return self._apply_template([asked | {"content": f"{system}\n\n{user}"}])

    def _answer(
        self, question: Question, request: EngineRequest, reply: EngineReply | ItemError
    ) -> Answer | ItemError:
        if isinstance(reply, ItemError):
            return reply
        if reply.finish_reason not in {*FinishReason}:
            return ItemError(
                FailureReason.FINISH_REASON, f"the answer ended by {reply.finish_reason!r}"
            )
        tokens, ended = self._cut_at_end(reply.tokens)
        written = writing.decode_continuation(self._tokenizer, request.tokens, tokens)
        text = question.prefix + written
        if question.pattern is not None and not re.fullmatch(question.pattern, text):
            return ItemError(
                FailureReason.ANSWER_CUT,
                f"{question.max_tokens} tokens did not suffice for an answer to "
                f"{question.pattern!r}",
            )
        return Answer(text, FinishReason.STOP if ended else FinishReason.LENGTH, len(tokens))
