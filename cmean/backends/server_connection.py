"""How a model server is reached, and how the programs that implement OpenAI's chat API differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cmean.errors import ConfigError
from cmean.parameter_types import check_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_URL = "http://localhost:8000/v1"
_MOST = 86_400
"""Of any number: seconds of a day."""
_RESERVED = {"model", "messages", "stream", "n"}


@dataclass(frozen=True, slots=True)
class ServerProgram:
    """What a program that serves models wants otherwise than others.

    Args:
        fields: sent with each request; they turn thinking off.
        constrain: how it makes an answer match a pattern, see `ServerLanguageModel`.
        limit_field: the name of the token limit.
        takes_greedy: whether it takes a temperature of 0, and a seed; else they are not sent.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    constrain: str = "none"
    limit_field: str = "max_tokens"
    takes_greedy: bool = True


_TEMPLATE_OPTION = {"chat_template_kwargs": {"enable_thinking": False}}

PROGRAMS: Final[Mapping[str, ServerProgram]] = {
    "": ServerProgram(),
    "vllm": ServerProgram(_TEMPLATE_OPTION, "regex"),
    "llama.cpp": ServerProgram(_TEMPLATE_OPTION, "json_schema"),
    "ollama": ServerProgram({"reasoning_effort": "none"}, "json_schema"),
    # Its newer models refuse max_tokens, and any temperature but 1.
    "openai": ServerProgram({}, "json_schema", "max_completion_tokens", takes_greedy=False),
}
"""Known programs by the value of `program`; the empty one is any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConnection:
    """How a server is reached: the parameters that both back-ends share.

    Args:
        model: its name on the server.
        url: the base URL of the API. None: CMEAN_SERVER_URL, else `DEFAULT_URL`; where a server
            happens to run is then no part of a recipe.
        key_env: the environment variable that holds the API key, if the server wants one.
        program: which server it is, where that is known: a key of `PROGRAMS`. It decides how
            thinking is turned off and what some fields are called.
        concurrency: how many requests run at a time, at most; fewer where that is no faster.
        timeout: seconds without a sign of the server after which a request has failed.
        retries: how often a request is tried again.
        backoff: seconds before the first of them; each further pause is twice as long, less a
            random part of up to a half.
        extra: further fields of the request, or others in place of those that are sent.
        omit: fields that this server does not take, e.g. `["seed"]`.
    """

    model: str = ""
    url: str | None = None
    key_env: str = "CMEAN_SERVER_KEY"
    program: str = ""
    concurrency: int = 128
    timeout: float = 120.0
    retries: int = 4
    backoff: float = 0.5
    extra: Mapping[str, Any] = field(default_factory=dict)
    omit: Sequence[str] = ()

    def __post_init__(self) -> None:
        try:
            self._check()
        except ConfigError as error:
            raise ConfigError(f"the back-end 'openai': {error}") from error

    def _check(self) -> None:
        check_fields(self)
        if not self.model:
            raise ConfigError("it needs `model`: its name on the server")
        if self.program not in PROGRAMS:
            raise ConfigError(f"program is one of {', '.join(filter(None, PROGRAMS))}")
        if self.url is not None:
            check_url(self.url)
        least = {"concurrency": 1, "timeout": 0.001, "retries": 0, "backoff": 0}
        for name, value in least.items():
            if not value <= getattr(self, name) <= _MOST:
                raise ConfigError(f"{name} is {value:g} to {_MOST:,}, not {getattr(self, name)!r}")
        extra: object = self.extra  # whatever a profile says
        omit: object = self.omit
        if not isinstance(extra, Mapping) or _RESERVED & set(extra):
            raise ConfigError(f"`extra` is a table, without {', '.join(sorted(_RESERVED))}")
        try:
            json.dumps(dict(extra), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"`extra` cannot be sent as JSON: {error}") from error
        names = list(omit) if isinstance(omit, list | tuple) else [omit]
        if not all(isinstance(name, str) and name not in _RESERVED for name in names) or (
            isinstance(omit, str)
        ):
            raise ConfigError("`omit` is a list of fields that can be left")


def check_url(url: object) -> str:
    """Return the URL of a server if it can be one.

    Raises:
        ConfigError: it cannot.
    """
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        fine = parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname)
        fine = fine and parts is not None and (parts.port is None or parts.port > 0)
    except ValueError:
        fine = False
    if not fine:
        raise ConfigError(
            "the URL of a model server is like http://localhost:8000/v1: check `url` and"
            " CMEAN_SERVER_URL"
        )
    return str(url)
