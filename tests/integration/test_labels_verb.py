"""`cmean labels`: what it prints, and bad input."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The program with a small corpus ingested."""
    from support import Program, write_small_corpus  # noqa: PLC0415 - beside the fixture alone

    program = Program(tmp_path_factory.mktemp("labels"))
    assert program("ingest", write_small_corpus(program.folder / "media")).code == 0
    return program


def write(program, text, name="labels.csv"):
    path = program.folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_labels_are_attached_and_listed(program):
    path = write(program, "item,valence,mood\ntrack-0,1,sad\nmedia/track-1.wav,0.5,gay\n")
    found = program("labels", path, "--name", "mine", "--json")
    assert found.code == 0
    assert found.json == {
        "name": "mine",
        "layout": "plain",
        "items": 2,
        "labels": 4,
        "pairs": 0,
        "unknown": [],
        "unknown_count": 0,
        "rejected": [],
        "notes": [],
    }
    assert program("labels", path, "--name", "mine").out == (
        "mine (plain): 2 items, 4 labels, 0 pairs\n"
    )
    rows = program("sql", "SELECT title, dimension, value, category FROM v_labels", "--json").json
    assert len(rows) == 4
    listed = program("labels", "--list", "--json")
    assert {
        "name": "mine",
        "dimensions": ["mood", "valence"],
        "items": 2,
        "pairs": 0,
    } in listed.json
    assert "mood, valence" in program("labels", "--list").out


def test_unknown_and_faulty_rows_are_told_and_the_good_ones_kept(program):
    text = "item,valence\ntrack-0,1\nnobody,1\ntrack-1,high\ntrack-2,2\ntrack-2,3\ntrack-0,4,5\n"
    path = write(program, text.replace("\n", "\r\n"))
    found = program("labels", path, "--name", "half", "--json")
    assert found.code == 3
    assert (found.json["labels"], found.json["unknown"], found.json["unknown_count"]) == (
        1,
        ["nobody"],
        1,
    )
    assert [row["line"] for row in found.json["rejected"]] == [4, 6, 7]
    told = program("labels", path, "--name", "half")
    assert told.code == 3
    assert "not in the catalog: 1: nobody" in told.err
    assert "rejected: line 4: valence must be a number, but is 'high'" in told.err
    assert "rejected: line 6: valence of 'track-2' is 3.0 here, but 2.0 on line 5" in told.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "is empty"),
        ("item,valence\n", "has a header but no rows"),
        ("item\ntrack-0\n", "has one column only"),
        (b"item\0,valence\ntrack-0,1\n", "is no table"),
    ],
)
def test_a_file_without_labels_is_one_line_and_changes_nothing(program, text, says):
    path = write(program, text, "bad.csv")
    before = program("labels", "--list", "--json").json
    found = program("labels", path, "--name", "mine")
    assert found.code == 1
    assert found.err.startswith("cmean: ")
    assert found.err.count("\n") == 1
    assert says in found.err
    assert program("labels", "--list", "--json").json == before


def test_no_such_file_a_folder_and_another_layout(program):
    for path, says in (("absent.csv", "no such file"), ("media", "is a folder")):
        found = program("labels", path, "--name", "x")
        assert (found.code, says in found.err) == (1, True)
    path = write(program, "item,valence\ntrack-0,1\n")
    found = program("labels", path, "--name", "x", "--layout", "deam")
    assert found.code == 1
    assert "is not laid out as deam: there is no column song_id" in found.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("labels.csv",),
        ("--name", "x"),
        ("--list", "--name", "x"),
        ("labels.csv", "--name", "x", "--layout", "new"),
    ],
)
def test_wrong_usage(program, arguments):
    assert program("labels", *arguments).code == 2


def test_without_labels_the_list_says_how_to_get_some(cmean):
    assert "cmean labels FILE --name NAME" in cmean("labels", "--list").out


def test_semicolons_go_with_decimal_commas(program):
    path = write(program, "item;valence\ntrack-0;1,5\ntrack-1;2,25\n")
    assert program("labels", path, "--name", "commas").code == 0
    query = "SELECT value FROM v_labels WHERE name = 'commas' ORDER BY value"
    assert [row["value"] for row in program("sql", query, "--json").json] == [1.5, 2.25]


def test_a_file_of_which_nothing_can_be_used_is_no_success(program):
    path = write(program, "item,valence\ntrack-0,NaN\ntrack-1,\n")
    done = program("labels", path, "--name", "nothing")
    assert done.code == 3
    assert "nothing in the file can be used" in done.err
    assert "nothing" not in program("labels", "--list").out


def test_a_number_beyond_all_measure_is_rejected(program):
    path = write(program, "item,valence\ntrack-0,1e308\ntrack-1,2\n")
    done = program("labels", path, "--name", "huge", "--json")
    assert (done.code, done.json["labels"]) == (3, 1)
    (wrong,) = done.json["rejected"]
    assert "valence must be from -1e+100 to 1e+100, but is '1e308'" in wrong["detail"]
