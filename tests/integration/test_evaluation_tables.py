"""What `cmean evaluate` prints: every format, every null, one pairing or several."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pytest
from support import Program, write_artwork, write_small_corpus, write_track

from cmean.matching import calibrate_vectors
from cmean.stats.null_distribution import compare_with_null
from cmean.stats.permutation_draws import draw_distance_means


@pytest.fixture(scope="module")
def paired(tmp_path_factory):
    """Three pairings of one catalog."""
    program = Program(tmp_path_factory.mktemp("paired"))
    write_small_corpus(program.folder / "media")
    for arguments in (
        ("ingest", "media"),
        ("run",),
        ("pair",),
        ("pair", "--vector", "fragments"),
        ("pair", "--vector", "concatenated", "--method", "optimal"),
    ):
        assert program(*arguments).code == 0
    return program


def rows(program, *arguments):
    text = program("evaluate", *arguments, "--format", "csv").out
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_each_cell_once(paired):
    cells = rows(paired, 1)

    keys = [(cell["table"], cell["row"], cell["column"]) for cell in cells]
    assert len(keys) == len(set(keys))
    document = paired("evaluate", 1, "--json").json
    known = {key: cell["value"] for key, cell in zip(keys, cells, strict=True)}
    row = document["tables"]["V"]["pairs (whole)"]
    assert float(known["V", "pairs (whole)", "median"]) == row["median"]
    assert float(known["V nulls", "pairs (whole)", "p"]) == row["p"]
    assert float(known["I", "total", "ended: stop"]) == 3


@pytest.mark.parametrize("ending", ["txt", "csv", "json", "parquet", "tex"])
def test_a_file_has_the_format_that_its_name_says(paired, tmp_path, ending):
    file = tmp_path / f"tables.{ending}"

    done = paired("evaluate", 1, "--output", file)

    assert (done.code, done.out) == (0, "")
    assert "Tables III, IV and VI need embeddings by CLAP, CLIP and ImageBind" in done.err
    if ending == "parquet":
        import pyarrow.parquet as pq

        assert pq.read_table(file).num_rows == len(rows(paired, 1))
    else:
        assert "V" in file.read_text(encoding="utf-8")


def test_a_file_of_an_unknown_ending_is_refused(paired):
    done = paired("evaluate", 1, "--output", "tables.doc")

    assert done.code == 1
    assert ".txt .csv .json .parquet .tex" in done.err


def test_latex_is_balanced_and_escaped(paired):
    text = paired("evaluate", 1, "--format", "latex").out

    for begun in ("table", "tabular"):
        assert text.count(rf"\begin{{{begun}}}") == text.count(rf"\end{{{begun}}}") > 0
    assert not re.search(r"(?<!\\)[%#_]", re.sub(r"\\label\{[^}]*\}", "", text))
    for tabular in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", text, re.DOTALL):
        lines = [line for line in tabular[1].splitlines() if line.endswith(r"\\")]
        assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {len(tabular[0]) - 1}


def test_p_is_that_of_the_permutations(paired):
    found = paired("evaluate", 1, "--permutations", 500, "--seed", 7, "--json").json
    query = "SELECT kind, red, green, blue FROM v_emotions WHERE position = 0 ORDER BY item_id"
    triples = paired("sql", query, "--json").json
    sides = [
        np.array([[t["red"], t["green"], t["blue"]] for t in triples if t["kind"] == kind])
        for kind in ("track", "artwork")
    ]
    places = [calibrate_vectors(side) for side in sides]  # as the profile chooses

    drawn = 1 - draw_distance_means(*places, 500, 7) / (255 * np.sqrt(3))

    row = found["tables"]["V"]["pairs (whole)"]
    assert row["p"] == compare_with_null(row["mean"], drawn).p
    assert found["nulls"] == {"permutations": 500, "resamples": 20, "bootstraps": 1000, "seed": 7}
    constant = np.rint(places[1].mean(axis=0))
    distances = np.linalg.norm(places[0] - constant, axis=1)
    expected = 1 - distances.mean() / (255 * np.sqrt(3))
    assert row["constant_mean"] == pytest.approx(expected)


def test_the_same_seed_gives_the_same_figures_and_another_one_others(paired):
    first, again = (paired("evaluate", 2, "--seed", 1, "--json").json for _ in range(2))
    other = paired("evaluate", 2, "--seed", 2, "--json").json

    name = "pairs (fragments)"
    assert first == again
    free = [each["tables"]["V"][name]["resampled_mean"] for each in (first, other)]
    assert free[0] != free[1]


def test_resampling_can_be_left_out(paired):
    row = paired("evaluate", 3, "--resamples", 0, "--json").json["tables"]["V"]["whole / whole"]

    assert row["resampled_mean"] is None
    assert row["null_mean"] is not None


def test_pairings_stand_side_by_side_with_what_they_share(paired):
    found = paired("evaluate", 1, 2, 3, "--json").json

    assert [each["pairing"] for each in found["pairings"]] == [1, 2, 3]
    overlap = {tuple(each["pairings"]): each for each in found["overlap"]}
    assert (overlap[1, 2]["shared"], overlap[1, 2]["expected_by_chance"]) == (None, None)
    assert overlap[1, 2]["why"] == "one pairs wholes and the other fragments"
    query = (
        "SELECT COUNT(*) AS n FROM pairs a JOIN pairs b ON b.track_id = a.track_id "
        "AND b.artwork_id = a.artwork_id WHERE a.pairing_id = 1 AND b.pairing_id = 3"
    )
    assert overlap[1, 3]["shared"] == paired("sql", query, "--json").json[0]["n"]
    assert overlap[1, 3]["expected_by_chance"] == pytest.approx(3 * 3 / (3 * 4))
    text = paired("evaluate", 1, 3).out
    for title in ("Pairings compared", "Emotional coherence", "Pairs in common"):
        assert title in text


def test_the_first_lines_say_what_the_mean_is_worth(paired):
    document = paired("evaluate", 1, "--json").json
    first = document["tables"]["V"]["pairs (whole)"]
    assert document["resampled_mean"] == pytest.approx(first["resampled_mean"], abs=1e-12)
    assert document["resampled_sd"] == pytest.approx(first["resampled_sd"], abs=1e-12)
    head = paired("evaluate", 1).out.partition("\n\n")[0].splitlines()
    assert [line.partition(" ")[0] for line in head] == ["pairing", "The"]
    assert "; null (optimal over resampled triples) 0." in head[0]


def test_pairings_that_nothing_judges_from_outside_are_said_to_be_so(paired):
    assert (
        "there is no independent evidence to compare these pairings" in paired("evaluate", 1, 2).err
    )
    assert paired("evaluate", 1, 2, "--json").err == paired("evaluate", 1, 2).err


def test_an_unknown_pairing_among_several_is_named(paired):
    done = paired("evaluate", 1, 99)

    assert done.code == 1
    assert "there is no pairing 99" in done.err


def test_one_pair_of_items_without_variation_is_undefined_and_says_so(cmean):
    write_track(cmean.folder / "media" / "one.wav")
    write_artwork(cmean.folder / "media" / "one.png", (90, 60, 200))
    for arguments in (("ingest", "media"), ("run",), ("pair",)):
        assert cmean(*arguments).code == 0

    done = cmean("evaluate", "--json")

    assert done.code == 0
    row = done.json["tables"]["V"]["pairs (whole)"]
    assert (row["n"], row["z"]) == (1, None)
    assert row["why"]
    assert row["why"] in cmean("evaluate").out.lower()


def test_overlap_by_chance_is_of_the_items_of_both(cmean):
    write_small_corpus(cmean.folder / "media")
    for arguments in (("ingest", "media"), ("run",), ("pair",)):
        assert cmean(*arguments).code == 0
    for number in range(2):
        write_track(cmean.folder / "media" / f"late-{number}.wav", pitch=333.0 + 50 * number)
    for arguments in (("ingest", "media"), ("run",), ("pair",)):
        assert cmean(*arguments).code == 0

    (later,) = cmean("evaluate", 2, 1, "--json").json["overlap"]

    query = (
        "SELECT COUNT(*) AS n FROM pairs WHERE pairing_id = 2 AND track_id IN "
        "(SELECT track_id FROM pairs WHERE pairing_id = 1)"
    )
    among = cmean("sql", query, "--json").json[0]["n"]  # 3 tracks, all paired in the first
    assert later["expected_by_chance"] == pytest.approx(among * 3 / (3 * 4))
    assert later["of"] == 3


def test_side_by_side_compares_like_with_like(paired):
    tables = {table: [] for table in ("coherence", "coherence whole")}
    for cell in csv.DictReader(io.StringIO(paired("evaluate", 1, 2, 3, "--format", "csv").out)):
        if cell["table"] in tables and cell["column"] == "mean":
            tables[cell["table"]].append(float(cell["value"]) if cell["value"] else None)
    found = [paired("evaluate", each, "--json").json for each in (1, 2, 3)]
    assert tables["coherence"] == [pytest.approx(each["mean"]) for each in found]
    whole = found[2]["tables"]["V"]["whole / whole"]["mean"]
    assert tables["coherence whole"] == [pytest.approx(found[0]["mean"]), None, whole]


def test_keys_stay_apart_with_labels(paired):
    labels = paired.folder / "labels.csv"
    labels.write_text(
        "item,valence,mood\n" + "".join(f"track-{n},{n},m{n % 2}\n" for n in range(3))
    )
    for name in ("one", "two"):
        assert paired("labels", labels, "--name", name).code == 0

    for ids in ((1,), (1, 3)):
        cells = rows(paired, *ids, "--labels", "one", "--labels", "two")
        keys = [(cell["table"], cell["row"], cell["column"]) for cell in cells]
        assert len(keys) == len(set(keys))


def test_json_is_printed_whatever_is_written(paired, tmp_path):
    done = paired("evaluate", 1, "--json", "--output", tmp_path / "tables.csv")

    assert done.json["pairing"] == 1
    assert (tmp_path / "tables.csv").read_text(encoding="utf-8").startswith("table,row,column")
    both = paired("evaluate", 1, "--json", "--format", "csv")
    assert (both.code, both.out) == (2, "")


@pytest.mark.parametrize("option", ["--permutations", "--resamples"])
def test_more_draws_than_anyone_can_wait_for_are_refused(paired, option):
    done = paired("evaluate", 1, option, 10**20)

    assert done.code == 2
    assert "must be a whole number from" in done.err
