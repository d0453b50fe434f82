"""The fields of requests to a model server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.backends.server_connection import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.backends.server_connection import ServerConnection
    from cmean.domain import Prompt


def make_messages(prompt: Prompt, *media: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Make the messages of a request: the system's, if there is one, then the user's.

    Media come before the text; without any, the text goes alone, as every server takes it.
    """
    content: Any = [*media, {"type": "text", "text": prompt.user}] if media else prompt.user
    system = [{"role": "system", "content": prompt.system}] if prompt.system else []
    return [*system, {"role": "user", "content": content}]


def adapt_fields(fields: Mapping[str, Any], connection: ServerConnection) -> dict[str, Any]:
    """Change the fields of a request to what the program that serves the model takes."""
    program = PROGRAMS[connection.program]
    body = {**fields, **program.fields}
    if "max_tokens" in body:
        body[program.limit_field] = body.pop("max_tokens")
    if not (program.takes_greedy or body.get("temperature")):
        body.pop("temperature", None)
        body.pop("seed", None)
    return {name: body[name] for name in body if name not in connection.omit} | dict(
        connection.extra
    )
