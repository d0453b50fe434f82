"""A text of one repeated token is told from one that repeats a word."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cmean.domain import is_repeated_token

TOKENS = st.text(st.characters(categories=["L", "P", "N"]), min_size=1, max_size=12)


@given(TOKENS, st.sampled_from(["", " ", "\n"]), st.integers(8, 200), st.integers(0, 5))
def test_one_token_repeated_is_told_also_where_the_last_is_cut(token, space, times, cut):
    text = (token + space) * times + token[:cut]
    assert is_repeated_token(text)


@given(st.lists(TOKENS, min_size=2, max_size=30, unique=True))
def test_different_words_are_not(words):
    text = " ".join(words)
    assume(len(set(text.replace(" ", ""))) > 3)
    assert not is_repeated_token(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "!!!",
        "No, no, no.",
        "La la la la la, sings the choir.",
        "A slow, slow waltz.",
    ],
)
def test_ordinary_texts_are_not(text):
    assert not is_repeated_token(text)
