"""`cmean rate`: sheets that go out, what comes back filled in, all that can be wrong with it."""

from __future__ import annotations

import csv
import json

import pytest
from people import add_items, make_pairing

HEADER = "pair_id,rater,congruence,preferred,comment,seconds,other_artwork_id\n"


@pytest.fixture
def program(catalog, make_program, tmp_path):
    """The program on a catalog with a pairing of four pairs, each database."""
    add_items(catalog, 4, 5)
    make_pairing(catalog)
    return make_program(tmp_path, catalog.url.render_as_string(hide_password=False))


@pytest.fixture
def on_sqlite(tmp_path, make_program):
    """The same on SQLite alone, for what no database decides."""
    program = make_program(tmp_path)
    assert program("init").code == 0
    return program


def asked(program, query):
    return program("sql", query, "--json").json


def pairs_of(program):
    return asked(program, "SELECT pair_id, artwork_id FROM v_pairs ORDER BY pairing_id, rank")


def test_a_sheet_goes_out_and_comes_back(program):
    made = program("rate", "sheet", "--output", "sheet.csv", "--seed", 1, "--json").json
    assert (made["pairing"], made["pairs"], made["ask"]) == (1, 4, "congruence")
    path = program.folder / "sheet.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        *("code", "track", "track_file", "artwork", "artwork_file"),
        *("congruence", "comment", "seconds", "rater"),
    ]
    assert len(rows) == made["pairs"] + made["controls"]
    for row in rows[1:]:
        row["congruence"] = "4"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    counts = {"imported": len(rows) - 1, "known": 0, "skipped": 1, "rejected": [], "notes": []}
    assert program("rate", "import", path, "--rater", "Ada", "--json").json == counts
    counts |= {"imported": 0, "known": len(rows) - 1}
    assert program("rate", "import", path, "--rater", "Ada", "--json").json == counts
    exported = program("rate", "export", "--output", "out.csv", "--json").json
    assert exported == {"rows": len(rows) - 1, "output": "out.csv"}
    assert program("export", "ratings", "--output", "same.csv").code == 0
    texts = [(program.folder / name).read_text("utf-8") for name in ("out.csv", "same.csv")]
    assert texts[0] == texts[1]
    assert program("rate", "export", 1, "--output", "one.jsonl").code == 0
    lines = (program.folder / "one.jsonl").read_text("utf-8").splitlines()
    assert {json.loads(line)["pairing_id"] for line in lines} == {1}
    assert program("rate", "import", "out.csv", "--json").json["known"] == len(rows) - 1


def test_rows_that_are_wrong_are_named_and_the_others_are_stored(program):
    one, two, three, four = (row["pair_id"] for row in pairs_of(program))
    own = pairs_of(program)[0]["artwork_id"]
    track = asked(program, "SELECT MIN(item_id) AS id FROM v_items WHERE kind = 'track'")[0]["id"]
    assert program("rate", "add", four, "--rater", "Ada", "--congruence", 2).code == 0
    rows = [
        (f"{one},Ada,6,,,,", "congruence must be a whole number from 1 to 5, not '6'"),
        (f"{one},Ada,2.5,,,,", "congruence must"),
        (f"{one},Ada,good,,,,", "congruence must"),
        (f"{one},Ada,,c,,,", "preferred must be pair or random, not 'c'"),
        (f"{one},,4,,,,", "there is no rater"),
        (f"{one},{'x' * 101},4,,,,", "at most 100 characters"),
        (f"{one},Ada,4,,,-1,", "seconds must be a number from 0 to 1,000,000, not '-1'"),
        (f"{one},Ada,4,,,long,", "seconds must"),
        (f"{one},Ada,4,,,nan,", "seconds must"),
        (f"{one},Ada,4,,a\0b,,", "holds a NUL byte"),
        ("99999,Ada,4,,,,", "there is no pair 99999"),
        (f"{2**70},Ada,4,,,,", "pair_id must be a whole number"),
        ("x,Ada,4,,,,", "pair_id must"),
        (f"{one},Ada,4,,,,{own}", "an alternative artwork needs a preference"),
        (f"{one},Ada,,pair,,,{own}", "is that of the pair itself"),
        (f"{one},Ada,,pair,,,{track}", f"there is no artwork {track}"),
        (f"{one},Ada,4,,,,,more", "has 8 cells, but the header has 7; put quotes"),
        (f"{four},Ada,3,,,,", "congruence 2, not 3; --replace"),
        (f'{two},Ada,4,,"on two\nlines",1.5,', None),
        (f"{two},Ada,4,,,,", "Ada has rated this in line 20 already"),
        (f"{three},Bö,5,,,,,", None),
        (f"{three},Ada,,,left open,,", None),
    ]
    path = program.folder / "bad.csv"
    path.write_bytes(("\ufeff" + HEADER + "\n".join(r for r, _ in rows)).encode())
    finished = program("rate", "import", path, "--json")
    assert finished.code == 3
    found = finished.json
    assert (found["imported"], found["known"], found["skipped"]) == (2, 0, 1)
    expected = [detail for _, detail in rows if detail]
    assert len(found["rejected"]) == len(expected)
    for rejected, detail in zip(found["rejected"], expected, strict=True):
        assert detail in rejected["detail"], rejected
    lines = [2 + n + (n > 18) for n, (_, detail) in enumerate(rows) if detail]
    assert [rejected["line"] for rejected in found["rejected"]] == lines
    stored = asked(program, "SELECT rater, congruence, comment FROM v_ratings ORDER BY rank, rater")
    assert [tuple(row.values()) for row in stored] == [
        ("Ada", 4, "on two\nlines"),
        ("Bö", 5, None),
        ("Ada", 2, None),
    ]
    text = program("rate", "import", path)
    assert text.code == 3
    assert f"{path}, line 2: congruence must" in text.err
    assert "0 imported, 2 known, 1 without an answer, 19 rejected" in text.out
    assert program("rate", "import", path, "--replace", "--json").json["imported"] == 1


def test_an_export_of_another_catalog_rates_no_pair_of_this_one(program):
    pair = asked(program, "SELECT pair_id, track_title, artwork_title FROM v_pairs LIMIT 1")[0]
    columns = "pair_id,rater,congruence,track_title,artwork_title\n"
    both = [pair["track_title"], pair["artwork_title"]]
    for number, titles in enumerate(([*both], [both[0], "Other"], ["Other", both[1]])):
        (program.folder / f"{number}.csv").write_text(
            f"{columns}{pair['pair_id']},Ada,4,{titles[0]},{titles[1]}\n", "utf-8"
        )
        found = program("rate", "import", f"{number}.csv", "--json")
        assert found.json["imported"] == (number == 0), found
        assert found.code == (3 if number else 0)
        if number:
            assert (
                "not 'Other': the file is of another catalog" in found.json["rejected"][0]["detail"]
            )


def test_codes_that_are_wrong_are_named(program):
    assert program("rate", "sheet", "--output", "one.csv", "--ask", "congruence").code == 0
    assert program("rate", "sheet", "--output", "two.csv", "--ask", "choice").code == 0
    codes = []
    for name in ("one.csv", "two.csv"):
        with (program.folder / name).open(encoding="utf-8", newline="") as file:
            codes.append(next(csv.DictReader(file))["code"])
    rows = [
        ("00000000-000000000000,3,,Ada", "no pair of this catalog has the code"),
        (",3,,Ada", "no pair of this catalog has the code"),
        (f"{codes[0]},,a,Ada", "asks for congruence"),
        (f"{codes[1]},3,,Ada", "asks which is preferred"),
        (f"{codes[1]},,c,Ada", "preferred must be a or b, not 'c'"),
        (f"{codes[0].upper()},3,,Ada", None),
        (f"{codes[1]},,B,Ada", None),
    ]
    lines = ["code,congruence,preferred,rater", *(row for row, _ in rows)]
    (program.folder / "codes.csv").write_text("\r\n".join(lines))
    finished = program("rate", "import", "codes.csv", "--json")
    assert (finished.code, finished.json["imported"]) == (3, 2)
    for rejected, (_, detail) in zip(finished.json["rejected"], rows, strict=False):
        assert detail in rejected["detail"]


def test_one_pair_is_rated(program):
    pairs = pairs_of(program)
    pair, other = pairs[0]["pair_id"], pairs[1]["artwork_id"]
    answer = ("--preferred", "random", "--other", other, "--comment", "so", "--seconds", 2)
    found = program("rate", "add", pair, "--rater", "Ada", "--congruence", 4, *answer, "--json")
    assert found.json == {"pair_id": pair, "rater": "Ada", "imported": 1}
    assert "already" in program("rate", "add", pair, "--rater", "Ada", "--congruence", 4).out
    (row,) = asked(program, "SELECT * FROM v_ratings")
    assert (row["congruence"], row["preferred"], row["other_artwork_id"]) == (4, "random", other)
    wrong = {
        (pair, "--rater", "Ada", "--congruence", 5): 1,
        (pair, "--rater", "Ada"): 2,
        (pair, "--rater", " ", "--congruence", 4): 1,
        (99999, "--rater", "Ada", "--congruence", 4): 1,
        (pair, "--rater", "Bo", "--congruence", 4, "--other", other): 2,
        (pair, "--rater", "Bo", "--preferred", "pair", "--other", pairs[0]["artwork_id"]): 1,
        (pair, "--rater", "Bo", "--preferred", "pair", "--other", 99999): 1,
    }
    for arguments, code in wrong.items():
        finished = program("rate", "add", *arguments)
        assert (finished.code, finished.out, finished.err.count("\n")) == (code, "", 1), arguments
    changed = program("rate", "add", pair, "--rater", "Ada", "--congruence", 5, "--replace")
    assert changed.code == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        (b"", "its first line must name the columns"),
        (b"name,score\nAda,3\n", "the first line must name the columns"),
        (b"code,rater\nx,Ada\n", "the first line must name the columns"),
        (b"pair_id,congruence,congruence\n", "the column 'congruence' is there twice"),
        ("pair_id,congruence\n1,3".encode("utf-16")[:-1], "is not whole UTF-16 text"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line(on_sqlite, content, said):
    if content is not None:
        (on_sqlite.folder / "f.csv").write_bytes(content)
    finished = on_sqlite("rate", "import", "f.csv", "--json")
    assert (finished.code, finished.out, finished.err.count("\n")) == (1, "", 1)
    assert said in finished.err


def test_a_row_that_cannot_be_read_and_a_foreign_encoding_are_said(program):
    pair = pairs_of(program)[0]["pair_id"]
    text = (
        f'pair_id;rater;congruence;comment\n{pair};Zoë;4\n{pair};Al;3;"never closed\n{pair};Bo;2\n'
    )
    (program.folder / "saved.csv").write_bytes(text.encode("cp1252"))
    finished = program("rate", "import", "saved.csv")
    assert finished.code == 3
    assert "saved.csv, line 3: a quote is opened but not closed" in finished.err
    assert "1 line is not UTF-8" in finished.err
    assert finished.out.startswith("2 imported")
    stored = asked(program, "SELECT rater, congruence FROM v_ratings ORDER BY rater")
    assert [tuple(row.values()) for row in stored] == [("Bo", 2), ("Zoë", 4)]


def test_what_cannot_be_is_refused_in_one_line(on_sqlite):
    for arguments, code in [
        (("sheet", "--output", "s.csv"), 1),
        (("sheet", "7", "--output", "s.csv"), 1),
        (("export", "--output", "s.txt"), 1),
        (("export", "7", "--output", "s.csv"), 1),
        (("sheet",), 2),
        (("sheet", "--output", "s.csv", "--ask", "colour"), 2),
        (("sheet", "--output", "s.csv", "--random", "-1"), 2),
        (("add", "1", "--rater", "Ada", "--congruence", "6"), 2),
        (("add", "1", "--rater", "Ada", "--congruence", "3", "--seconds", "nan"), 2),
        ((), 2),
    ]:
        finished = on_sqlite("rate", *arguments)
        assert (finished.code, finished.out) == (code, ""), arguments
        if code == 1:
            assert finished.err.count("\n") == 1
    assert on_sqlite("rate", "export", "--output", "none.csv").code == 0
