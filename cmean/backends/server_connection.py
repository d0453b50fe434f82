"""How a model server is reached, and how the programs that implement OpenAI's chat API differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cmean.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_URL = "http://localhost:8000/v1"
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
        given: Mapping[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        if not isinstance(given["model"], str) or not given["model"]:
            raise ConfigError("the back-end 'openai' needs `model`: its name on the server")
        if not isinstance(given["key_env"], str):
            raise ConfigError("the back-end 'openai': `key_env` names an environment variable")
        if given["program"] not in PROGRAMS:
            names = ", ".join(filter(None, PROGRAMS))
            raise ConfigError(f"the back-end 'openai': program is one of {names}")
        if self.url is not None:
            check_url(self.url)
        for name, least in (("concurrency", 1), ("timeout", 0.001), ("retries", 0), ("backoff", 0)):
            value = given[name]
            whole = name in {"concurrency", "retries"}
            if not isinstance(value, int if whole else int | float) or not value >= least:
                raise ConfigError(f"the back-end 'openai': {name} cannot be {value!r}")
        if not isinstance(given["extra"], Mapping) or _RESERVED & set(self.extra):
            names = ", ".join(sorted(_RESERVED))
            raise ConfigError(f"the back-end 'openai': `extra` is a table, without {names}")
        if isinstance(self.omit, str) or _RESERVED & set(self.omit):
            raise ConfigError("the back-end 'openai': `omit` is a list of fields that can be left")


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
