"""Requests as they are stored: their documents, and digests that outlive new fields."""

import pytest

from cmean.pairing.pairing_request import PairingRequest

EARLIEST = {
    "profile": "paper",
    "method": "greedy",
    "vector": "whole",
    "metric": "cosine",
    "extends": None,
    "track_recipe_id": 3,
    "artwork_recipe_id": 4,
}
"""A request as it was stored before there were spaces, calibration and a minimum similarity."""

EMBEDDED = EARLIEST | {
    "space": "imagebind",
    "calibrate": "none",
    "min_similarity": 0.5,
    "track_embedding_recipe_id": 7,
    "artwork_embedding_recipe_id": 8,
}


def test_an_early_request_has_the_defaults_of_what_it_lacks():
    request = PairingRequest.from_json(EARLIEST)

    assert (request.space, request.calibrate, request.min_similarity) == ("emotion", "none", None)
    assert (request.seed, request.as_of) == (None, None)


def test_an_early_request_keeps_the_fields_that_its_digest_is_of():
    assert PairingRequest.from_json(EARLIEST).as_digest_fields() == EARLIEST


@pytest.mark.parametrize(
    "later",
    [{"space": "captions"}, {"calibrate": "quantile"}, {"min_similarity": 0.0}, {"seed": 0}],
    ids=str,
)
def test_whatever_a_later_field_changes_is_part_of_the_digest(later):
    request = PairingRequest.from_json(EARLIEST | later)

    assert request.as_digest_fields() == EARLIEST | later


@pytest.mark.parametrize("document", [EMBEDDED, EMBEDDED | {"seed": 5, "as_of": 2}], ids=str)
def test_a_request_is_stored_as_it_is_read(document):
    assert PairingRequest.from_json(document).as_json() == document
