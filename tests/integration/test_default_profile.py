"""Which profile is used where nobody names one, and what is said of it."""

from __future__ import annotations

import os

import pytest
from support import write_small_corpus
from weight_wheels import MadeWeights

PROFILES = """
[profiles.learned]
extends = "embedded"
[profiles.learned.track]
mapper = { backend = "testing-learned" }
[profiles.learned.artwork]
mapper = { backend = "testing-learned" }
"""
HINT = "profile embedded is used; for better captions by small learned models: cmean setup"
CHANGE = "this catalog has results of profile embedded, and none yet of learned"
LEARNED = {"red": 10, "green": 20, "blue": 30}


def with_profile(folder, database_url=None):
    """Made-up weights, and a profile of their name that needs them."""
    made = MadeWeights(folder, database_url)
    made.add()
    (folder / "cmean.toml").write_text(PROFILES)
    return made


@pytest.fixture
def made(tmp_path):
    return with_profile(tmp_path)


def triple(program, *options):
    """What a text is mapped to, and what is said besides."""
    found = program("map-text", "--json", *options, text="a slow cello\n")
    assert found.code == 0, found.err
    return {name: found.json[name] for name in LEARNED}, found.err.splitlines()


def test_without_weights_the_embedded_profile_is_used_and_one_line_says_so(made):
    found, said = triple(made.program)
    assert found != LEARNED
    assert said == [HINT]
    assert triple(made.program, "--profile", "embedded") == (found, [])


def test_with_weights_the_learned_profile_is_used(made):
    made.program("setup")
    assert triple(made.program) == (LEARNED, [])


def test_weights_are_all_or_nothing(made):
    made.add("more")
    made.wheel("tiny-tags").unlink()
    assert made.program("setup").code == 3
    assert triple(made.program)[1] == [HINT]


@pytest.mark.parametrize("name", ["embedded", "learned"])
def test_a_setting_always_wins(made, name):
    made.program.environment["CMEAN_PROFILE"] = name
    if name == "learned":
        found = made.program("map-text", text="a slow cello\n")
        assert found.code == 1
        assert found.err == (
            "cmean: the weights of tiny-tags 1.0 are not on this machine; run: cmean setup\n"
        )
    made.program("setup")
    found, said = triple(made.program)
    assert (found == LEARNED, said) == (name == "learned", [])


def test_damaged_weights_are_told(made):
    made.program("setup")
    os.truncate(made.folder_of("tiny-tags") / "triple.txt", 3)
    found, said = triple(made.program)
    assert found != LEARNED
    assert said == [
        "profile embedded is used, for the weights of tiny-tags 1.0 are damaged; run: cmean setup"
    ]


def test_each_verb_says_it_once_and_never_on_standard_output(made, tmp_path):
    write_small_corpus(tmp_path / "media")
    assert HINT not in made.program("ingest", "media").err
    for verb in ("run", "pair"):
        found = made.program(verb, "--json")
        assert found.code == 0, found.err
        assert found.err.count(HINT) == 1, verb
        assert found.json
    media = ("--tracks", "media", "--artworks", "media")
    found = made.program("demo", "out", *media, "--json")
    assert found.err.count(HINT) == 1
    assert found.json["pairs"] == 3
    assert HINT not in made.program("status").err


def test_a_catalog_that_was_filled_before_setup_does_not_seem_empty(database_url, tmp_path):
    made = with_profile(tmp_path, database_url)
    write_small_corpus(tmp_path / "media")
    for arguments in (("init",), ("ingest", "media"), ("run",), ("pair",), ("setup",)):
        assert made.program(*arguments).code == 0
    assert CHANGE in made.program("status", "--json").err
    found = made.program("pair")
    assert found.code == 1
    first, second = found.err.splitlines()
    assert first.startswith(CHANGE)
    assert first.endswith("cmean run makes them, and CMEAN_PROFILE=embedded keeps to what is there")
    assert "profile 'learned' has no emotions in this catalog yet" in second
    for arguments in (("evaluate",), ("report", "--output", "report.html")):
        assert made.program(*arguments).code == 0  # of the pairing, whatever made it
    for options in (("--profile", "embedded"), ("--extend", "1", "--profile", "embedded")):
        found = made.program("pair", *options)
        assert (found.code, CHANGE in found.err) == (0, False)
    found = made.program("run", "--json")
    assert (found.code, found.err.count(CHANGE)) == (0, 1)
    assert found.json["emotion"]["done"] == 35
    for verb in ("status", "run", "pair"):
        found = made.program(verb, "--json")
        assert (found.code, CHANGE in found.err) == (0, False), verb


def test_extending_a_pairing_of_the_other_profile_says_which_to_name(made, tmp_path):
    write_small_corpus(tmp_path / "media")
    for arguments in (("ingest", "media"), ("run",), ("pair",), ("setup",), ("run",)):
        assert made.program(*arguments).code == 0
    found = made.program("pair", "--extend", "1")
    assert found.code == 1
    assert "add --profile embedded" in found.err
