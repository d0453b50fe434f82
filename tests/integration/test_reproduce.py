"""`cmean reproduce`: the study's tables from its published files, or from any part of them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import study_files as study
from sqlalchemy import event  # noqa: TID251 - interrupts the database's work
from study_files import CAPTIONS, CLAP, CLIP, EARLIER_ARTWORKS, IMAGEBIND, PAIRS, TRIPLES
from support import write_small_corpus

from cmean.catalog import items
from cmean.datasets.published.model import PublishedTable
from cmean.reproduction.service import reproduce_study

EMPTY = PublishedTable("a file", None, ())
TABLES = (  # noqa: SIM905 - a list of words
    "collections collection_items items fragments recipes tasks captions emotions pairings pairs "
    "scores workers evaluations embeddings labels"
).split()


@pytest.fixture
def program(database_url, make_program, tmp_path):
    made = make_program(tmp_path, database_url)
    assert made("init").code == 0
    return made


def rows(program, query):
    return program("sql", query, "--format", "json").json


def counts(program):
    each = (f"SELECT '{t}' AS name, COUNT(*) AS n FROM {t}" for t in TABLES)  # noqa: S608 - of these
    query = " UNION ALL ".join(each)
    return {row["name"]: row["n"] for row in rows(program, query)}


def by_place(document):
    return {(c["table"], c["column"], c["metric"]): c for c in document["cells"]}


def test_again_it_adds_nothing_and_says_the_same(program, tmp_path):
    folder = study.write(tmp_path / "DIR")
    first = program("reproduce", folder, "--json")
    assert (first.code, first.err) == (0, "")
    before = counts(program)
    again = program("reproduce", folder, "--json")
    assert again.json == first.json
    assert counts(program) == before
    assert first.json["stored"] == {
        "tracks": 6,
        "artworks": 6,
        "captions": 4 * 5 + 6 + 6,
        "triples": 6 * 5 * 3,
        "scores": 5 * 6,
        "pairs": 6,
    }
    for cell in first.json["cells"]:
        assert (cell["why"] == "") == (cell["verdict"] == "same")
        assert (cell["printed"] is None) == (cell["verdict"] == "missing")
    assert len(first.json["cells"]) == 75


def test_what_is_in_the_catalog(program, tmp_path):
    found = program("reproduce", study.write(tmp_path / "DIR"), "--json").json
    pairing = found["pairings"]["published"]
    pairs = rows(program, "SELECT * FROM v_pairs ORDER BY pairing_id, rank")
    assert pairs[0]["pairing_id"] == pairing
    assert [(p["track_title"], p["artwork_title"], p["similarity"]) for p in pairs[:2]] == [
        ("000000", "A Picture 5", 1.0),
        ("000001", "A Picture 4", 0.9899),
    ]
    assert pairs[0]["artwork_creator"] == "An Artist"
    assert [pairs[0][f"track_{c}"] for c in ("red", "green", "blue")] == [40, 172, 124]
    assert pairs[0]["artwork_red"] is None
    (row, _) = rows(program, "SELECT * FROM pairings ORDER BY id")
    assert (row["method"], row["vector"], row["profile"]) == ("greedy", "concatenated", "published")
    assert (row["null_mean"], row["z"], row["unpaired_tracks"]) == (None, None, 0)
    emotions = rows(program, "SELECT * FROM v_emotions WHERE caption_id IS NULL AND position = 0")
    assert {row["captioner"] for row in emotions} == {None}
    assert len(emotions) == 2 + 6 + 6  # two tracks without captions, and the earlier run
    described = rows(program, "SELECT * FROM v_captions WHERE kind = 'artwork' ORDER BY caption_id")
    assert {row["captioner"] for row in described} == {"published"}
    assert [row["finish_reason"] for row in described[-2:]] == ["length", "stop"]
    files = rows(program, "SELECT CAST(metadata AS TEXT) AS facts FROM items WHERE id = 1")
    assert json.loads(files[0]["facts"]) == {"file": "000000.mp3"}
    scores = rows(
        program,
        "SELECT metric, COUNT(item_id) AS items, COUNT(pair_id) AS pairs FROM scores"
        " GROUP BY metric ORDER BY metric",
    )
    assert [tuple(row.values()) for row in scores] == [
        ("clap", 6, 0),
        ("clap-aggregated", 6, 0),
        ("clip", 6, 0),
        ("clip-aggregated", 6, 0),
        ("imagebind", 0, 6),
    ]


def test_the_earlier_run_is_paired_here_beside_its_null(cmean, tmp_path):
    found = cmean("reproduce", study.write(tmp_path / "DIR"), "--json").json["earlier"]
    assert found["null_mean"] < found["greedy"] <= found["optimal"]
    (_, row) = rows(cmean, "SELECT * FROM pairings ORDER BY id")
    assert (row["id"], row["mean"]) == (found["pairing"], found["greedy"])
    evaluated = cmean("evaluate", found["pairing"], "--json")
    assert evaluated.code == 0
    page = tmp_path / "report.html"
    assert cmean("report", found["pairing"], "--output", page).code == 0
    assert "A Picture 3" in page.read_text(encoding="utf-8")


def test_other_verbs_take_the_published_pairing_or_say_why_not(cmean, tmp_path):
    found = cmean("reproduce", study.write(tmp_path / "DIR"), "--json").json
    pairing = found["pairings"]["published"]
    for arguments, said in (
        (("report", pairing, "--output", tmp_path / "page.html"), "cannot be drawn"),
        (("pair", "--extend", pairing), "published results"),
        (("pair", "--compare", pairing), "published results"),
    ):
        refused = cmean(*arguments)
        assert refused.code == 1
        assert refused.err.startswith(f"cmean: pairing {pairing} ")
        assert said in refused.err
        assert refused.err.count("\n") == 1
    for what in ("captions", "emotions", "pairs"):
        assert cmean("export", what, "--output", tmp_path / f"{what}.csv").code == 0
    assert cmean("status", "--json").json["stages"]["caption"]["done"] == 4 * 5 + 6 + 6


def test_media_are_worked_on_beside_it_as_ever(cmean, tmp_path):
    cmean("reproduce", study.write(tmp_path / "DIR"))
    before = counts(cmean)
    cmean("ingest", write_small_corpus(tmp_path / "media"))
    ran = cmean("run", "--json")
    assert ran.code == 0
    assert ran.json["caption"]["done"] == 5 * (3 + 4)
    assert ran.json["emotion"]["done"] == 5 * (3 + 4)
    paired = cmean("pair", "--json")
    assert (paired.json["pairs"], paired.json["unpaired_artworks"], paired.err) == (3, 1, "")
    assert counts(cmean)["captions"] == before["captions"] + 5 * (3 + 4)
    assert cmean("evaluate", "--json").code == 0


def test_published_pairs_can_be_rated_alone(cmean, tmp_path):
    assert cmean("reproduce", study.write(tmp_path / "DIR")).code == 0
    refused = cmean("rate", "sheet", 1, "--output", "sheet.csv")
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "--random 0" in refused.err
    alone = cmean("rate", "sheet", 1, "--output", "sheet.csv", "--random", 0, "--json").json
    assert (alone["pairs"], alone["controls"]) == (6, 0)


def test_more_files_add_to_fewer(cmean, tmp_path):
    few = study.write(tmp_path / "few", dict.fromkeys((CAPTIONS, PAIRS, EARLIER_ARTWORKS)))
    found = cmean("reproduce", few, "--json")
    assert found.code == 0
    assert found.json["pairings"] == {"published": None, "earlier": None}
    assert found.json["correlation"]["value"] is None
    cell = by_place(found.json)["I", "total", "mean"]
    assert (cell["verdict"], cell["recomputed"]) == ("missing", None)
    assert cell["why"] == f"{CAPTIONS} is not under the folder"
    assert by_place(found.json)["VI", "pairs", "skipped"]["verdict"] == "missing"
    shown = cmean("reproduce", few)
    assert "no null" in shown.out
    assert "undefined" in shown.out
    all_of_it = cmean("reproduce", study.write(tmp_path / "DIR"), "--json").json
    assert all_of_it["stored"]["tracks"] == 6
    assert counts(cmean)["items"] == 12


@pytest.mark.parametrize("statement", [3, 9, 15, 21, 27, 33])
def test_interrupted_anywhere_it_can_be_run_again(catalog, tmp_path, statement):
    folder = study.write(tmp_path / "DIR")
    left = iter(range(statement))

    def interrupt(*_):
        if next(left, None) is None:
            raise KeyboardInterrupt

    event.listen(catalog.engine, "before_cursor_execute", interrupt)
    with pytest.raises(KeyboardInterrupt):
        reproduce_study(catalog, folder)
    event.remove(catalog.engine, "before_cursor_execute", interrupt)
    with catalog.read() as connection:
        assert items.count_items(connection) == {"track": 0, "artwork": 0}
    found = reproduce_study(catalog, folder)
    assert (found.stored["captions"], found.stored["triples"]) == (32, 90)
    assert reproduce_study(catalog, folder) == found


def test_two_at_the_same_time_enter_it_once(catalog, tmp_path):
    folder = study.write(tmp_path / "DIR")
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: reproduce_study(catalog, folder), range(2))
    assert one == other
    with catalog.read() as connection:
        assert items.count_items(connection) == {"track": 6, "artwork": 6}


def test_bad_rows_are_listed_and_the_rest_is_used(cmean, tmp_path):
    content = study.contents()
    changed = {
        CAPTIONS: content[CAPTIONS][:-200],
        TRIPLES: content[TRIPLES].replace("rgb(0, 200, 0)", "rgb(300, 1, 2)"),
        CLAP: content[CLAP].replace("0.29745920", "quiet"),
        CLIP: "",
        PAIRS: content[PAIRS][:-30],
        IMAGEBIND: content[IMAGEBIND].replace(",", ";").encode("utf-16"),
    }
    found = cmean("reproduce", study.write(tmp_path / "DIR", changed), "--json")
    assert found.code == 3
    problems = found.json["problems"]
    assert {(p["file"].rpartition("/")[2], p["line"]) for p in problems} == {
        (CAPTIONS, 47),
        (CAPTIONS, 41),
        (TRIPLES, 2),
        (CLAP, 2),
        (CLIP, None),
        (PAIRS, 7),
    }
    assert len(found.err.splitlines()) == len(problems)
    assert f"Modulo Qwen Audio/{CLAP}, line 2: 'quiet' is not a number from -1 to 1" in found.err
    cells_ = by_place(found.json)
    assert cells_["III", "total", "n"]["recomputed"] == 5
    assert "has rows that cannot be used (1)" in cells_["III", "total", "n"]["why"]
    assert cells_["IV", "total", "mean"]["verdict"] == "missing"
    assert "no usable row" in cells_["IV", "total", "mean"]["why"]
    assert cells_["VI", "pairs", "n"]["recomputed"] == 6
    assert cells_["V", "pairs", "n"]["recomputed"] == 5
    assert "unusable data" in cmean("reproduce", tmp_path / "DIR").out


@pytest.mark.parametrize("what", ["empty", "absent", "a file"])
def test_a_folder_without_them_is_one_line_and_makes_no_catalog(cmean, tmp_path, what):
    folder = tmp_path / "DIR"
    if what == "empty":
        folder.mkdir()
    elif what == "a file":
        folder.write_text("a,b\n")
    found = cmean("reproduce", folder)
    assert (found.code, found.out, found.err.count("\n")) == (1, "", 1)
    assert ("looked for" in found.err) is (what == "empty")
    assert not (tmp_path / "cmean.db").exists()


def test_for_people(cmean, tmp_path):
    found = cmean("reproduce", study.write(tmp_path / "DIR"))
    assert found.code == 0
    lines = found.out.splitlines()
    assert max(map(len, (line for line in lines if not line.startswith("[")))) <= 120
    assert "Table VI: ImageBind similarity of the two of each pair" in found.out
    assert "[1] only 6 of 1,000 pairs are here" in lines
    (summary,) = (line for line in lines if line.startswith("75 cells: "))
    assert summary.endswith("2 missing")  # of Table V the study prints no median, no deviation
    assert any("null (random pairing)" in line for line in lines)
    assert any("Pearson r = " in line for line in lines)
