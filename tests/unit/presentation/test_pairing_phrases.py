"""What is said of a pairing and its nulls: no more than the numbers mean."""

from __future__ import annotations

import pytest

from cmean.presentation.pairing_phrases import PairingSummary, interpret_pairing


def said(mean=0.95, z=4.0, resampled=None, **other):
    chosen = {"method": "greedy", "space": "emotion", "null_mean": 0.85, "null_sd": 0.025} | other
    return interpret_pairing(
        PairingSummary(
            vector="whole",
            metric="cosine",
            pairs=3,
            mean=mean,
            minimum=mean,
            maximum=mean,
            z=z,
            resampled_mean=resampled,
            resampled_sd=0.001,
            **chosen,
        )
    )


@pytest.mark.parametrize(
    ("resampled", "words"),
    [
        (0.95, "The same method reaches as much on resampled triples"),
        (0.96, "reaches as much"),
        (0.94, "The same method reaches 90\N{NO-BREAK SPACE}% of that difference on"),
        (0.949999, "reaches over 99.9\N{NO-BREAK SPACE}% of that"),
        (0.80, "reaches 0\N{NO-BREAK SPACE}% of that"),
    ],
)
def test_what_the_method_finds_anyway_is_a_share_of_the_distance_from_chance(resampled, words):
    sentence = said(resampled=resampled)
    assert sentence.startswith("The pairs are clearly more similar than random pairs")
    assert words in sentence
    assert "only labels, ImageBind or people can tell" in sentence


@pytest.mark.parametrize("z", [1.9, -5.0, None])
def test_without_a_distance_from_chance_there_is_no_share_of_it(z):
    assert "of that" not in said(z=z, resampled=0.9)
    assert "as much" not in said(z=z, resampled=0.99)


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ("captions", "more similar by caption embeddings than"),
        ("imagebind", "more similar by ImageBind embeddings than"),
    ],
)
def test_it_says_in_what_the_pairs_are_alike(space, words):
    sentence = said(space=space, resampled=0.9)
    assert words in sentence
    assert "on resampled embeddings" in sentence
    assert ("ImageBind or people" in sentence) is (space != "imagebind")


def test_random_pairs_have_no_method_to_look_at():
    assert "method" not in said(z=2.5, method="random", resampled=0.9)
