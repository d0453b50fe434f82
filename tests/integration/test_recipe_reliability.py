"""Two or more emotion recipes over the same items: how well they agree, beside chance."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
from triples import Triples

from cmean.catalog import migrate
from cmean.catalog import recipes as recipe_rows
from cmean.catalog.engine import Catalog
from cmean.config import Settings
from cmean.domain import CHANNELS, POSITIONS, Kind
from cmean.errors import CmeanError, ConfigError, InputError
from cmean.evaluation import reliability
from cmean.evaluation.documents.recipe_agreement import RecipeAgreementDocument
from cmean.evaluation.reliability_tables import build_recipe_tables
from cmean.inference import controls, recipes
from cmean.matching import random_pairing
from cmean.stats.reliability import compute_iccs, compute_self_retrieval
from cmean.stats.sampling import SamplingOptions
from cmean.util.dataclass_json import from_json, to_json

NAMES = ("embedded", "embedded-stretched", "grey")
FEW = SamplingOptions(permutations=200)
UNHEARD = {"extends": "embedded", "track": {"preprocessing": {"rate": 8000}}}
GREY = {"extends": "embedded", "artwork": {"preprocessing": {"whole_size": 64}}}
PROFILES = partial(
    controls.find_profile, Settings(user_profiles={"grey": GREY, "unheard-of": UNHEARD})
)


class Run(Triples):
    """Triples of any profile."""

    def __init__(self, catalog, name):
        self.catalog, self.profile = catalog, PROFILES(name)
        with catalog.write() as connection:
            self.recipes = recipes.enter_recipes(connection, self.profile)


@pytest.fixture
def filled(catalog):
    """Artworks with triples of three recipes: a noisy second one, and a constant; and the truth."""
    random = np.random.default_rng(5)
    first = random.integers(0, 256, (12, 5, 3))
    second = np.clip(first + random.integers(-40, 41, first.shape), 0, 255)
    runs = [first, second, np.full_like(first, 128)]
    by = Run(catalog, NAMES[0])
    ids = [by.add(Kind.ARTWORK, as_triples(item)) for item in first]
    for name, run in zip(NAMES[1:], runs[1:], strict=True):
        again = Run(catalog, name)
        for item_id, item in zip(ids, run, strict=True):
            again.give(item_id, Kind.ARTWORK, as_triples(item))
    by.add(Kind.ARTWORK, as_triples(first[0]))  # of the first recipe alone
    return runs


def as_triples(item):
    return {position: tuple(int(c) for c in item[position]) for position in POSITIONS}


def compared(catalog, *names):
    with catalog.read() as connection:
        found = reliability.compare_recipes(connection, names, PROFILES, FEW)
    return json.loads(json.dumps(to_json(found), allow_nan=False))


@pytest.mark.parametrize("part", reliability.PARTS)
def test_each_figure_is_that_of_its_definition(catalog, filled, part):
    found = compared(catalog, *NAMES[:2])["kinds"]["artwork"][part]
    from scipy import stats

    places = list(reliability.PARTS[part])
    one, other = (run[:, places] for run in filled[:2])
    assert found["n"] == 12
    (pair,) = found["pairs"]
    for at, channel in enumerate(CHANNELS):
        columns = one[:, :, at].ravel(), other[:, :, at].ravel()
        assert pair["pearson"][channel]["value"] == pytest.approx(
            stats.pearsonr(*columns)[0], abs=1e-9
        )
        assert pair["spearman"][channel]["value"] == pytest.approx(
            stats.spearmanr(*columns)[0], abs=1e-9
        )
        expected = compute_iccs(np.stack(columns, axis=1))
        for name, each in expected.items():
            shown = found["icc"][channel][name]
            assert shown["value"] == each.value
            if part == "whole":
                assert shown == each.as_dict()
            else:  # five triples of an item are not independent
                assert (shown["low"], shown["high"]) == (None, None)
                assert "not independent" in shown["why"]
    flat = [run.reshape(12, -1) for run in (one, other)]
    cosines = np.sum(flat[0] * flat[1], axis=1) / np.prod(np.linalg.norm(flat, axis=2), axis=0)
    assert pair["cosine"]["value"] == pytest.approx(cosines.mean(), abs=1e-9)
    null, chance = random_pairing(*(run.astype(np.uint8) for run in flat)), pair["cosine"]["chance"]
    assert (chance["mean"], chance["sd"]) == (null.mean, null.sd)
    assert chance["z"] == pytest.approx((cosines.mean() - null.mean) / null.sd)
    assert chance["p"] < 0.05
    ranks = compute_self_retrieval(*flat)
    assert pair["retrieval"]["median_rank"]["value"] == ranks.median_rank.estimate.value
    assert pair["retrieval"]["first"]["chance"] == pytest.approx(1 / 12)


@pytest.mark.usefixtures("filled")
def test_three_recipes_and_what_does_not_vary_is_undefined_with_a_reason(catalog):
    found = compared(catalog, *NAMES)
    whole = found["kinds"]["artwork"]["whole"]
    assert [pair["recipes"] for pair in whole["pairs"]] == [[0, 1], [0, 2], [1, 2]]
    constant = whole["pairs"][1]
    assert constant["pearson"]["red"] == {
        "value": None,
        "n": 12,
        "low": None,
        "high": None,
        "why": "one of the two does not vary",
    }
    assert (constant["cosine"]["chance"]["z"], constant["cosine"]["chance"]["sd"]) == (None, 0)
    assert constant["retrieval"]["median_rank"]["value"] == 6.5
    tables = build_recipe_tables(from_json(RecipeAgreementDocument, found))
    assert {table.name.partition("-")[0] for table in tables} == {
        "channels",
        "nearness",
        "retrieval",
        "icc",
    }
    for table in tables:
        assert all(len(row) == len(table.header) for row in table.rows)
        assert "A: embedded, B: embedded-stretched, C: grey" in table.note
    notes = {table.name: table.note.partition("Undefined: ")[2] for table in tables}
    assert notes["channels-artwork"] == "one of the two does not vary."
    assert notes["nearness-artwork"] == "every random pairing gives the same."
    assert notes["retrieval-artwork"] == ""


@pytest.mark.usefixtures("filled")
def test_ids_of_recipes_will_do_and_beside_them_a_profile(catalog):
    profiles = compared(catalog, *NAMES[:2])
    ids = [str(row["artwork"]) for row in profiles["recipes"]]
    by_ids = compared(catalog, *ids)
    assert by_ids["kinds"] == profiles["kinds"]
    assert compared(catalog, ids[0], NAMES[1])["kinds"] == profiles["kinds"]
    assert [list(row) for row in by_ids["recipes"]] == [["name", "artwork"]] * 2


@pytest.mark.usefixtures("filled")
def test_what_cannot_be_compared_is_refused_in_one_line(catalog):
    Run(catalog, "unheard-of")
    with catalog.read() as connection:
        every = recipe_rows.read_recipes(connection, recipe_rows.read_recipe_ids(connection))
    captioner = next(row["id"] for row in every if row["role"] == "captioner")
    track, artwork = (
        next(row["id"] for row in every if (row["role"], row["kind"]) == ("mapper", kind))
        for kind in ("track", "artwork")
    )
    for names, words in {
        (): "name two recipes or more",
        (artwork,): "name two recipes or more",
        (artwork, 9999): "there is no recipe 9999",
        (artwork, 10**30): "there is no recipe 1000",
        (captioner, artwork): "is that of the captioner embedded-track",
        (track, artwork): "different kinds cannot be compared",
        (artwork, "embedded"): "are the same recipes",
        ("embedded", "embedded-text"): "are the same recipes",
        ("embedded", "unheard-of"): "no item has emotions by all of embedded, unheard-of",
        ("embedded", "embedded+shuffled-captions"): "--profile embedded+shuffled-captions",
        ("embedded", "nothing"): "there is no profile 'nothing'",
    }.items():
        with pytest.raises(CmeanError) as caught:
            compared(catalog, *map(str, names))
        assert isinstance(caught.value, InputError | ConfigError)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)


def test_one_item_is_no_sample_but_no_error(tmp_path):
    catalog = Catalog(f"sqlite:///{tmp_path / 'one.db'}")
    migrate.upgrade_schema(catalog)
    item_id = Run(catalog, NAMES[0]).add(Kind.ARTWORK, {0: (0, 0, 0)})
    Run(catalog, NAMES[1]).give(item_id, Kind.ARTWORK, {0: (1, 2, 3)})
    found = compared(catalog, *NAMES[:2])
    assert list(found["kinds"]["artwork"]) == ["whole"]
    (pair,) = found["kinds"]["artwork"]["whole"]["pairs"]
    assert (pair["cosine"]["value"], pair["cosine"]["chance"]["z"]) == (0, None)
    assert build_recipe_tables(from_json(RecipeAgreementDocument, found))
    catalog.close()
