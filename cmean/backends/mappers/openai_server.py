"""Answers of a model server: maps captions by a prompt, and joins captions of windows."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cmean.backends.server import ModelServer
from cmean.backends.server_connection import PROGRAMS, ServerConnection
from cmean.backends.server_requests import make_messages
from cmean.domain import Answer, FinishReason
from cmean.errors import ConfigError, ItemError, ServerError
from cmean.failure_reasons import FailureReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.domain import Question

CONSTRAINTS = ("none", "regex", "json_schema")
_WRAPPING = 32
"""Tokens for what is around the answer in `{"answer": "…"}`, at most."""


class ServerLanguageModel:
    """Answers questions by the model of a server that speaks OpenAI's chat API.

    Implements `cmean.protocols.LanguageModel`. A question's pattern constrains the answer only
    where the server can do that, so how is said by the user:

    - ``none``: the pattern is not sent.
    - ``regex``: as vLLM takes it since 0.12, in the field `structured_outputs`.
    - ``json_schema``: as llama.cpp, Ollama, OpenAI and vLLM take it: the answer is the one text of
      a JSON object, with the pattern. It is unwrapped; `tokens` count the wrapping too.

    An answer that does not match all the same shows that the server does not heed the pattern:
    that is a `ServerError`.

    Which weights are served cannot be known before the server is asked, nor told by it: `revision`
    says what the user calls them. The same name on another server is the same recipe.

    Args:
        constrain: how answers are made to match a pattern, as above; None: as the program named
            by `program` takes it, else none.
        revision: any name of the served weights; it becomes part of the recipe and is sent nowhere.
        connection: how the server is reached; see `ServerConnection`.
    """

    def __init__(
        self,
        *,
        constrain: str | None = None,
        revision: str = "",
        **connection: Any,  # noqa: ANN401 - fields of Connection
    ) -> None:
        if constrain not in {None, *CONSTRAINTS}:
            names = ", ".join(CONSTRAINTS)
            raise ConfigError(f"the back-end 'openai': constrain is one of {names}")
        self.revision = f"{revision}/1".lstrip("/")
        self._server = ModelServer(ServerConnection(**connection))
        usual = PROGRAMS[self._server.connection.program].constrain
        self._constrain = usual if constrain is None else constrain

    @property
    def constrains(self) -> bool:
        """Whether answers match a question's pattern by construction."""
        return self._constrain != "none"

    @property
    def concurrency(self) -> int:
        """How many threads may ask at once: what the server was found to take, and a few more."""
        return self._server.concurrency

    def load(self) -> None:
        """Import the client. Sends nothing; errors as `ModelServer.load`."""
        self._server.load()

    def unload(self) -> None:
        """Close the connections."""
        self._server.unload()

    def write(self, batch: Sequence[Question]) -> list[Answer | ItemError]:
        """Answer a batch; for a question that fails, an `ItemError` in its place.

        Raises:
            ServerError: the server cannot be used, and no question has an answer; or it does not
                heed patterns.
        """
        found = self._server.ask(batch, self._request)
        return [
            self._check_answer(answer, question.pattern) if isinstance(answer, Answer) else answer
            for question, answer in zip(batch, found, strict=True)
        ]

    def _request(self, question: Question) -> dict[str, Any]:
        if question.prefix:
            raise ItemError(
                FailureReason.CANNOT_CONTINUE, "a model server does not go on with an answer"
            )
        fields: dict[str, Any] = {
            "messages": make_messages(question.prompt),
            "max_tokens": question.max_tokens,
            "temperature": question.temperature,
            "seed": question.seed,
        }
        if question.top_p < 1:
            fields["top_p"] = question.top_p
        if question.top_k:  # a field of vLLM and llama.cpp, none of OpenAI
            fields["top_k"] = question.top_k
        if question.pattern is None:
            return fields
        if self._constrain == "regex":
            fields["structured_outputs"] = {"regex": question.pattern}
        elif self._constrain == "json_schema":
            fields["max_tokens"] += _WRAPPING
            fields["response_format"] = _make_answer_schema(question.pattern)
        return fields

    def _check_answer(self, answer: Answer, pattern: str | None) -> Answer:
        """Check that an answer matches its pattern unless it was truncated; return it."""
        if pattern is None or not self.constrains or answer.finish_reason is FinishReason.LENGTH:
            return answer
        text = answer.text if self._constrain == "regex" else _unwrap_answer(answer.text)
        if text is None or not re.fullmatch(pattern, text):
            raise ServerError(
                f"the model server does not heed patterns by constrain = {self._constrain!r}:"
                ' choose another way, or "none"'
            )
        return replace(answer, text=text)


def _unwrap_answer(wrapped: str) -> str | None:
    """Return the text in `{"answer": "…"}`; None: there is no such object."""
    try:
        text = json.loads(wrapped)["answer"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return text if isinstance(text, str) else None


def _make_answer_schema(pattern: str) -> dict[str, Any]:
    """Make a JSON schema of an object whose only text matches the pattern.

    Plain brackets and anchors, since converters of schemas know little more of the language.
    """
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "string", "pattern": f"^({pattern})$"}},
        "required": ["answer"],
        "additionalProperties": False,
    }
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": schema},
    }
