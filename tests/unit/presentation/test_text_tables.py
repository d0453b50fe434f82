"""Tables as text: for programs in one piece, for narrow terminals in parts."""

from __future__ import annotations

import io
import re

import pytest

from cmean.presentation.text_tables import print_table

HEADER = ("pairing", "mean", "median", "minimum", "maximum")
ROWS = [("first", 0.5, 0.25, 0.125, 0.99996), ("second", None, 1.0, 2, 1.5)]


class Terminal(io.StringIO):
    """A text file that says it is a terminal."""

    def isatty(self):
        return True


def printed(file, **options):
    print_table("A title", HEADER, ROWS, file, **options)
    text = re.sub(r"\x1b\[[\d;]*m", "", file.getvalue())  # bold
    return [line.split() for line in text.splitlines() if line.strip()]


def test_a_file_has_the_table_in_one_piece():
    lines = printed(io.StringIO())
    assert lines[:2] == [["A", "title"], list(HEADER)]
    assert lines[3:] == [
        ["first", "0.5000", "0.2500", "0.1250", "0.99996"],
        ["second", "–", "1.0000", "2", "1.5000"],
    ]


def test_a_narrow_terminal_has_it_in_parts_each_with_the_first_column(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    lines = printed(Terminal())
    headers = [line for line in lines if line[0] == "pairing"]
    assert [name for header in headers for name in header[1:]] == list(HEADER[1:])
    assert len(headers) > 1
    assert sum(line == ["A", "title"] for line in lines) == 1


def test_markup_in_cells_stays_text():
    file = io.StringIO()
    print_table("", ("title",), [("[bold]a[/bold]",)], file)
    assert "[bold]a[/bold]" in file.getvalue()


@pytest.mark.parametrize("rows", [[], [("only", None, None, None, None)]])
def test_empty_tables_and_columns_are_printed(rows):
    file = io.StringIO()
    print_table("", HEADER, rows, file)
    assert "maximum" in file.getvalue()
