"""`cmean match` as people run it."""

from __future__ import annotations

import csv
import signal

import numpy as np
import pytest
from waiting import PATIENCE

from cmean.library.vector_files import read_vector_file
from cmean.matching import calibrate_vectors, match, random_pairing


def write(path, vectors, letter):
    rows = (f"{letter}{i},{','.join(map(str, row))}\n" for i, row in enumerate(vectors.tolist()))
    path.write_text("".join(rows))


@pytest.fixture
def files(cmean):
    def make(tracks, artworks, width=3):
        random = np.random.default_rng(tracks + artworks)
        for name, count in (("tracks", tracks), ("artworks", artworks)):
            write(cmean.folder / f"{name}.csv", random.integers(0, 256, (count, width)), name[0])
        return "tracks.csv", "artworks.csv"

    return make


KEYS = [
    *("method", "vector", "metric", "calibrate", "min_similarity"),
    *("pairs", "unpaired_tracks", "unpaired_artworks", "below_floor"),
    *("mean", "tenth_percentile", "minimum", "maximum"),
    *("null_mean", "null_sd", "z", "gap", "space"),
]


@pytest.mark.parametrize("method", ["greedy", "sequential", "optimal"])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("width", [3, 15])
def test_every_method_and_metric_pairs_two_files(cmean, files, method, metric, width):
    sides = files(700, 900, width)
    options = ("--method", method, "--metric", metric)

    found = cmean("match", *sides, *options, "--output", "pairs.csv", "--json")

    assert found.code == 0, found.err
    assert list(found.json) == KEYS
    assert (found.json["method"], found.json["metric"]) == (method, metric)
    assert found.json["vector"] == {3: "whole", 15: "concatenated"}[width]
    assert (found.json["pairs"], found.json["unpaired_tracks"]) == (700, 0)
    assert found.json["unpaired_artworks"] == 200
    assert found.json["z"] > 3
    assert (found.json["gap"] is not None) == (method == "optimal")
    with (cmean.folder / "pairs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["rank"]) for row in rows] == list(range(1, 701))
    assert len({row["track"] for row in rows}) == len({row["artwork"] for row in rows}) == 700
    similarity = [float(row["similarity"]) for row in rows]
    assert np.mean(similarity) == pytest.approx(found.json["mean"], abs=1e-11)
    if method == "sequential":
        assert [row["track"] for row in rows] == [f"t{i}" for i in range(700)]
    else:
        assert similarity == sorted(similarity, reverse=True)


def test_files_are_paired_as_they_are_unless_asked(cmean, files):
    sides = files(60, 50)
    plain = cmean("match", *sides, "--output", "pairs.csv", "--json").json
    chosen = [plain[name] for name in ("method", "metric", "calibrate", "min_similarity")]
    assert chosen == ["greedy", "cosine", "none", None]
    options = ("--calibrate", "quantile", "--metric", "euclidean", "--method", "optimal")
    made = cmean("match", *sides, *options, "--output", "pairs.csv", "--json").json
    vectors = [calibrate_vectors(read_vector_file(cmean.folder / name).vectors) for name in sides]
    expected = match(*vectors, "optimal", "euclidean")
    assert made["mean"] == pytest.approx(expected.similarity.mean())
    assert made["null_mean"] == pytest.approx(random_pairing(*vectors, "euclidean").mean)
    assert made["calibrate"] == "quantile"
    said = cmean("match", *sides, *options).err
    assert "by optimal euclidean, calibrated by quantiles within each kind, mean" in said
    assert f"minimum {made['minimum']:.4f}" in said
    assert f"10th percentile {made['tenth_percentile']:.4f}" in said


def test_pairs_of_files_have_a_least_similarity(cmean, files):
    sides = files(60, 50)
    options = ("--min-similarity", "0.99", "--output", "pairs.csv")
    found = cmean("match", *sides, *options, "--json").json
    assert 0 < found["pairs"] < 50
    assert found["below_floor"] == 50 - found["pairs"]
    assert (found["minimum"] >= 0.99, found["min_similarity"]) == (True, 0.99)
    said = cmean("match", *sides, *options).err
    assert f"{found['below_floor']} pairs left out, below the minimum similarity of 0.99" in said
    before = (cmean.folder / "pairs.csv").read_bytes()
    write(cmean.folder / "tracks.csv", np.array([[255, 0, 0]]), "t")
    write(cmean.folder / "artworks.csv", np.array([[0, 255, 0]]), "a")
    none = cmean("match", *sides, *options)
    assert (none.code, none.err.count("\n")) == (1, 1)
    assert "no pair reaches the minimum similarity of 0.99" in none.err
    assert (cmean.folder / "pairs.csv").read_bytes() == before
    for floor in ("nan", "1.5", "-2", "much"):
        wrong = cmean("match", *sides, "--min-similarity", floor)
        assert (wrong.code, "must be a number from -1 to 1" in wrong.err) == (2, True)
    assert cmean("match", *sides, "--calibrate", "ranks").code == 2


GOOD = "a,1,2,3\nb,4,5,6\n"


@pytest.mark.parametrize(
    ("tracks", "says"),
    [
        ("", "tracks.csv has no rows"),
        ("name,red,green,blue\n", "tracks.csv has no rows"),
        ("a,1,2,300\n", "line 1: column 4 must hold an integer 0..255, but holds '300'"),
        ("a,1,2,-1\n", "line 1: column 4 must hold an integer 0..255, but holds '-1'"),
        ("a,1,2,3\nb,nan,2,3\n", "line 2: column 2 must hold an integer 0..255, but holds 'nan'"),
        ("a,1,2,3\nb,red,2,3\n", "line 2: column 2 must hold an integer 0..255, but holds 'red'"),
        ("a,1.5,2,3\n", "line 1: column 2 must hold an integer 0..255, but holds '1.5'"),
        ("a,1,2\n", "line 1: 3 columns, but a name and 3 or 15 integers are expected"),
        ("a,1,2,3\na,4,5,6\n", "line 2: the name 'a' stands on line 1 too"),
        ("a," + ",".join(["1"] * 15), "tracks.csv has 15 numbers a row, but artworks.csv has 3"),
    ],
)
def test_a_file_that_cannot_be_matched_is_refused_in_one_line(cmean, tracks, says):
    (cmean.folder / "tracks.csv").write_text(tracks)
    (cmean.folder / "artworks.csv").write_text(GOOD)
    (cmean.folder / "pairs.csv").write_text("what was there before")

    found = cmean("match", "tracks.csv", "artworks.csv", "--output", "pairs.csv")

    assert found.code == 1
    assert len(found.err.strip().splitlines()) == 1
    assert says in found.err
    assert (cmean.folder / "pairs.csv").read_text() == "what was there before"


def test_where_nothing_can_be_written_nothing_is_matched(cmean, files):
    found = cmean("match", *files(20, 20), "--output", "nowhere/pairs.csv")

    assert found.code == 1
    assert len(found.err.strip().splitlines()) == 1
    assert "nowhere/pairs.csv cannot be written" in found.err


def test_an_output_that_is_a_link_stays_one(cmean, files):
    link = cmean.folder / "link.csv"
    link.symlink_to("target.csv")

    assert cmean("match", *files(20, 20), "--output", "link.csv").code == 0

    assert link.is_symlink()
    assert len((cmean.folder / "target.csv").read_text().splitlines()) == 21


def test_one_item_is_enough(cmean):
    (cmean.folder / "one.csv").write_text("only,9,9,9\n")

    found = cmean("match", "one.csv", "one.csv", "--output", "pairs.csv", "--json")

    assert found.json["pairs"] == 1
    assert (found.json["mean"], found.json["null_sd"], found.json["z"]) == (1.0, 0.0, None)


def test_interrupted_it_ends_at_once_and_leaves_no_file(cmean, files):
    sides = files(150_000, 150_000)
    process = cmean.start("match", *sides, "--method", "optimal", "--output", "pairs.csv")
    line = process.stderr.readline()  # of progress: it is in the middle
    assert line.startswith("match: optimal")

    process.send_signal(signal.SIGINT)

    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert sorted(path.name for path in cmean.folder.glob("*.csv")) == sorted(sides)


@pytest.mark.parametrize("method", ["greedy", "optimal"])
def test_where_compiled_code_cannot_be_kept_it_is_compiled_again(cmean, files, method):
    cmean.in_process = False  # here it is compiled already
    cmean.environment["NUMBA_CACHE_DIR"] = "/dev/null/nowhere"

    found = cmean("match", *files(600, 600), "--method", method, "--output", "p.csv", "--json")

    assert found.code == 0, found.err
    assert found.json["pairs"] == 600
