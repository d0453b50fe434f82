"""Digests that catalogs and model answers keep: fixed values, so that no release changes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cmean.backends import hub, writing
from cmean.backends.captioners import conversation
from cmean.backends.embedders.embedded_text import TextEmbedder
from cmean.backends.mappers import word_table
from cmean.catalog.pairings import PAIR
from cmean.domain import Excerpt, Kind, Picture, Prompt, Question, Recipe, Role, Sound
from cmean.inference.shuffling import assign_donors
from cmean.media import files
from cmean.ratings.questionnaire import SourcePairs, list_questions
from cmean.util.hashing import hash_canonical_json, hash_json, hash_parts

PARAMETERS = {
    "method": "greedy",
    "vector": "whole",
    "metric": "cosine",
    "track_recipe_id": 3,
    "artwork_recipe_id": 4,
    "extends": None,
    "min_similarity": 0.95,
    "file": "Similarità.csv",
}

FILE = "e9857a9ddebf9772ab5aad31b757c8f3e260dd3c09376f92c14c05e80672b260"


def test_the_parameters_of_a_stored_pairing():
    expected = "b58ca2bc45ca47da0d5327ea57e1796c9c9a6320abd46873ef81d6f6847a207a"

    assert hash_json(PARAMETERS) == expected
    assert hash_json(dict(reversed(PARAMETERS.items()))) == expected


def test_a_stored_request_in_the_order_of_its_keys():
    expected = "01ff87abafb30c9759966671a70f71471f554f41f73776043abf8296629e81ee"

    assert hash_json(["evaluate", PARAMETERS, [1, None]], sort_keys=False) == expected


def test_canonical_json():
    expected = "35e3516d163814ce18a76cc36fe6a44d80304f89ef978ca5ffd76473b5a9869a"

    assert hash_canonical_json(PARAMETERS) == expected
    assert hash_canonical_json(dict(reversed(PARAMETERS.items()))) == expected


def test_parts_are_hashed_one_after_the_other():
    expected = "3d213c31cda94f52be1053903de48a3d4671d6a5dc20facc088fd5b02e240873"

    assert hash_parts(["track 0 2 ", b"\x01\0"]) == expected
    assert hash_parts(each for each in ("track ", "0 2 ", b"\x01", b"\0")) == expected


def test_a_recipe_and_the_one_that_reads_it():
    prompt = {"prompt": {"user": "Décris “ceci”.\n", "system": ""}, "temperature": 0.0}
    caption = Recipe(Role.CAPTIONER, Kind.TRACK, "some-model", "rev/1", {"backend": prompt})
    emotion = Recipe(
        Role.MAPPER, Kind.TRACK, "mapper", "2", {"b": [1, 2.5, None], "a": {}}, caption
    )

    assert caption.digest == "a197d4db982e196eb1bc802c4641d9e5f5850ef00862f6c90d67aea84c15bb09"
    assert emotion.digest == "24b16a64fa4e9bec432fc734699227e7553e1c0d191923730d97417fd90199d3"


def test_the_bytes_of_a_file(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG" * 1000)

    assert files.hash_media_file(path) == FILE


def test_the_files_of_a_checkpoint(tmp_path):
    (tmp_path / "config.json").write_bytes(b"{}")
    (tmp_path / "model.safetensors").write_bytes(bytes(range(256)) * 40_000)

    assert hub._compute_fingerprint(tmp_path) == "9e2bbd6ab61bc2d9"  # noqa: SLF001 - part of stored recipes


def test_the_file_of_a_word_table():
    assert word_table.digest_table(b"word,red,green,blue\n") == "a56c44c9098e"


def test_codes_of_a_questionnaire():
    pairs = np.array([(0, 1, 0.9, 11, 21, 0, 0), (0, 2, 0.8, 12, 22, 0, 0)], PAIR)
    control = np.array([(0, 1, 0.5, 11, 22, 0, 0), (0, 2, 0.4, 12, 21, 0, 0)], PAIR)
    sources = [
        SourcePairs("a" * 64, pairs, np.array([1, 2])),
        SourcePairs("b" * 64, control, np.array([3, 4])),
    ]

    assert [each.code for each in list_questions("congruence", *sources)] == [
        "63d5ef83-1e7cd6774546",
        "63d5ef83-4379c1dc0d93",
        "63d5ef83-5e66b07b8b2d",
        "63d5ef83-7ea7ea90a578",
    ]
    assert [(each.code, each.artwork_ids) for each in list_questions("choice", *sources)] == [
        ("84d5f5b3-547718f120f3", (22, 21)),
        ("84d5f5b3-6cfec54ec7f2", (21, 22)),
    ]


def test_the_seed_of_a_mappers_question():
    question = Question(Prompt("Café?", "Be brief."), 20, "[0-9]+", 0.5, 7, "{")

    assert writing.derive_question_seed(question) == 5027483236787007351
    fewer = replace(question, top_k=20, top_p=0.95)
    assert writing.derive_question_seed(fewer) == 5027483236787007351
    assert fewer != question


@pytest.mark.parametrize(
    ("media", "seed"),
    [
        (Picture(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)), 2009585814435103210),
        (Sound(np.linspace(-1, 1, 16, dtype=np.float32), 16_000), 6624428505046187224),
    ],
    ids=["picture", "sound"],
)
def test_the_seed_of_a_captioners_excerpt(media, seed):
    excerpt = Excerpt(Kind.ARTWORK, 1, media, Prompt("Décris.", "Kurz."), "It shows")

    assert conversation.derive_excerpt_seed(3, excerpt) == seed


def test_the_place_and_sign_of_a_word():
    (vector,) = TextEmbedder().embed_texts(["Ärger storm"])

    assert {int(at): round(float(vector[at]), 3) for at in np.flatnonzero(vector)} == {
        154: -0.707,
        341: 0.707,
    }


def test_whose_captions_an_item_is_given():
    keys = {number: f"{number:064x}" for number in range(8)}

    assert assign_donors(keys, seed=5) == {5: 0, 0: 3, 3: 6, 6: 1, 1: 4, 4: 2, 2: 7, 7: 5}
