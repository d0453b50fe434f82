"""What is said of a pairing and its nulls: no more than the numbers mean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cmean.presentation.pairing_phrases import (
    PairingSummary,
    describe_pairing,
    interpret_pairing,
    typeset,
)
from cmean.presentation.pairing_versions import describe_comparison, describe_extension

NINE = PairingSummary(
    pairing=4,
    method="greedy",
    vector="whole",
    metric="cosine",
    pairs=9,
    mean=0.99642,
    minimum=0.98,
    tenth_percentile=0.985,
    maximum=1.0,
    null_mean=0.9382,
    null_sd=0.0197,
    z=2.9553,
)


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
    assert "independent evidence: labels, ImageBind or human ratings" in sentence


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
    assert ("ImageBind or human ratings" in sentence) is (space != "imagebind")


def test_random_pairs_have_no_method_to_look_at():
    assert "method" not in said(z=2.5, method="random", resampled=0.9)


def test_a_pairing_is_one_line_with_its_null():
    assert describe_pairing(NINE) == (
        "9 pairs by greedy cosine, mean 0.9964 (minimum 0.9800, 10th percentile 0.9850, maximum "
        "1.0000); null (random pairing) 0.9382 ± 0.0197, z = 2.96"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pairs": 1}, "1 pair by greedy cosine"),
        ({"vector": "fragments"}, "9 pairs of fragments by greedy cosine"),
        ({"vector": "concatenated"}, "9 pairs of concatenated vectors by"),
        ({"method": "random"}, "9 pairs at random, cosine, mean"),
        ({"calibrate": "quantile"}, "cosine, calibrated by quantiles within each kind, mean"),
        ({"space": "imagebind"}, "by greedy cosine of ImageBind embeddings, mean"),
        ({"z": None}, "0.9382 ± 0.0197, z undefined (the null does not vary)"),
        (
            {"null_mean": None, "null_sd": None, "z": None},
            "unknown (the vectors were not published)",
        ),
        ({"gap": 0.0}, "; total similarity optimal"),
        ({"gap": 0.0123}, "; total similarity within 1.2e-02 of the optimum"),
        ({"unpaired_tracks": 1}, "; 1 track unpaired"),
        ({"vector": "fragments", "unpaired_artworks": 2}, "; 2 artwork fragments unpaired"),
        (
            {"min_similarity": 0.95, "below_floor": 2},
            "; 2 pairs left out, below the minimum similarity of 0.95",
        ),
        (
            {"resampled_mean": 0.99, "resampled_sd": 0.001},
            "; null (greedy over resampled triples) 0.9900 ± 0.0010",
        ),
    ],
)
def test_every_choice_is_in_the_line(changes, words):
    assert words in describe_pairing(replace(NINE, **changes))


def test_typeset_text_does_not_break_at_signs():
    assert typeset("null -0.1 ± 0.2, z = -3, 1.2e-02, cmean-demo") == (
        "null \u22120.1\xa0±\xa00.2, z\xa0=\xa0\u22123, 1.2e-02, cmean-demo"
    )


@pytest.mark.parametrize(
    ("added", "unpaired", "words"),
    [
        (2, (0, 0), "extends pairing 1: 7 kept, 2 added"),
        (0, (0, 0), "0 added; all items are paired already"),
        (0, (3, 0), "0 added; no unpaired artwork: 3 tracks stay unpaired"),
        (0, (0, 1), "0 added; no unpaired track: 1 artwork stays unpaired"),
    ],
)
def test_an_extension_says_why_it_adds_nothing(added, unpaired, words):
    pairing = replace(NINE, unpaired_tracks=unpaired[0], unpaired_artworks=unpaired[1])
    assert words in describe_extension(pairing, 1, 7, added)


def test_a_comparison_names_the_share_of_tracks_paired_in_both():
    found = {"pairing": 1, "kept": 6, "changed": 3, "new": 2}
    found |= {"gained": 1.5, "gained_by_tracks_of_both": -0.25}
    assert describe_comparison(found) == (
        "compared with pairing 1: 6 of its pairs kept, 3 changed; total similarity +1.5000, of "
        "which \u22120.2500 by tracks paired in both; 2 newly paired"
    )
