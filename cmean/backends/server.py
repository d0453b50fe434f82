"""Requests to a model server that implements OpenAI's chat API, e.g. vLLM, Ollama, llama.cpp.

Each item of a batch is one request; a few run at a time. One that fails gives an `ItemError` in its
place, so that the other answers of a batch are neither lost nor requested twice. Temporary errors
(too many requests, a server error, a lost connection) are retried after an exponential back-off, or
after the delay that the server names.

Where a server is unavailable, refuses the key, does not have the model or accepts no further
requests, no further requests are sent, and no item counts as failed. If the batch has no answer
yet, `ServerError` is raised. If it has some, they are returned, and each other item gives a
retryable `ItemError` of reason `server-away`; the next batch raises.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from cmean.backends import server_replies
from cmean.errors import CmeanError, ConfigError, ItemError, ServerError
from cmean.failure_reasons import FailureReason
from cmean.util.retry import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openai import OpenAI

    from cmean.domain import Answer, Prompt

J = TypeVar("J")

DEFAULT_URL = "http://localhost:8000/v1"
_RESERVED = {"model", "messages", "stream", "n"}
_LONGEST_PAUSE = 30.0
_CONNECTING = 10.0  # seconds: a server may think for minutes, but not before it is reached


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConnection:
    """How a server is reached: the parameters that both back-ends share.

    Args:
        model: its name on the server.
        url: the base URL of the API. None: CMEAN_SERVER_URL, else `DEFAULT_URL`; where a server
            happens to run is then no part of a recipe.
        key_env: the environment variable that holds the API key, if the server wants one.
        concurrency: how many requests run at a time, at most.
        timeout: seconds without a sign of the server after which a request has failed.
        retries: how often a request is tried again.
        backoff: seconds before the first of them; each further pause is twice as long, less a
            random part of up to a half.
        extra: further fields of the request, e.g.
            `{"chat_template_kwargs": {"enable_thinking": false}}` for vLLM.
        omit: fields that this server does not take, e.g. `["seed"]`.
    """

    model: str = ""
    url: str | None = None
    key_env: str = "CMEAN_SERVER_KEY"
    concurrency: int = 8
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
        if self.url is not None:
            _check_url(self.url)
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


class _PassingError(Exception):
    """A failure that may be over soon: what it is if it lasts, and the pause asked for."""

    def __init__(self, lasting: CmeanError, pause: float | None = None) -> None:
        super().__init__()
        self.lasting = lasting
        self.pause = pause


class _Batch:
    """What the requests of one batch share: whether there is any sense in going on."""

    def __init__(self) -> None:
        self.error: ServerError | None = None
        self.ended = threading.Event()

    def end(self, error: ServerError) -> None:
        """Begin nothing more, and wake those that wait."""
        self.error = self.error or error
        self.ended.set()


class ModelServer:
    """Asks a model server, a few requests at a time; see the module for what becomes of failures.

    Args:
        connection: how it is reached.
        failure: the type of the errors that concern one item.
    """

    def __init__(self, connection: ServerConnection, failure: type[ItemError] = ItemError) -> None:
        self.connection = connection
        self._failure = failure
        self._key = ""
        self._client: OpenAI | None = None
        self._pool: ThreadPoolExecutor | None = None

    def load(self) -> None:
        """Import the client and read the environment. Sends nothing.

        Raises:
            ConfigError: the URL or the key cannot be one.
        """
        from openai import OpenAI, Timeout  # noqa: PLC0415 - of an extra, and slow

        how = self.connection
        url = how.url or _check_url(os.environ.get("CMEAN_SERVER_URL") or DEFAULT_URL)
        self._key = os.environ.get(how.key_env, "").strip()
        if not (self._key.isascii() and self._key.isprintable()):
            raise ConfigError(f"{how.key_env} has characters that are not allowed in an API key")
        # Without a key of ours the client would send that of OpenAI, to whoever answers.
        key = self._key or "none"
        patience = Timeout(how.timeout, connect=min(how.timeout, _CONNECTING))
        self._client = OpenAI(base_url=url, api_key=key, timeout=patience, max_retries=0)
        self._pool = ThreadPoolExecutor(how.concurrency, thread_name_prefix="cmean-server")

    def unload(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            self._pool.shutdown()
        if self._client is not None:
            self._client.close()
        self._pool = self._client = None

    def ask(self, jobs: Sequence[J], request: Callable[[J], Mapping[str, Any]]) -> list[Any]:
        """Send jobs and return an `Answer` or an `ItemError` for each, in order.

        Args:
            jobs: what is asked about.
            request: the fields of a job's request; runs in another thread, may raise `ItemError`.

        Raises:
            ServerError: the server cannot be used, and no job has an answer.
        """
        if self._pool is None:
            raise RuntimeError("load the back-end first")
        batch = _Batch()
        waiting = [self._pool.submit(self._try_request, job, request, batch) for job in jobs]
        try:
            outcomes = [future.result() for future in waiting]
        except BaseException:
            batch.end(ServerError("the batch was interrupted"))
            raise
        if batch.error and all(isinstance(outcome, Exception) for outcome in outcomes):
            raise batch.error
        return [self._ask_for_item(o) if isinstance(o, Exception) else o for o in outcomes]

    def _ask_for_item(self, error: ItemError | ServerError) -> ItemError:
        if isinstance(error, ServerError):
            return self._failure(FailureReason.SERVER_AWAY, str(error), retryable=True)
        if isinstance(error, self._failure):
            return error
        return self._failure(error.reason, error.detail, retryable=error.retryable)

    def _try_request(
        self, job: J, request: Callable[[J], Mapping[str, Any]], batch: _Batch
    ) -> Answer | ItemError | ServerError:
        try:
            if batch.error:
                raise batch.error
            return self._answer(request(job), batch)
        except ItemError as error:
            return error
        except ServerError as error:
            batch.end(error)
            return error

    def _answer(self, fields: Mapping[str, Any], batch: _Batch) -> Answer:
        how, tried = self.connection, 0
        backoff = Backoff(how.backoff, _LONGEST_PAUSE)
        while True:
            try:
                return server_replies.read_answer(self._send(fields), how.model)
            except _PassingError as error:
                delay = backoff.next_delay()
                pause = delay if error.pause is None else error.pause
                if tried == how.retries or pause > max(how.timeout, _LONGEST_PAUSE):
                    raise error.lasting from error.__cause__
            tried += 1
            batch.ended.wait(pause)
            if batch.error:
                raise batch.error

    def _send(self, fields: Mapping[str, Any]) -> str:
        """Send one request and return the body of the reply."""
        import openai  # noqa: PLC0415 - imported by `load`

        how = self.connection
        body = {name: fields[name] for name in fields if name not in how.omit} | dict(how.extra)
        if self._client is None:
            raise ServerError("the back-end was unloaded during a request")
        try:
            # The reply is read by us: the client's own types take whatever the server sent.
            reply = self._client.chat.completions.with_raw_response.create(
                model=how.model, messages=body.pop("messages"), extra_body=body
            )
        except openai.APIStatusError as error:
            raise self._make_refusal(error.response) from error
        except openai.APITimeoutError as error:
            if "Connect" in type(error.__cause__).__name__:
                raise _PassingError(
                    self._make_unreachable_error("cannot be reached in time")
                ) from error
            detail = f"the model server did not answer in {how.timeout:g} s"
            raise ItemError(FailureReason.TIMEOUT, detail, retryable=True) from error
        except openai.APIConnectionError as error:
            why = server_replies.shorten_line(str(error.__cause__))
            if "Connect" in type(error.__cause__).__name__:
                raise _PassingError(
                    self._make_unreachable_error(f"cannot be reached: {why}")
                ) from error
            detail = f"the model server broke the connection off: {why}"
            raise _PassingError(
                ItemError(FailureReason.CONNECTION_LOST, detail, retryable=True)
            ) from error
        return reply.http_response.text

    def _make_refusal(self, response: Any) -> Exception:  # noqa: ANN401 - httpx is the client's affair
        body = response.text.replace(self._key, "***") if self._key else response.text
        status = response.status_code
        error = server_replies.make_refusal(status, body, self.connection.key_env)
        if server_replies.is_transient(status):
            return _PassingError(error, _read_retry_after(response.headers.get("retry-after")))
        return error

    def _make_unreachable_error(self, what: str) -> ServerError:
        where = urlsplit(str(self._client.base_url if self._client else "")).netloc
        hint = "start it, or set CMEAN_SERVER_URL"
        return ServerError(f"the model server {where.rpartition('@')[2]} {what}; {hint}")


def make_messages(prompt: Prompt, *media: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Make the messages of a request: the system's, if there is one, then the user's.

    Media come before the text; without any, the text goes alone, as every server takes it.
    """
    content: Any = [*media, {"type": "text", "text": prompt.user}] if media else prompt.user
    system = [{"role": "system", "content": prompt.system}] if prompt.system else []
    return [*system, {"role": "user", "content": content}]


def _check_url(url: object) -> str:
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


def _read_retry_after(header: str | None) -> float | None:
    """Read the seconds to wait from a Retry-After header: a number, or a date."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):  # no date, or one without a time zone
            return None
    return max(0.0, seconds) if seconds < float("inf") else None
