"""Parameters of a profile that no back-end can use: one line, before anything is loaded."""

from __future__ import annotations

from datetime import date

import pytest

from cmean.backends import registry
from cmean.domain import Role
from cmean.errors import ConfigError

CHAT = [
    ({"model": 5}, "model is a text, not 5"),
    ({"model": []}, "model is a text"),
    ({"revision": 5}, "revision is a text"),
    ({"dtype": []}, "dtype"),
    ({"quantization": []}, "quantization"),
    ({"max_new_tokens": 2.5}, "max_new_tokens is a whole number, not 2.5"),
    ({"max_new_tokens": True}, "max_new_tokens is a whole number, not True"),
    ({"top_k": 2.5}, "top_k is a whole number"),
    ({"top_p": "much"}, "top_p is a number"),
    ({"seed": "a"}, "seed is a whole number"),
    ({"temperature": "hot"}, "temperature is a number"),
    ({"temperature": 1e-46}, "temperature is 0, or 1e-06 or more"),
    ({"temperature": float("nan")}, "temperature"),
    ({"min_pixels": "a"}, "min_pixels is a whole number"),
    ({"wrong": 1}, "takes no parameter 'wrong'"),
]
SERVER = [
    ({"extra": {"d": date(2020, 1, 1)}}, "cannot be sent as JSON"),
    ({"extra": {"temperature": float("nan")}}, "cannot be sent as JSON"),
    ({"timeout": float("inf")}, "timeout"),
    ({"timeout": 1e30}, "timeout is 0.001 to 86,400"),
    ({"backoff": float("inf")}, "backoff"),
    ({"concurrency": 2.5}, "concurrency is a whole number"),
    ({"omit": 5}, "`omit` is a list"),
    ({"omit": [["a"]]}, "`omit` is a list"),
    ({"program": []}, "program is a text"),
    ({"temperature": "x"}, "temperature is a number"),
    ({"max_new_tokens": "many"}, "max_new_tokens is a whole number"),
    ({"wrong": 1}, "takes no parameter 'wrong'"),
]


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [("qwen2.5-vl", *case) for case in CHAT] + [("openai", *case) for case in SERVER],
    ids=str,
)
def test_a_parameter_that_cannot_be_used_is_refused_in_one_line(name, parameters, said):
    if name != "openai":
        pytest.importorskip("transformers")
    with pytest.raises(ConfigError) as caught:
        registry.create_captioner(name, {"model": "m"} | parameters)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "__init__" not in str(caught.value)


def test_what_is_missing_is_named():
    with pytest.raises(ConfigError, match="the back-end 'distilled' needs 'weights'"):
        registry.create_backend("distilled", Role.MAPPER, {})
