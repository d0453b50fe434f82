"""Dataclasses to JSON values and back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from cmean.util.dataclass_json import from_json, make_json_options, to_json


@dataclass(frozen=True, slots=True)
class Inner:
    value: float | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat(Inner):
    name: str
    extra: Inner | None = field(default=None, metadata=make_json_options(omit_none=True))


@dataclass(frozen=True, slots=True)
class Outer:
    rows: Mapping[str, Inner] = field(metadata=make_json_options(inline=True))
    number: int = field(metadata=make_json_options("No."))
    flat: Sequence[Flat]
    nested: Mapping[str, Mapping[str, Inner]]
    maybe: Mapping[str, Inner] | None


OUTER = Outer(
    {"a": Inner(1.5), "b": Inner(None, "empty")},
    3,
    (Flat(1.0, name="x"), Flat(2.0, name="y", extra=Inner(None))),
    {"k": {"l": Inner(0.0)}},
    None,
)
DOCUMENT = {
    "a": {"value": 1.5, "why": ""},
    "b": {"value": None, "why": "empty"},
    "No.": 3,
    "flat": [
        {"value": 1.0, "why": "", "name": "x"},
        {"value": 2.0, "why": "", "name": "y", "extra": {"value": None, "why": ""}},
    ],
    "nested": {"k": {"l": {"value": 0.0, "why": ""}}},
    "maybe": None,
}


def test_a_document_and_back():
    assert to_json(OUTER) == DOCUMENT
    assert from_json(Outer, json.loads(json.dumps(DOCUMENT))) == OUTER


@dataclass(frozen=True, slots=True)
class WithInternal:
    shown: int
    hidden: bool = field(default=False, metadata=make_json_options(internal=True))


def test_an_internal_field_is_not_part_of_the_document():
    assert to_json(WithInternal(1, hidden=True)) == {"shown": 1}
    assert from_json(WithInternal, {"shown": 1, "hidden": True}) == WithInternal(1)


def test_unknown_keys_are_ignored_and_absent_ones_take_the_default():
    assert from_json(Inner, {"value": 1, "later": 2}) == Inner(1)
    with pytest.raises(KeyError, match="value"):
        from_json(Inner, {"why": ""})
