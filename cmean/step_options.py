"""What a profile says of a step besides the parameters of its back-end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

OPTIONS: Mapping[str, Mapping[str, type]] = {
    "captioner": {"metadata": list, "continue_tokens": int},
    "merger": {"max_tokens": int, "longest": int, "temperature": float, "seed": int},
    "mapper": {
        "together": bool,
        "whole_last": bool,
        "samples": int,
        "temperature": float,
        "top_k": int,
        "top_p": float,
        "seed": int,
        "attempts": int,
        "longest": int,
        "graded": bool,
    },
    "embedder": {"channel": str},
}
"""The options of each step with their types; a list is one of names, or true for the usual ones."""

_ACCEPTED: Mapping[type, tuple[type, ...]] = {float: (int, float), list: (list, bool)}
_NAMES: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number of at least 0",
    float: "a number of at least 0",
    str: "a text",
    list: "a list of names, true or false",
}


def take_options(step: str, table: MutableMapping[str, Any]) -> dict[str, Any]:
    """Take the options of a step out of its table in a profile, which keeps all else.

    Args:
        step: captioner, merger, mapper or embedder.
        table: what the profile says of it.

    Raises:
        ValueError: an option is not of its type.
    """
    taken = {name: table.pop(name) for name in OPTIONS[step] if name in table}
    for name, value in taken.items():
        kind = OPTIONS[step][name]
        if not _is_accepted(kind, value):
            raise ValueError(f"{name} of the {step} is {_NAMES[kind]}, not {value!r}")
    return taken


def _is_accepted(kind: type, value: object) -> bool:
    if type(value) not in _ACCEPTED.get(kind, (kind,)):  # a bool is no number here
        return False
    if isinstance(value, list):
        return all(isinstance(name, str) and name for name in value)
    return not isinstance(value, int | float) or value >= 0
