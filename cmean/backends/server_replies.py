"""Read replies of a model server: an answer, or a typed failure."""

from __future__ import annotations

import json
import re
from typing import Any

from cmean.domain import Answer, FinishReason
from cmean.errors import CmeanError, ItemError, ServerError
from cmean.failure_reasons import FailureReason

_THINKING = re.compile(r"\A\s*(?:<think>)?.*?</think>\s*", re.DOTALL)
_ONLY_THINKING = re.compile(r"\A\s*<think>(?!.*</think>)", re.DOTALL)
_DATED = re.compile(r"-\d{4}-?\d{2}-?\d{2}\Z")
_SHOWN = 200

_KEY_REFUSED = {401, 402, 403}
_NOT_THERE = {404, 405, 410}
_OVERLOADED = {429, 502, 503}  # when they last, they still say nothing about what was sent


def read_answer(body: str, model: str) -> Answer:
    """Read the answer in the body of a reply.

    Raises:
        ItemError: `bad-reply`, `wrong-model`, `content-filter`, `finish-reason` or `empty-answer`.
    """
    try:
        reply = json.loads(body)
        named, (choice, *_) = reply.get("model"), reply["choices"]
        message, finish = choice["message"], choice.get("finish_reason")
        content = message["content"]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        what = (
            "streamed, which was not asked for"
            if body.startswith("data:")
            else "no chat completion"
        )
        detail = f"the server's reply is {what}: {shorten_line(body) or 'it is empty'}"
        raise ItemError(FailureReason.BAD_REPLY, detail, retryable=True) from error
    if named and not is_same_model(model, named):
        detail = f"the server answered with the model {named!r}, not {model!r}"
        raise ItemError(FailureReason.WRONG_MODEL, detail, retryable=True)
    if finish == "content_filter" or message.get("refusal"):
        raise ItemError(
            FailureReason.CONTENT_FILTER,
            f"the server rejected the content: {message.get('refusal') or finish}",
        )
    if not isinstance(finish, str) or finish not in set(FinishReason):
        raise ItemError(FailureReason.FINISH_REASON, f"the answer ended for the reason {finish!r}")
    text = remove_reasoning(content) if isinstance(content, str) else ""
    if not text.strip():
        detail = f"the server returned no text outside its reasoning (finish reason {finish})"
        if finish == FinishReason.LENGTH:
            detail += "; if the model thinks, name the program that serves it: program = 'vllm'"
        raise ItemError(FailureReason.EMPTY_ANSWER, detail, retryable=True)
    return Answer(text, FinishReason(finish), _count_tokens(reply))


def _count_tokens(reply: dict[str, Any]) -> int | None:
    usage = reply.get("usage")
    tokens = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return tokens if isinstance(tokens, int) else None


def remove_reasoning(text: str) -> str:
    """Remove the block of reasoning before a text; some servers omit its first tag."""
    return "" if _ONLY_THINKING.match(text) else _THINKING.sub("", text, count=1)


def is_same_model(asked: str, named: object) -> bool:
    """Tell whether a model that a server names is the one that was requested.

    It may name it in full or by the last part of its path, with the tag or branch that it takes
    where none is named, or with the date of the version that it serves.
    """
    if not isinstance(named, str):
        return False
    short, long = sorted((_extract_text(asked), _extract_text(named)), key=len)
    dated = _extract_text(named).removeprefix(_extract_text(asked))
    return long == short or long.endswith(f"/{short}") or bool(_DATED.fullmatch(dated))


def _extract_text(name: str) -> str:
    name = name.strip().rstrip("/").replace("\\", "/").lower()
    return re.sub(r"(:latest|@main|\.gguf)\Z", "", name)


def is_transient(status: int) -> bool:
    """Tell whether a failure of that HTTP status may be temporary."""
    return status in {408, 409, 425, 429} or status >= 500  # noqa: PLR2004 - HTTP's server errors


def is_overload(status: int) -> bool:
    """Tell whether fewer requests at a time may help."""
    return status in {429, 503}


def make_refusal(status: int, body: str, key_env: str) -> CmeanError:
    """Make the error for a reply of that HTTP status.

    An `ItemError` where what was sent may be at fault, a `ServerError` where it cannot be.
    """
    description = (
        f"{status}: {extract_error_message(body)}" if extract_error_message(body) else str(status)
    )
    if status in _KEY_REFUSED:
        return ServerError(f"the model server rejects the key of {key_env} ({description})")
    if status in _NOT_THERE:
        hint = "check the model's name, and that the URL is the API's (it mostly ends in /v1)"
        return ServerError(f"the model server has no such model or address ({description}); {hint}")
    if status in _OVERLOADED:
        return ServerError(f"the model server accepts no further requests ({description})")
    if is_transient(status):
        return ItemError(
            FailureReason.SERVER_ERROR, f"the model server failed ({description})", retryable=True
        )
    return ItemError(
        FailureReason.REFUSED, f"the model server rejected the request ({description})"
    )


def extract_error_message(body: str) -> str:
    """Extract the message of an error's body, in the usual forms, or its beginning."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return shorten_line(body)
    for key in ("error", "message", "detail"):
        if isinstance(found, dict) and found.get(key):
            found = found[key]
    return shorten_line(found if isinstance(found, str) else json.dumps(found))


def shorten_line(text: str) -> str:
    """Shorten a text to the beginning, on one line."""
    line = " ".join(text[: 4 * _SHOWN].split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
