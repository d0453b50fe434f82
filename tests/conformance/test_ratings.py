"""Ratings go into the catalog and out of it unchanged, on each database."""

from __future__ import annotations

import csv
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from people import add_items, make_pairing, write_sheet

from cmean.catalog import pairings, ratings, report_rows, user_queries
from cmean.catalog.ratings import Rating
from cmean.errors import InputError
from cmean.presentation.row_files import write_rows
from cmean.ratings import importer, rating_sheets
from cmean.ratings.rating_sheets import SheetOptions

ONE_CATALOG = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25
)


@pytest.fixture
def pairing(catalog):
    add_items(catalog, 5, 6)
    return make_pairing(catalog)


def pair_ids(catalog, pairing_id):
    with catalog.read() as connection:
        return pairings.read_pair_ids(connection, pairing_id).tolist()


def all_ratings(catalog):
    query = "SELECT * FROM ratings ORDER BY pair_id, rater"
    left_out = {"id", "created_at"}
    with user_queries.run_query(catalog, query) as (columns, rows):
        return [
            {n: v for n, v in zip(columns, row, strict=True) if n not in left_out} for row in rows
        ]


@contextmanager
def nothing_rated(catalog):
    """For one example of a property."""
    with catalog.write() as connection:
        connection.exec_driver_sql("DELETE FROM ratings")
    yield


def export(catalog, path):
    with user_queries.run_query(catalog, user_queries.EXPORTS["ratings"]) as (columns, rows):
        write_rows(columns, rows, "csv", path)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=30)
answers = st.fixed_dictionaries(
    {
        "rater": st.sampled_from(["Ada", "Ömer", "=1+1", 'a "b", c;']),
        "congruence": st.none() | st.integers(1, 5),
        "preferred": st.none() | st.sampled_from(["pair", "random"]),
        "comment": st.none() | texts.filter(str.strip),
        "seconds": st.none() | st.floats(0, 1e6),
    }
).filter(lambda answer: answer["congruence"] or answer["preferred"])


@ONE_CATALOG
@given(given_answers=st.lists(st.tuples(st.integers(0, 4), answers), max_size=8))
def test_what_is_exported_comes_back_the_same(catalog, pairing, tmp_path, given_answers):
    ids = pair_ids(catalog, pairing)
    with catalog.read() as connection:
        other = ratings.read_artworks_of_pairs(connection, ids)
    with nothing_rated(catalog):
        for number, answer in given_answers:
            beside = other[ids[number - 1]] if answer["preferred"] else None
            new = Rating(ids[number], other_artwork_id=beside, **answer)
            importer.store_rating(catalog, new, overwrite=True)
        before = all_ratings(catalog)
        export(catalog, tmp_path / "ratings.csv")
    again = importer.import_rating_file(catalog, tmp_path / "ratings.csv").as_dict()
    assert (again["imported"], again["known"], again["rejected"]) == (0, len(before), [])
    with nothing_rated(catalog):
        found = importer.import_rating_file(catalog, tmp_path / "ratings.csv").as_dict()
        assert all_ratings(catalog) == before
    assert found == {"imported": len(before), "known": 0, "skipped": 0, "rejected": [], "notes": []}


@pytest.mark.parametrize("vector", ["whole", "fragments", "concatenated"])
@pytest.mark.parametrize("ask", ["congruence", "choice"])
def test_a_sheet_filled_in_at_random_is_imported_in_full(catalog, tmp_path, ask, vector):
    add_items(catalog, 6, 4)
    pairing_id = make_pairing(catalog, vector)
    sheet = rating_sheets.create_rating_sheet(catalog, pairing_id, SheetOptions(ask, seed=2))
    column, values = {"congruence": ("congruence", "12345"), "choice": ("preferred", "ab")}[ask]
    filled = [
        {column: values[number % len(values)], "rater": "Ada", "seconds": number}
        for number in range(len(sheet.rows))
    ]
    found = importer.import_rating_file(catalog, write_sheet(tmp_path / "sheet.csv", sheet, filled))
    counts = {"imported": len(filled), "known": 0, "skipped": 0, "rejected": [], "notes": []}
    assert found.as_dict() == counts
    stored = all_ratings(catalog)
    assert sorted(row["seconds"] for row in stored) == list(range(len(filled)))
    with user_queries.run_query(catalog, "SELECT pair_id, pairing_id, artwork_id FROM v_pairs") as (
        _,
        it,
    ):
        of_pair = {pair: (made, artwork) for pair, made, artwork in it}
    made = [of_pair[row["pair_id"]][0] for row in stored]
    assert (made.count(pairing_id), made.count(sheet.control)) == (sheet.pairs, sheet.controls)
    for row in stored:
        index = int(row["seconds"])
        shown = dict(zip(sheet.columns, sheet.rows[index], strict=True))
        if ask == "congruence":
            assert row["congruence"] == int(filled[index]["congruence"])
            continue
        chosen = row["other_artwork_id"]
        if row["preferred"] == "pair":
            chosen = of_pair[row["pair_id"]][1]
        with catalog.read() as connection:
            title = report_rows.read_item_rows(connection, [chosen])[chosen]["title"]
        assert shown[f"artwork_{filled[index]['preferred']}"].startswith(title)


def test_a_sheet_that_is_open_says_what_a_blind_one_hides(catalog, pairing):
    blind = rating_sheets.create_rating_sheet(catalog, pairing, SheetOptions())
    told = rating_sheets.create_rating_sheet(catalog, pairing, SheetOptions(blind=False))
    assert told.columns == (*blind.columns, "rank", "similarity", "control")
    assert [row[: len(blind.columns)] for row in told.rows] == list(blind.rows)
    assert [row[-1] for row in told.rows].count("yes") == told.controls > 0
    choice = rating_sheets.create_rating_sheet(
        catalog, pairing, SheetOptions("choice", blind=False)
    )
    assert {row[-1] for row in choice.rows} <= {"a", "b"}


def test_the_controls_are_a_random_pairing_that_is_made_once(catalog, pairing):
    first = rating_sheets.create_rating_sheet(catalog, None, SheetOptions(seed=4))
    again = rating_sheets.create_rating_sheet(catalog, None, SheetOptions(seed=4))
    assert first == again
    assert (
        rating_sheets.create_rating_sheet(catalog, None, SheetOptions(seed=40)).control
        != first.control
    )
    with catalog.read() as connection:
        made = pairings.read_pairing(connection, first.control)
        couples = [
            {
                (pair["track_id"], pair["artwork_id"])
                for pair in pairings.read_pairs(connection, each)
            }
            for each in (pairing, first.control)
        ]
        newest = pairings.read_pairing(connection).id
    assert newest == pairing  # that of a method stays the newest
    assert (made.method, made.pairs) == ("random", 5)
    assert 4 <= made.parameters["seed"] < 4 + 32
    assert not couples[0] & couples[1]  # a couple of both could be told by counting


def test_the_controls_are_of_the_same_items(catalog, pairing):
    paired = rating_sheets.create_rating_sheet(catalog, pairing, SheetOptions(seed=3)).control
    with catalog.read() as connection:
        seed = pairings.read_pairing(connection, paired).parameters["seed"]
    assert make_pairing(catalog, method="random", seed=seed) == paired
    with catalog.write() as connection:  # so that what comes now comes later
        connection.exec_driver_sql("UPDATE pairings SET created_at = '2000-01-02 00:00:00'")
        connection.exec_driver_sql("UPDATE emotions SET created_at = '2000-01-01 00:00:00'")
    add_items(catalog, 2, 2, seed=1)
    assert (
        rating_sheets.create_rating_sheet(catalog, pairing, SheetOptions(seed=3)).control == paired
    )


def test_fragments_are_named(catalog):
    add_items(catalog, 2, 3)
    sheet = rating_sheets.create_rating_sheet(
        catalog, make_pairing(catalog, "fragments"), SheetOptions()
    )
    names = [row[1] for row in sheet.rows]
    assert all(name.endswith("quarter)") for name in names)
    assert any("(first quarter)" in name for name in names)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (SheetOptions(pairs=6), "lower --pairs"),
        (SheetOptions(controls=6), "lower --random"),
        (SheetOptions("choice", controls=1), "--random is for congruence only"),
    ],
)
def test_a_sheet_that_cannot_be_is_refused(catalog, pairing, wanted, said):
    with pytest.raises(InputError, match=said):
        rating_sheets.create_rating_sheet(catalog, pairing, wanted)
    control = rating_sheets.create_rating_sheet(catalog, pairing, SheetOptions()).control
    with pytest.raises(InputError, match="is random"):
        rating_sheets.create_rating_sheet(catalog, control, SheetOptions())


def test_one_track_and_one_artwork(catalog):
    add_items(catalog, 1, 1)
    pairing_id = make_pairing(catalog)
    sheet = rating_sheets.create_rating_sheet(catalog, pairing_id, SheetOptions())
    assert (sheet.pairs, sheet.controls) == (1, 0)
    with pytest.raises(InputError, match="no pair whose random artwork is another one"):
        rating_sheets.create_rating_sheet(catalog, pairing_id, SheetOptions("choice"))


def test_no_controls_need_no_random_pairing(catalog, pairing, tmp_path):
    sheet = rating_sheets.create_rating_sheet(catalog, pairing, SheetOptions(controls=0))
    assert (sheet.control, sheet.controls) == (None, 0)
    path = write_sheet(tmp_path / "s.csv", sheet, [{"congruence": 3}] * 5)
    assert importer.import_rating_file(catalog, path, "Ada").imported == 5


def test_an_answer_is_kept_until_it_is_to_be_replaced(catalog, pairing):
    pair_id = pair_ids(catalog, pairing)[0]
    assert importer.store_rating(catalog, Rating(pair_id, "Ada", 4, comment="calm", seconds=2.0))
    assert not importer.store_rating(catalog, Rating(pair_id, "Ada", 4))
    with pytest.raises(InputError, match="congruence 4, not 5; --replace"):
        importer.store_rating(catalog, Rating(pair_id, "Ada", 5))
    assert importer.store_rating(catalog, Rating(pair_id, "Bo", 5))
    assert importer.store_rating(catalog, Rating(pair_id, "Ada", preferred="pair", seconds=3.0))
    assert importer.store_rating(catalog, Rating(pair_id, "Ada", 1), overwrite=True)
    ada, bo = all_ratings(catalog)
    assert (ada["congruence"], ada["preferred"], bo["congruence"]) == (1, "pair", 5)


def test_answers_to_both_questions_are_one_rating(catalog, pairing, tmp_path):
    congruence = rating_sheets.create_rating_sheet(catalog, pairing, SheetOptions(controls=0))
    choice = rating_sheets.create_rating_sheet(catalog, pairing, SheetOptions("choice"))
    rated = [{"congruence": 2, "comment": "dark", "seconds": 1.5} for _ in congruence.rows]
    chosen = [{"preferred": "A", "comment": "warm", "seconds": 2} for _ in choice.rows]
    for name, sheet, filled in (("r.csv", congruence, rated), ("c.csv", choice, chosen)):
        path = write_sheet(tmp_path / name, sheet, filled)
        assert importer.import_rating_file(catalog, path, "Ada").imported == len(filled)
        again = importer.import_rating_file(catalog, path, "Ada").as_dict()
        assert (again["imported"], again["known"]) == (0, len(filled))
    both = [row for row in all_ratings(catalog) if row["preferred"]]
    assert len(both) == len(choice.rows)
    for row in both:
        assert (row["congruence"], row["comment"], row["seconds"]) == (2, "dark\nwarm", 3.5)


def test_ratings_of_one_pairing(catalog, pairing):
    other = make_pairing(catalog, "concatenated")
    for made in (pairing, other):
        importer.store_rating(catalog, Rating(pair_ids(catalog, made)[0], "Ada", 3))
    with user_queries.run_query(catalog, user_queries.select_ratings_of(other)) as (columns, rows):
        found = [dict(zip(columns, row, strict=True)) for row in rows]
    assert [row["pairing_id"] for row in found] == [other]


def test_the_files_columns_may_come_in_any_order(catalog, pairing, tmp_path):
    first, second, *_ = pair_ids(catalog, pairing)
    path = tmp_path / "survey.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(["Rater", "seconds", "congruence", "pair_id", "age", "", ""])
        writer.writerow(["Ada", "2,5", "4", first, 30, "", ""])
        writer.writerow([])
        writer.writerow(["Bo", "", "5.0", second, 31, "", ""])
    assert importer.import_rating_file(catalog, path).imported == 2
    assert [row["seconds"] for row in all_ratings(catalog)] == [2.5, None]
