"""Requests to a model server that implements OpenAI's chat API, e.g. vLLM, Ollama, llama.cpp.

Each item is one request; many run at a time, from the threads of the caller or, for a batch, from
threads of its own. One that fails gives an `ItemError` in its place, so that the other answers of a
batch are neither lost nor requested twice. Temporary errors (too many requests, a server error, a
lost connection) are retried after an exponential back-off, or after the delay that the server
names. How many requests run at a time is found by `RequestLimit`.

Where a server is unavailable, refuses the key, does not have the model or accepts no further
requests, those that wait are not sent, and no item counts as failed. If a batch has no answer
yet, `ServerError` is raised. If it has some, they are returned, and each other item gives a
retryable `ItemError` of reason `server-away`; the next batch raises.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from cmean.backends import server_replies
from cmean.backends.request_limit import RequestLimit
from cmean.backends.server_connection import DEFAULT_URL, ServerConnection, check_url
from cmean.backends.server_requests import adapt_fields
from cmean.errors import CmeanError, ConfigError, ItemError, ServerError
from cmean.failure_reasons import FailureReason
from cmean.util.retry import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from openai import OpenAI

    from cmean.domain import Answer

J = TypeVar("J")

_LONGEST_PAUSE = 30.0
_CONNECTING = 10.0  # seconds: a server may think for minutes, but not before it is reached


class _PassingError(Exception):
    """A failure that may be over soon.

    Args:
        lasting: what it is if it lasts.
        pause: seconds that the server asks for.
        overloaded: whether fewer requests at a time may help.
        retries: how often the request is tried again at most; None: as the connection says.
    """

    def __init__(
        self,
        lasting: CmeanError,
        pause: float | None = None,
        *,
        overloaded: bool = False,
        retries: int | None = None,
    ) -> None:
        super().__init__()
        self.lasting = lasting
        self.pause = pause
        self.overloaded = overloaded
        self.retries = retries


class _Availability:
    """What requests share until the server is found unavailable: then they end."""

    def __init__(self) -> None:
        self.error: ServerError | None = None
        self.ended = threading.Event()


class ModelServer:
    """Asks a model server; see the module for what becomes of failures.

    `ask` may be called from many threads at once.

    Args:
        connection: how it is reached.
        failure: the type of the errors that concern one item.
    """

    def __init__(self, connection: ServerConnection, failure: type[ItemError] = ItemError) -> None:
        self.connection = connection
        self._failure = failure
        self._key = ""
        self._client: OpenAI | None = None
        self._limit = RequestLimit(connection.concurrency)
        self._available = _Availability()
        self._answers = 0

    @property
    def concurrency(self) -> int:
        """How many threads may ask now: as many as are sent at a time, and a quarter more."""
        limit = self._limit.limit
        return 1 if self._limit.most == 1 else min(self._limit.most, limit + max(1, limit // 4))

    def load(self) -> None:
        """Import the client and read the environment. Sends nothing.

        Raises:
            ConfigError: the URL or the key cannot be one.
        """
        from openai import DefaultHttpxClient, OpenAI, Timeout  # noqa: PLC0415 - of an extra, and slow

        how = self.connection
        url = how.url or check_url(os.environ.get("CMEAN_SERVER_URL") or DEFAULT_URL)
        self._key = os.environ.get(how.key_env, "").strip()
        if not (self._key.isascii() and self._key.isprintable()):
            raise ConfigError(f"{how.key_env} has characters that are not allowed in an API key")
        # Without a key of ours the client would send that of OpenAI, to whoever answers.
        key = self._key or "none"
        patience = Timeout(how.timeout, connect=min(how.timeout, _CONNECTING))
        self._client = OpenAI(
            base_url=url,
            api_key=key,
            timeout=patience,
            max_retries=0,
            http_client=DefaultHttpxClient(limits=_make_limits(how.concurrency)),
        )

    def unload(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
        self._client = None

    def ask(self, jobs: Sequence[J], request: Callable[[J], Mapping[str, Any]]) -> list[Any]:
        """Send jobs and return an `Answer` or an `ItemError` for each, in order.

        Args:
            jobs: what is asked about.
            request: the fields of a job's request; runs in another thread, may raise `ItemError`.

        Raises:
            ServerError: the server cannot be used, and no job has an answer.
        """
        if self._client is None:
            raise RuntimeError("load the back-end first")
        available = self._available
        if len(jobs) == 1:
            outcomes = [self._try_request(jobs[0], request, available)]
        else:
            with ThreadPoolExecutor(self.connection.concurrency, "cmean-server") as pool:
                waiting = [pool.submit(self._try_request, j, request, available) for j in jobs]
                try:
                    outcomes = [future.result() for future in waiting]
                except BaseException:
                    self._end(available, ServerError("the batch was interrupted"))
                    raise
        if available.error and all(isinstance(outcome, Exception) for outcome in outcomes):
            raise available.error
        return [self._ask_for_item(o) if isinstance(o, Exception) else o for o in outcomes]

    def _end(self, available: _Availability, error: ServerError) -> None:
        """Send no request that waits; later ones find out for themselves."""
        if self._available is available:
            self._available = _Availability()
        available.error = available.error or error
        available.ended.set()
        self._limit.wake()

    def _ask_for_item(self, error: ItemError | ServerError) -> ItemError:
        if isinstance(error, ServerError):
            return self._failure(FailureReason.SERVER_AWAY, str(error), retryable=True)
        if isinstance(error, self._failure):
            return error
        return self._failure(error.reason, error.detail, retryable=error.retryable)

    def _try_request(
        self, job: J, request: Callable[[J], Mapping[str, Any]], available: _Availability
    ) -> Answer | ItemError | ServerError:
        try:
            if available.error:
                raise available.error
            return self._answer(request(job), available)
        except ItemError as error:
            return error
        except ServerError as error:
            self._end(available, error)
            return error

    def _answer(self, fields: Mapping[str, Any], available: _Availability) -> Answer:
        how, tried = self.connection, 0
        backoff = Backoff(how.backoff, _LONGEST_PAUSE)
        while True:
            answers = self._answers
            try:
                body = self._send_when_allowed(fields, available)
                self._answers += 1
                return server_replies.read_answer(body, how.model)
            except _PassingError as error:
                delay = backoff.next_delay()
                pause = delay if error.pause is None else error.pause
                # Refused as one too many, while others were answered, is no sign of a failure.
                is_crowded = error.overloaded and self._answers > answers
                tried += not (is_crowded and error.retries is None)
                retries = how.retries if error.retries is None else error.retries
                if tried > retries or pause > max(how.timeout, _LONGEST_PAUSE):
                    raise error.lasting from error.__cause__
            available.ended.wait(pause)

    def _send_when_allowed(self, fields: Mapping[str, Any], available: _Availability) -> str:
        """Send a request when there is room for it; keep to what the server says about that."""
        sent = self._limit.enter(available.ended.is_set)
        try:
            if available.error:
                raise available.error
            body = self._send(fields)
        except _PassingError as error:
            if error.overloaded:
                self._limit.refuse(sent, min(error.pause or 0.0, _LONGEST_PAUSE))
            raise
        finally:
            self._limit.leave()
        self._limit.count_answer()
        return body

    def _send(self, fields: Mapping[str, Any]) -> str:
        """Send one request and return the body of the reply."""
        import openai  # noqa: PLC0415 - imported by `load`

        how = self.connection
        body = adapt_fields(fields, how)
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
            late = ItemError(FailureReason.TIMEOUT, detail, retryable=True)
            # It may have waited behind others; where only one is sent, it takes too long itself.
            again = int(self._limit.limit > 1)
            raise _PassingError(late, 0.0, overloaded=True, retries=again) from error
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
            pause = _read_retry_after(response.headers.get("retry-after"))
            return _PassingError(error, pause, overloaded=server_replies.is_overload(status))
        return error

    def _make_unreachable_error(self, what: str) -> ServerError:
        where = urlsplit(str(self._client.base_url if self._client else "")).netloc
        hint = "start it, or set CMEAN_SERVER_URL"
        return ServerError(f"the model server {where.rpartition('@')[2]} {what}; {hint}")


def _make_limits(connections: int) -> Any:  # noqa: ANN401 - httpx is the client's affair
    """Let as many connections stay open as there are requests, whatever the client's default."""
    import httpx  # noqa: PLC0415 - comes with the client

    return httpx.Limits(max_connections=connections, max_keepalive_connections=connections)


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
