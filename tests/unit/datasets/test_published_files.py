"""The study's published files are read whatever their quoting; what cannot be used is named."""

from __future__ import annotations

import csv
import io
import re

import pytest
import study_files as study
from hypothesis import given
from hypothesis import strategies as st
from study_files import (
    ARTWORKS,
    CAPTIONS,
    CLAP,
    CLIP,
    CLIP_SUM,
    EARLIER_ARTWORKS,
    EARLIER_TRACKS,
    FOLDERS,
    IMAGEBIND,
    PAIRS,
    TRACKS,
    TRIPLES,
)

from cmean.datasets.published.files import FILES
from cmean.datasets.published.printed import load_printed_tables, rounds_to_figure
from cmean.datasets.published.reader import read_published_files
from cmean.domain import RGB
from cmean.errors import InputError
from cmean.util.csv_records import RecordReader, unwrap_cells
from cmean.util.text_files import UndecodableError, decode_text

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=20)
NEVER = re.compile("(?!)")
some_cells = st.lists(texts, min_size=2, max_size=6)
text = study.contents()


def said(published):
    """The problems as file name, line, detail."""
    return [(p.file.rpartition("/")[2], p.line, p.detail) for p in published.problems]


def split(text, delimiter=",", starts=FILES["clip"].record_start):
    """The records of a text: line, cells, and whether it was cut."""
    for line, cells, problem, is_open in RecordReader(text, delimiter, record_start=starts):
        assert problem is None
        yield line, unwrap_cells(cells, delimiter), is_open


@given(some_cells.filter(lambda row: any(map(str.strip, row))))
def test_a_row_comes_out_of_any_quoting(row):
    plain = study.line(row, end="")
    for record, delimiter in (
        (plain, ","),
        (study.line(row, end="", delimiter=";"), ";"),
        (study.wrapped(row)[:-1], ","),
        (study.line([study.line([plain], end="")], end=""), ","),
    ):
        assert list(split(record, delimiter, NEVER)) == [(1, row, False)]


@given(st.lists(st.text('ab," \n;', max_size=12), min_size=1, max_size=5))
def test_rows_with_line_breaks_are_told_apart(captions):
    rows = [["a-name.jpg", caption, "0.5"] for caption in captions]
    whole = "".join(study.line(row, end="\n") for row in rows)
    found = list(split(whole))
    assert [cells for _, cells, _ in found] == rows
    assert not any(cut for _, _, cut in found)
    lines = whole.split("\n")
    assert all(lines[number - 1].startswith("a-name.jpg") for number, _, _ in found)


@given(st.binary(max_size=200))
def test_no_bytes_are_too_odd(data):
    try:
        found = decode_text(data).text
    except UndecodableError:
        return
    for starts in (re.compile(""), None):
        list(RecordReader(found, ",", record_start=starts))


def test_all_files_of_a_folder(tmp_path):
    published = read_published_files(study.write(tmp_path))
    assert not published.problems
    assert [row.name for row in published.captions.rows] == TRACKS[:4]
    assert sorted(published.captions.rows[0].texts) == [0, 1, 2, 3, 4]
    assert "\n\nIt sounds" in published.captions.rows[0].texts[2]
    assert published.triples.rows[0].rgb[1] == RGB(0, 200, 0)
    assert published.triples.rows[0].rgb[0] == RGB(40, 172, 124)
    assert published.clap.rows[0].value == 0.29745920
    assert published.clip.rows[1].text.endswith("room.")
    assert (published.pairs.rows[2].rank, published.pairs.rows[2].similarity) == (3, 0.9798)
    assert published.imagebind.rows[0].artwork == published.pairs.rows[0].artwork
    assert len(published.earlier_tracks.rows) == len(published.earlier_artworks.rows) == 6


def resaved(name, **options):
    """A file as another program saves it, its rows plain."""
    records = split(text[name].replace("\r\n", "\n"), starts=FILES[KEYS[name]].record_start)
    return "".join(study.line(cells, **options) for _, cells, _ in records)


def opened(name, delimiter):
    """A file as a spreadsheet takes it, wrapped rows as one cell, and saves it."""
    rows = csv.reader(io.StringIO(text[name], newline=""))
    return "".join(study.line(row, delimiter=delimiter) for row in rows)


KEYS = {file.name: key for key, file in FILES.items()}


@pytest.mark.parametrize(
    "change",
    [
        resaved,
        lambda name: resaved(name, end="\n"),
        lambda name: resaved(name, delimiter=";"),
        lambda name: resaved(name, delimiter="\t"),
        lambda name: "\ufeff" + text[name],
        lambda name: text[name].encode("utf-16"),
        lambda name: text[name].encode("utf-16-le"),
        lambda name: text[name].rstrip(),
        lambda name: text[name].replace("\r\n", "\n").replace("\n", "\r\n"),
        lambda name: text[name] + "\n\n",
        lambda name: opened(name, ";"),
        lambda name: opened(name, "\t"),
    ],
    ids=[
        *(
            "plain",
            "LF",
            "semicolons",
            "tabs",
            "BOM",
            "UTF-16",
            "UTF-16-LE",
            "end",
            "CRLF",
            "blank",
        ),
        *("opened, semicolons", "opened, tabs"),
    ],
)
def test_files_saved_otherwise_hold_the_same(tmp_path, change):
    before = read_published_files(study.write(tmp_path / "before"))
    after = read_published_files(
        study.write(tmp_path / "after", {name: change(name) for name in text})
    )
    assert not after.problems
    for key in FILES:
        assert getattr(after, key).rows == getattr(before, key).rows, key


@pytest.mark.parametrize("flat", [False, True])
def test_files_are_found_by_name(tmp_path, flat):
    study.write(tmp_path, flat=flat)
    for path in list(tmp_path.rglob("*.csv"))[::2]:
        path.rename(path.with_name(path.name.upper()))
    assert not read_published_files(tmp_path).problems


def test_an_encoding_is_guessed_and_said(tmp_path):
    found = read_published_files(study.write(tmp_path, {PAIRS: text[PAIRS].encode("cp1252")}))
    assert [(name, line) for name, line, _ in said(found)] == [(PAIRS, None)]
    assert "Windows-1252" in found.problems[0].detail
    assert len(found.pairs.rows) == 6


def dropped(name, *numbers):
    lines = text[name].splitlines(keepends=True)
    return "".join(row for number, row in enumerate(lines) if number not in numbers)


def replaced(name, old, new):
    assert old in text[name]
    return text[name].replace(old, new, 1)


FIRST_CAPTION = text[CAPTIONS].index("000001.mp3")
CASES = {
    "no such triple": (
        TRIPLES,
        replaced(TRIPLES, "rgb(0, 200, 0)", "rgb(300, 1, 2)"),
        2,
        "'rgb(300, 1, 2)'",
    ),
    "half a triple": (TRIPLES, replaced(TRIPLES, "rgb(0, 200, 0)", "rgb(0, 20"), 2, "Frammento 1"),
    "no triple": (TRIPLES, replaced(TRIPLES, "rgb(0, 200, 0)", ""), 2, "is nothing"),
    "text for a number": (CLAP, replaced(CLAP, "0.29745920", "loud"), 2, "'loud' is not a number"),
    "too large": (IMAGEBIND, replaced(IMAGEBIND, "0.100000000000", "1.5"), 2, "'1.5'"),
    "not a number": (PAIRS, replaced(PAIRS, "1.0000", "nan"), 2, "'nan' is not a number"),
    "no rank": (PAIRS, replaced(PAIRS, "\r\n2,", "\r\ntwo,"), 3, "'two' is not a position"),
    "a rank twice": (PAIRS, replaced(PAIRS, "\r\n2,", "\r\n1,"), 3, "position 1 stands on line 2"),
    "a name twice": (CLAP, text[CLAP] + '"000001.mp3,0.5"\n', 8, "stands on line 3 already"),
    "a pair's track twice": (PAIRS, replaced(PAIRS, TRACKS[1], TRACKS[0]), 3, "on line 2 already"),
    "no name": (CLIP, replaced(CLIP, ARTWORKS[0], ""), 2, "holds no file's name"),
    "no file's name": (CLIP, replaced(CLIP, ARTWORKS[0], "a cat"), 2, "'a cat' is not the name"),
    "too few columns": (CLIP_SUM, text[CLIP_SUM] + "x.jpg,cut\r\n", 8, "columns: 2 instead of 3"),
    "too many columns": (CLAP, text[CLAP] + "x.mp3,0.5,0.6\r\n", 8, "columns: 3 instead of 2"),
    "cut in a name": (PAIRS, text[PAIRS][:-4], 7, "is cut short"),
    "cut in a number": (IMAGEBIND, text[IMAGEBIND][:-6], 7, "is cut short"),
    "cut in a quoted line": (CLAP, text[CLAP][:-6], 7, "quotes are not closed"),
    "cut amid a file": (
        CLIP,
        replaced(CLIP, 'grey room",0.204500', "grey\n0.2"),
        2,
        "quotes are not closed",
    ),
    "cut in a caption": (CAPTIONS, text[CAPTIONS][: FIRST_CAPTION + 60], 15, "not closed"),
    "a caption missing": (CAPTIONS, dropped(CAPTIONS, 7, 8, 9), 2, "4 of five captions: no Fragm"),
    "the name's row missing": (CAPTIONS, dropped(CAPTIONS, 14, 15, 16), 15, "name is missing"),
    "an unknown type": (CAPTIONS, replaced(CAPTIONS, "Fragment 2", "Part 2"), 5, "'Part 2' is nei"),
    "a track twice": (CAPTIONS, text[CAPTIONS] + study.captions(TRACKS[:1])[40:], 54, "on line 2"),
    "a null character": (CLIP, replaced(CLIP, "grey", "gr\0y"), 2, "null character"),
    "empty": (EARLIER_TRACKS, "", None, "is empty"),
    "white space": (EARLIER_TRACKS, "\n \n", None, "is empty"),
    "only a header": (EARLIER_ARTWORKS, text[EARLIER_ARTWORKS].splitlines()[0], None, "no rows"),
    "another header": (CLAP, "a,b\nc,d\n", 1, "does not name the columns 'Filename Audio', 'Simil"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_used_is_named_and_the_rest_is_used(tmp_path, case):
    name, content, line, detail = CASES[case]
    found = read_published_files(study.write(tmp_path, {name: content}))
    assert (name, line) in [entry[:2] for entry in said(found)], said(found)
    assert any(detail in entry[2] for entry in said(found)), said(found)
    assert all("\n" not in problem.detail for problem in found.problems)
    rows = len(getattr(found, KEYS[name]).rows)
    unreadable = {"empty", "white space", "only a header", "another header"}
    assert (rows == 0) is (case in unreadable)


def test_a_track_with_three_captions_keeps_them(tmp_path):
    found = read_published_files(study.write(tmp_path, {CAPTIONS: dropped(CAPTIONS, 7, 8, 9, 13)}))
    assert sorted(found.captions.rows[0].texts) == [1, 2, 4]
    assert len(found.captions.rows) == 4
    (problem,) = found.problems
    assert problem.line == 2
    assert problem.detail == "'000000.mp3' has 3 of five captions: no Fragment 3, Total"


def test_files_of_one_name_that_differ_are_told(tmp_path):
    study.write(tmp_path)
    copy = tmp_path / "copies" / "deep" / CLAP
    copy.parent.mkdir(parents=True)
    copy.write_bytes((tmp_path / FOLDERS[CLAP] / CLAP).read_bytes())
    assert not read_published_files(tmp_path).problems
    copy.write_text(text[CLAP].replace("0.2", "0.3"))
    found = read_published_files(tmp_path)
    assert [entry[:2] for entry in said(found)] == [(CLAP, None)]
    assert found.clap.rows[0].value == 0.29745920


def test_a_folder_with_none_of_the_files(tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n")
    with pytest.raises(InputError, match=f"looked for {CAPTIONS}, {TRIPLES}"):
        read_published_files(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        read_published_files(tmp_path / "none")
    with pytest.raises(InputError, match="is a file"):
        read_published_files(tmp_path / "other.csv")


@pytest.mark.parametrize(
    ("value", "figure", "same"),
    [
        (0.27104, "0.2710", True),
        (0.27096, "0.2710", True),
        (0.27106, "0.2710", False),
        (389.02, "389.02", True),
        (389.026, "389.02", False),
        (1000, "1000", True),
        (999, "1000", False),
        (-0.13230645, "-0.1323", True),
    ],
)
def test_a_value_agrees_as_it_is_printed(value, figure, same):
    assert rounds_to_figure(value, figure) is same


def test_the_printed_tables():
    assert list(load_printed_tables()) == ["I", "II", "III", "IV", "V", "VI"]
    assert load_printed_tables()["IV"]["aggregated"]["mean"] == "0.2710"
