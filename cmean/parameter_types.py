"""Check the parameters of back-ends, which come from profiles, before they are used."""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from typing import TYPE_CHECKING, Any, Final

from cmean.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_KINDS: Final[Mapping[str, tuple[str, tuple[type, ...]]]] = {
    "bool": ("true or false", (bool,)),
    "int": ("a whole number", (int,)),
    "float": ("a number", (int, float)),
    "str": ("a text", (str,)),
}
_UNKNOWN = re.compile(r"unexpected keyword argument '(\w+)'")
_MISSING = re.compile(r"missing \d+ required [\w -]*arguments?: (.*)")


def check_types(given: Mapping[str, Any], annotations: Mapping[str, object]) -> None:
    """Check that values are of the plain types that annotations name; others are not checked.

    Args:
        given: value by name.
        annotations: by name, as texts such as ``"int | None"``.

    Raises:
        ConfigError: a value is of another type, or no finite number.
    """
    for name, value in given.items():
        annotation = annotations.get(name)
        parts = [part.strip() for part in annotation.split("|")] if type(annotation) is str else []
        kinds = [part for part in parts if part != "None"]
        if not kinds or not set(kinds) <= _KINDS.keys():
            continue
        if value is None and "None" in parts:
            continue
        if not any(_is_of_kind(value, kind) for kind in kinds):
            wanted = " or ".join(_KINDS[kind][0] for kind in kinds)
            raise ConfigError(f"{name} is {wanted}, not {value!r}")


def _is_of_kind(value: object, kind: str) -> bool:
    if isinstance(value, bool):  # is no number here
        return kind == "bool"
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, _KINDS[kind][1])


def check_fields(instance: Any) -> None:  # noqa: ANN401 - of any dataclass
    """Check the fields of a dataclass as `check_types` does; for its ``__post_init__``."""
    fields = dataclasses.fields(instance)
    given = {field.name: getattr(instance, field.name) for field in fields}
    check_types(given, {field.name: field.type for field in fields})


def check_arguments(function: Callable[..., object], given: Mapping[str, Any]) -> None:
    """Check the arguments of a function by its annotations, as `check_types` does."""
    parameters = inspect.signature(function).parameters.values()
    check_types(given, {parameter.name: parameter.annotation for parameter in parameters})


def describe_wrong_arguments(error: TypeError) -> str:
    """Describe in plain words which parameter is unknown or missing."""
    message = str(error)
    if (found := _UNKNOWN.search(message)) is not None:
        return f"takes no parameter {found[1]!r}"
    if (found := _MISSING.search(message)) is not None:
        return f"needs {found[1]}"
    if message.endswith("takes no arguments"):
        return "takes no parameters"
    return f"was given wrong parameters: {message}"
