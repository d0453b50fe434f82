"""`benchmarks/truth.py` as its user runs it, on the composed corpus and on what it cannot use."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from in_process import run_in_process
from support import Finished, write_artwork

from cmean.datasets.demo import compose_corpus

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "truth.py"
QUADRANT = {"excited": "Q1", "mixed": "Q2", "sad": "Q3", "calm": "Q4"}
VALENCE = {"excited": 1, "mixed": 0, "sad": -1, "calm": 1}
AROUSAL = {"excited": 1, "mixed": 0, "sad": -1, "calm": -1}


def truth(folder, *arguments):
    """Run the script to its end, in a folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CMEAN_")}
    environment = kept | {"CMEAN_PROFILE": "embedded"}
    main = import_module("truth").main  # its folder is on the path
    done = Finished(*run_in_process([*map(str, arguments)], folder, environment, main=main))
    assert "Warning" not in done.err, done.err
    return done


def test_it_runs_as_a_script(tmp_path):
    done = subprocess.run(
        [sys.executable, SCRIPT, "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for part in ("--media DIR --labels CSV", "--pairs TRACKS", "--calibrate", "quadrant"):
        assert part in done.stdout


def write_labels(path, header, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture(scope="module")
def composed(tmp_path_factory):
    """A folder with the corpus in `corpus`, and labels by what its works were intended to be."""
    folder = tmp_path_factory.mktemp("truth")
    items = compose_corpus(folder / "corpus")
    header = ("path", "valence", "arousal", "quadrant", "genre", "group")
    for kind in ("track", "artwork"):
        rows = [
            (
                f"{item.path.parent.name}/{item.path.name}",
                VALENCE[item.intended],
                AROUSAL[item.intended],
                QUADRANT[item.intended],
                item.intended,
                f"{item.intended} {number % 2}",
            )
            for number, item in enumerate(items)
            if item.kind == kind
        ]
        write_labels(folder / f"{kind}s.csv", header, rows)
    both = (folder / "tracks.csv").read_text() + "".join(
        (folder / "artworks.csv").read_text().splitlines(keepends=True)[1:]
    )
    (folder / "both.csv").write_text(both)
    return folder


def test_the_tables_of_two_profiles_side_by_side(composed):
    media = ("--media", "corpus", "--labels", "both.csv", "--resamples", 100)
    profiles = ("--profile", "embedded", "embedded+constant-triple")
    first = truth(composed, *media, *profiles, "--json", "truth.json")
    assert first.code == 0, first.err
    document = json.loads((composed / "truth.json").read_text(encoding="utf-8"))
    assert set(document["kinds"]) == {"track", "artwork"}
    for kind in document["kinds"].values():
        assert (kind["items"], kind["groups"]) == (12, 8)
        embedded, constant = kind["profiles"]
        figures = {each["label"]: each for each in embedded["figures"]}
        assert list(figures) == [
            "arousal",
            "Q1 against the others",
            "Q2 against the others",
            "calm corner (v − a)",
            "Q4 against the others",
            "−valence",
            "sad corner (−v − a)",
            "Q3 against the others",
        ]
        assert figures["sad corner (−v − a)"]["figure"]["value"] > 0.5
        assert figures["Q1 against the others"]["statistic"] == "AUC"
        assert figures["arousal"]["best"][0] not in {"excitement", "calm", "sadness", "valence"}
        assert len(embedded["worst"]) == 10
        assert embedded["shares"]["genre"]["sad corner (−v − a)"][0] == pytest.approx(1)
        assert set(embedded["shares"]) == {"genre"}  # groups of 1.5 items explain much by chance
        assert all(each["figure"]["value"] is None for each in constant["figures"])
        assert constant["red_with_blue_kept"] is None
        changes = kind["changes"]["embedded+constant-triple"]
        assert all(each["value"] is None for each in changes.values())
    for part in ("Side by side", "embedded: channels against labels", "the 10 worst items"):
        assert part in first.out
    assert "red with blue between -0.75 and 0.3: " in first.out
    again = truth(composed, *media, *profiles)
    assert again.out == first.out
    assert "caption: 0 done, 0 failed" in again.err


def test_the_table_of_pairs(composed):
    sides = ("corpus/tracks", "tracks.csv", "corpus/artworks", "artworks.csv")
    found = truth(composed, "--pairs", *sides, "--draws", 3, "--json", "pairs.json")
    assert found.code == 0, found.err
    pairs = json.loads((composed / "pairs.json").read_text(encoding="utf-8"))
    pairs = pairs["profiles"]["embedded"]
    assert (pairs["quadrants"], pairs["each"], pairs["draws"]) == (["Q1", "Q2", "Q3", "Q4"], 3, 3)
    assert len(pairs["rows"]) == 12
    best = max(pairs["rows"], key=lambda row: row["share"]["mean"])
    assert best["share"]["mean"] > 2 * pairs["chance"]
    chosen = ("--method", "optimal", "--metric", "euclidean", "--calibrate", "quantile")
    one = truth(composed, "--pairs", *sides, "--draws", 3, *chosen)
    rows = [row for row in one.out.splitlines() if "±" in row]
    assert len(rows) == 2
    assert rows[0].split()[:3] == ["optimal", "euclidean", "quantile"]
    assert "random pairing: 0.250 expected" in rows[1]


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Three pictures."""
    folder = tmp_path_factory.mktemp("three")
    for name, colour in (("a", (200, 60, 40)), ("b", (60, 160, 80)), ("c", (40, 60, 150))):
        write_artwork(folder / "media" / f"{name}.png", colour)
    (folder / "empty").mkdir()
    return folder


def test_three_items_have_figures_and_reasons(three):
    write_labels(three / "l.csv", ("path", "arousal"), [("a.png", 1), ("b.png", 2), ("c.png", 2)])
    found = truth(three, "--media", "media", "--labels", "l.csv", "--worst", 2, "--resamples", 50)
    assert found.code == 0, found.err
    assert "l.csv: 3 artworks in 3 groups" in found.out
    assert "arousal, ridge: a ridge needs 10 items or more, in 2 groups or more" in found.out
    assert "the 2 worst items" in found.out


def test_one_group_has_no_intervals(three):
    rows = [(f"{name}.png", n, "x") for n, name in enumerate("abc")]
    write_labels(three / "l.csv", ("path", "arousal", "group"), rows)
    found = truth(three, "--media", "media", "--labels", "l.csv")
    assert found.code == 0, found.err
    assert "arousal, figure: no interval: 1 groups are too few" in found.out


@pytest.mark.parametrize(
    ("rows", "arguments", "said"),
    [
        ([("x.png", 1)], (), "no line of l.csv names an item of media, e.g. 'x.png'"),
        ([("a.png", "high")], (), "l.csv, line 2: arousal must be a number, not 'high'"),
        ([("a.png", 1)], ("--media", "nowhere"), "no such folder: nowhere"),
        ([("a.png", 1)], ("--media", "empty"), "no media file in folder"),
        ([("a.png", 1)], ("--labels", "nothing.csv"), "no such file: nothing.csv"),
        ([("a.png", 1)], ("--profile", "unheard"), "there is no profile 'unheard'"),
        (
            [("a.png", 1)],
            ("--json", "no/where.json"),
            "no such folder: no, where --json is to write",
        ),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(three, rows, arguments, said):
    write_labels(three / "l.csv", ("path", "arousal"), rows)
    found = truth(three, "--media", "media", "--labels", "l.csv", *arguments)
    assert found.code == 1
    last = found.err.splitlines()[-1]
    assert said in last


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--media", "media"),
        ("--media", "media", "--labels", "l.csv", "--pairs", "a", "b", "c", "d"),
        ("--media", "media", "--labels", "l.csv", "--channel", "arousal"),
        ("--pairs", "a", "b", "c", "d", "--method", "guess"),
    ],
)
def test_wrong_usage_exits_with_2(three, arguments):
    assert truth(three, *arguments).code == 2


def test_pairs_need_quadrants_of_the_right_kind(three):
    write_labels(three / "q.csv", ("path", "quadrant"), [("a.png", "Q1"), ("b.png", "Q3")])
    found = truth(three, "--pairs", "media", "q.csv", "media", "q.csv")
    assert found.code == 1
    assert found.err.splitlines()[-1] == "truth: q.csv gives no track of media a quadrant"
