"""Conversion of frozen dataclasses to JSON values and back, by the types of their fields.

A field's JSON key is its name unless its metadata, made by `make_json_options`, says otherwise.
Supported field types: JSON scalars, `Any`, other dataclasses, `X | None`, `Mapping[str, X]`,
`Sequence[X]` and `tuple[X, ...]`. A module that defines such dataclasses must not postpone the
evaluation of annotations, for their names are resolved at run time.
"""

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")

_KEY: Final = "json_key"
_OMIT_NONE: Final = "json_omit_none"
_INLINE: Final = "json_inline"
_INTERNAL: Final = "json_internal"


def make_json_options(
    key: str | None = None,
    *,
    omit_none: bool = False,
    inline: bool = False,
    internal: bool = False,
) -> Mapping[str, Any]:
    """Make the metadata of a dataclass field whose JSON differs from its attribute.

    Args:
        key: the key in the JSON object, where it is not the field's name.
        omit_none: leave the key out where the value is None.
        inline: the value, a mapping or a dataclass, adds its keys to the enclosing object. A
            mapping takes all keys that no other field has.
        internal: the field is not part of the JSON, and needs a default.
    """
    return {_KEY: key, _OMIT_NONE: omit_none, _INLINE: inline, _INTERNAL: internal}


def to_json(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Convert a dataclass, or a container of dataclasses, to JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        made: dict[str, Any] = {}
        for each in fields(value):
            if each.metadata.get(_INTERNAL):
                continue
            inner = getattr(value, each.name)
            if each.metadata.get(_INLINE):
                made |= to_json(inner)
            elif inner is not None or not each.metadata.get(_OMIT_NONE):
                made[_get_json_key(each)] = to_json(inner)
        return made
    if isinstance(value, Mapping):
        return {str(key): to_json(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(inner) for inner in value]
    return value


def from_json(kind: type[T], document: Mapping[str, Any]) -> T:
    """Make a dataclass of the JSON object that `to_json` gave.

    Keys that no field has are ignored, so that a document of a later version can be read.

    Raises:
        KeyError: a key is absent whose field has no default.
    """
    return cast("T", _read_dataclass(kind, document))


def _read_dataclass(kind: Any, document: Mapping[str, Any]) -> Any:  # noqa: ANN401 - of any class
    hints = _get_type_hints(kind)
    taken = {_get_json_key(each) for each in fields(kind)}
    values: dict[str, Any] = {}
    for each in fields(kind):
        if each.metadata.get(_INLINE):
            rest = document
            if not is_dataclass(hints[each.name]):
                rest = {key: inner for key, inner in document.items() if key not in taken}
            values[each.name] = _read_value(hints[each.name], rest)
        elif _get_json_key(each) in document and not each.metadata.get(_INTERNAL):
            values[each.name] = _read_value(hints[each.name], document[_get_json_key(each)])
        elif each.default is MISSING and each.default_factory is MISSING:
            raise KeyError(_get_json_key(each))
    return kind(**values)


def _read_value(hint: Any, value: Any) -> Any:  # noqa: ANN401 - a type, and what is of it
    if value is None:
        return None
    if is_dataclass(hint):
        return _read_dataclass(hint, value)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        (inner,) = (each for each in arguments if each is not types.NoneType)
        return _read_value(inner, value)
    if origin is Mapping:
        return {key: _read_value(arguments[1], inner) for key, inner in value.items()}
    if origin in {Sequence, tuple}:
        return tuple(_read_value(arguments[0], inner) for inner in value)
    return value


def _get_json_key(each: Field[Any]) -> str:
    return each.metadata.get(_KEY) or each.name


@cache
def _get_type_hints(kind: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(kind)
