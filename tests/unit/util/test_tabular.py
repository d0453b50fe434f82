"""Every reader of files that people bring takes the same odd files: one table of them for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import study_files

from cmean.datasets.labels import read_label_file
from cmean.datasets.published.reader import read_published_files
from cmean.errors import InputError
from cmean.library.metadata import read_metadata_file
from cmean.library.vector_files import read_vector_file
from cmean.ratings.rating_files import read_rating_file
from cmean.util.csv_records import detect_delimiter
from cmean.util.tabular import read_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True)
class Reader:
    """A user of the reader of tables.

    Attributes:
        header: of its file.
        rows: of its file, of which the second and third may be changed; cells without quotes.
        read: the names in the first column, as read, or an error.
        fractions: whether its cells may hold numbers with decimals.
        strict: it refuses a file with a row that cannot be used; others set the row apart.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    read: Callable[[Path], list[str]]
    fractions: bool = False
    strict: bool = False

    def text(self, delimiter: str = ",", end: str = "\n") -> str:
        """The file as a plain writer writes it."""
        return "".join(delimiter.join(row) + end for row in (self.header, *self.rows))

    @property
    def names(self) -> list[str]:
        """What is read of a whole file."""
        return [row[0] for row in self.rows]


def read_published_scores(path: Path) -> list[str]:
    published = read_published_files(path.parent)
    return [row.name for row in published.clap.rows]


def read_published_captions(path: Path) -> list[str]:
    published = read_published_files(path.parent)
    return [row.name for row in published.clip.rows]


NAMES = ("Für Elise.wav", "b.wav", "c.wav", "d.wav")
READERS = {
    "labels": (
        "labels.csv",
        Reader(
            ("item", "valence", "mood"),
            tuple((name, "0.5", "süß") for name in NAMES),
            lambda path: [row.item.names[0] for row in read_label_file(path).rows],
            fractions=True,
        ),
    ),
    "ratings": (
        "ratings.csv",
        Reader(
            ("code", "congruence", "rater"),
            tuple((name, "4", "Zoë") for name in NAMES),
            lambda path: [line["code"] for line in read_rating_file(path)[0]],
        ),
    ),
    "metadata": (
        "metadata.csv",
        Reader(
            ("path", "title", "creator"),
            tuple((name, "Lied", "Zoë") for name in NAMES),
            lambda path: [each.name for each in read_metadata_file(path).rows],
            strict=True,
        ),
    ),
    "published scores": (
        study_files.CLAP,
        Reader(
            ("Filename Audio", "Similarita Coseno"),
            tuple((name, "0.25") for name in NAMES),
            read_published_scores,
            fractions=True,
        ),
    ),
    "published captions": (
        study_files.CLIP,
        Reader(
            ("Filename Immagine", "Descrizione Originale (Total)", "Similarita Coseno"),
            tuple((name, "Zoë", "0.25") for name in NAMES),
            read_published_captions,
            fractions=True,
        ),
    ),
    "vectors": (
        "vectors.csv",
        Reader(
            ("name", "red", "green", "blue"),
            tuple((name, "1", "2", "3") for name in NAMES),
            lambda path: list(read_vector_file(path).names),
            strict=True,
        ),
    ),
}


@pytest.fixture(params=READERS)
def reader(request):
    return READERS[request.param][1]


@pytest.fixture
def read(reader, tmp_path):
    """Writes a file and reads the names in it."""
    (name,) = [name for name, each in READERS.values() if each is reader]

    def write_and_read(content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return reader.read(path)

    return write_and_read


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings(reader, read, encoding, end):
    assert read(reader.text(end=end).encode(encoding)) == reader.names


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters(reader, read, delimiter):
    assert read(reader.text(delimiter)) == reader.names


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_first_line_that_names_the_delimiter(reader, read, delimiter):
    assert read(f"sep={delimiter}\r\n{reader.text(delimiter)}") == reader.names


def test_delimiters_within_quotes_do_not_count(reader, read):
    text = reader.text(";").replace("b.wav", '"b, c, d, e.wav"')

    assert read(text)[1] == "b, c, d, e.wav"


@pytest.mark.parametrize(
    "reader", [name for name, (_, each) in READERS.items() if each.fractions], indirect=True
)
def test_decimal_commas_between_semicolons(reader, read):
    assert read(reader.text(";").replace(".25", ",25").replace("0.5", "0,5")) == reader.names


@pytest.mark.parametrize("change", [str.upper, str.lower, str.title])
def test_the_header_in_any_case(reader, read, change):
    header, rest = reader.text().split("\n", 1)

    assert read(f"{change(header)}\n{rest}") == reader.names


def test_blank_lines(reader, read):
    text = reader.text().replace("\n", "\n\n")

    assert read(f"\n\n{text} \n{',' * (len(reader.header) - 1)}\n\n") == reader.names


def test_every_cell_quoted(reader, read):
    text = "".join(
        ",".join(f'"{cell}"' for cell in row) + "\n" for row in (reader.header, *reader.rows)
    )

    assert read(text) == reader.names


def test_every_row_quoted_as_one_cell(reader, read):
    assert read("".join(f'"{line}"\n' for line in reader.text().splitlines())) == reader.names


def test_quotes_within_quotes(reader, read):
    assert read(reader.text().replace("c.wav", '"a ""c"".wav"'))[2] == 'a "c".wav'


def test_blanks_around_cells(reader, read):
    found = read(reader.text().replace(",", " ,\t"))

    assert [name.strip() for name in found] == reader.names


@pytest.mark.parametrize("stray", ['"c.wav', '"c".wav'])
def test_a_stray_quote_costs_its_row_alone(reader, read, stray):
    text = reader.text().replace("c.wav", stray)
    if reader.strict:
        with pytest.raises(InputError, match=r"line 4: (a quote|not CSV)"):
            read(text)
    else:
        left = read(text)
        assert [*left[:2], left[-1]] == ["Für Elise.wav", "b.wav", "d.wav"]


def test_a_last_line_that_is_cut_costs_its_row_alone(reader, read):
    text = reader.text().rpartition("d.wav")[0] + '"d.w'
    if reader.strict:
        with pytest.raises(InputError, match="line 5: a quote is opened but not closed"):
            read(text)
    else:
        assert read(text) == reader.names[:3]


def test_no_line_end_after_the_last_row(reader, read):
    assert read(reader.text().rstrip("\n")) == reader.names


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [
        ("a,b,c", ","),
        ("a;b,c;d", ";"),
        ("a\tb\tc,d", "\t"),
        ('"a,b,c,d";1;2', ";"),
        ('"a;""b"";c"', ";"),
        ("a", ","),
        ("\n\na;b", ";"),
    ],
)
def test_the_delimiter_is_what_the_first_line_has_most_of(line, delimiter):
    assert detect_delimiter(line) == delimiter


def test_columns_are_found_in_any_case(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("Item;VALENCE\na;1,5\n")

    table = read_table(path)

    assert table.has_columns("item", "Valence")
    assert not table.has_columns("item", "arousal")
    assert table.find_column("valence") == 1
    assert table.get_cell(table.rows[0].cells, "valence") == "1,5"
    assert table.get_cell(table.rows[0].cells, "arousal") == ""
    assert table.decimal == ","
    with pytest.raises(InputError, match="not laid out as other: there is no column arousal"):
        table.require_columns(("item", "arousal"), "other")
