"""The profile that follows the study's code, and the options that it brought."""

from __future__ import annotations

import pytest

from cmean.config import Settings
from cmean.domain import Kind, Role
from cmean.errors import ConfigError
from cmean.inference.recipes import build_recipes

ADDED = {"whole_last", "top_k", "top_p"}


def build(name, **user_profiles):
    """The recipes of a profile, with profiles of the user."""
    profile = Settings(user_profiles=user_profiles).get_profile(name)
    return build_recipes(profile, find_revision=lambda *_: "1")


def find(recipes, role, kind, backend=None):
    """The parameters of the first recipe of a role, which reads media where it is an embedder."""
    return next(
        recipe.parameters
        for recipe in recipes
        if (recipe.role, recipe.kind) == (role, kind) and backend in {None, recipe.backend}
    )


@pytest.mark.parametrize("kind", list(Kind))
def test_the_mapper_is_asked_as_the_studys_code_asked(kind):
    found = find(build("paper-as-run"), Role.MAPPER, kind)
    wanted = {"together": True, "whole_last": True, "temperature": 0.7, "top_k": 20, "top_p": 0.95}
    assert wanted.items() <= found["mapping"].items()
    wanted = {"quantization": "4bit", "dtype": "float16"}
    assert wanted.items() <= found["backend"].items()


def test_fragments_of_pictures_are_not_enlarged():
    found = find(build("paper-as-run"), Role.CAPTIONER, Kind.ARTWORK)
    assert found["backend"]["min_pixels"] <= found["preprocessing"]["fragment_size"] ** 2


def test_imagebind_hears_three_clips_of_the_left_channel():
    recipes = build("paper-as-run")
    track, artwork = (find(recipes, Role.EMBEDDER, kind, "imagebind") for kind in Kind)
    assert track["preprocessing"] == {"rate": 16_000, "channel": "left"}
    assert track["backend"]["clips"] == artwork["backend"]["clips"] == 3
    assert "channel" not in artwork["preprocessing"]
    clap = find(recipes, Role.EMBEDDER, Kind.TRACK, "clap")
    assert clap["preprocessing"] == {"rate": 48_000}


@pytest.mark.parametrize("name", ["paper", "paper-continued", "omni", "llava", "lavis", "server"])
def test_no_other_profile_has_its_options(name):
    for recipe in build(name):
        assert not ADDED & set(recipe.parameters.get("mapping", {}))
        assert not {"channel"} & set(recipe.parameters.get("preprocessing", {}))
        assert not {"metadata", "clips"} & {*recipe.parameters, *recipe.parameters["backend"]}


@pytest.mark.parametrize(
    ("metadata", "stored"),
    [(True, True), (["title", "style"], ["title", "style"]), (False, None), ([], None)],
)
def test_metadata_are_named_in_the_recipe(metadata, stored):
    own = {"extends": "paper", "artwork": {"captioner": {"metadata": metadata}}}
    found = find(build("own", own=own), Role.CAPTIONER, Kind.ARTWORK)
    assert found.get("metadata") == stored


@pytest.mark.parametrize(
    ("step", "option", "said"),
    [
        ("captioner", {"metadata": "title"}, "metadata of the captioner is a list of names"),
        ("captioner", {"metadata": ["title", 3]}, "metadata of the captioner is a list of names"),
        ("captioner", {"metadata": [""]}, "metadata of the captioner is a list of names"),
        ("captioner", {"continue_tokens": True}, "is a whole number of at least 0, not True"),
        ("mapper", {"whole_last": 1}, "whole_last of the mapper is true or false, not 1"),
        ("mapper", {"top_k": -1}, "top_k of the mapper is a whole number of at least 0, not -1"),
        ("mapper", {"top_k": 2.5}, "top_k of the mapper is a whole number"),
        ("mapper", {"top_p": 2}, "top_p above 0 and at most 1"),
    ],
)
def test_an_option_without_sense_is_refused_in_one_line(step, option, said):
    with pytest.raises(ConfigError) as caught:
        build("own", own={"extends": "paper", "artwork": {step: option}})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_channel_is_a_name():
    own = {"extends": "paper", "embedders": [{"backend": "imagebind", "channel": 1}]}
    with pytest.raises(ConfigError, match="channel of the embedder is a text, not 1"):
        build("own", own=own)


def test_one_prompt_serves_questions_about_one_caption_and_about_five():
    single, together = (
        find(
            build("own", own={"extends": "server", "track": {"mapper": {"together": together}}}),
            Role.MAPPER,
            Kind.TRACK,
        )
        for together in (False, True)
    )
    assert single["prompt"] == together["prompt"]
    assert "At the end of this request" in single["prompt"]
