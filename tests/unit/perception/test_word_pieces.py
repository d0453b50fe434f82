"""WordPiece tokenisation, held against transformers' own on the same vocabulary."""

import hashlib
import unicodedata
from importlib.resources import files

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cmean.perception.networks.word_pieces import (
    VOCABULARY,
    encode_pieces,
    load_vocabulary,
    split_words,
)

transformers = pytest.importorskip("transformers", reason="the models extra is not installed")

YOUNG = {"Cn", "Co"}
"""Code points that have no meaning yet; and some came to one after the reference's tables."""


@pytest.fixture(scope="module")
def reference():
    tokenizer = transformers.BertTokenizer(dict(load_vocabulary()))
    return lambda text: tokenizer(text, add_special_tokens=False, split_special_tokens=True)[
        "input_ids"
    ]


def is_old(text):
    """Whether all of it was in Unicode 3.2, which every table of categories knows."""
    known = unicodedata.ucd_3_2_0
    return all(known.category(c) not in YOUNG for c in text) and all(
        known.category(c) == unicodedata.category(c) for c in text
    )


ODD = (
    *("Lullaby", "naïve", "ÉLAN", "don't", "3.50$", "mid-tempo", "[SEP]", "x" * 101),
    *("静かな", "湖", "🙂", "👩\u200d🎨", "İstanbul", "ΣΑΣ", "ß"),
    *("\x00", "\x85", "\u200b", "\ufffd", "\u3000"),
)
texts = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"])).filter(is_old),
    st.lists(st.sampled_from(ODD)).map(" ".join),
)


@given(text=texts)
@example(text="A piece [MASK] of music\twith\r\nviolins, \x1cdrums\u2028& \u2014 r\u0301esum\u00e9")
@example(text="a\u0300\u0323 \u1e9b\u0323 \ufb01 \u01c4 \uac00")
def test_pieces_are_those_of_the_reference(reference, text):
    assert encode_pieces(text) == reference(text)


def test_every_character_of_the_first_plane_that_is_old_is_read_as_the_reference_does(reference):
    old = [chr(c) for c in range(0x3000) if is_old(chr(c))]
    assert len(old) > 7_000
    text = "a".join(old)
    assert encode_pieces(text) == reference(text)


def test_the_vocabulary_is_that_of_bert_base_uncased():
    content = files("cmean.perception.networks").joinpath(VOCABULARY).read_bytes()
    assert hashlib.sha256(content).hexdigest().startswith("07eced375cec144d")
    assert len(load_vocabulary()) == 30_522


def test_words_lose_case_and_accents():
    assert [word for word in split_words("Élan, NAÏVE!") if word] == ["elan", ",", "naive", "!"]


def test_lone_surrogates_are_dropped():
    assert encode_pieces("sea\ud800 shore") == encode_pieces("sea shore")
