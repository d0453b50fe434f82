"""Files that raters filled in, however a spreadsheet saved them."""

from __future__ import annotations

import pytest

from cmean.ratings.rating_files import read_rating_file


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_file_counts_however_a_spreadsheet_saved_it(tmp_path, encoding, delimiter):
    rows = [
        ("pair_id", "rater", "congruence", "comment"),
        (1, "Zoë", 4, '"so "" so,\nand; on"'),
        (2, "Bo", 2),
        (3, "Al", 3, '"never closed'),
        (4, "Cy", 5),
    ]
    text = "\r\n".join(delimiter.join(map(str, row)) for row in rows)
    path = tmp_path / "saved.csv"
    path.write_bytes(text.encode(encoding))
    lines, table = read_rating_file(path)
    assert [(line["pair_id"], line["rater"], line["comment"]) for line in lines] == [
        ("1", "Zoë", 'so " so,\nand; on'),
        ("2", "Bo", ""),
        ("4", "Cy", ""),
    ]
    assert [line.number for line in lines] == [2, 4, 6]
    assert [line.decimal for line in lines] == ["," if delimiter == ";" else "."] * 3
    assert [(row.line, row.detail) for row in table.rejected] == [
        (5, "a quote is opened but not closed")
    ]
    assert len(table.notes) == (encoding == "cp1252")
