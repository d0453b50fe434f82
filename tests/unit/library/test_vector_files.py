"""CSV files in and out: what is read, what is refused and where the message points."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmean.errors import InputError
from cmean.library.vector_files import read_vector_file, read_vector_files, write_pairs
from cmean.matching import match


@pytest.fixture
def file(tmp_path):
    def make(content, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


@pytest.mark.parametrize(
    "content",
    [
        "a,1,2,3\nb,4,5,255\n",
        "a,1,2,3\r\nb,4,5,255",
        "\ufeffname,red,green,blue\na,1,2,3\nb,4,5,255\n",
        "\n\nname,red,green,blue\n,,,\na, 1,002,3 \n\nb,4,5,255\n\n",
        '"a","1","2","3"\n"b","4","5","255"\n',
    ],
    ids=["plain", "CRLF, no end", "BOM and header", "blanks, spaces, zeros", "quoted"],
)
def test_the_usual_shapes_of_a_table_are_read(file, content):
    table = read_vector_file(file(content))

    assert table.names == ["a", "b"]
    assert table.vectors.tolist() == [[1, 2, 3], [4, 5, 255]]
    assert table.vector == "whole"


def test_fifteen_numbers_are_the_concatenated_vector(file):
    table = read_vector_file(file("a," + ",".join(map(str, range(15)))))

    assert table.vectors.tolist() == [list(range(15))]
    assert table.vector == "concatenated"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "has no rows"),
        ("\n \n", "has no rows"),
        ("name,red,green,blue\n", "has no rows"),
        ("a,1,2\n", "line 1: 3 columns, but a name and 3 or 15 integers"),
        ("a;1;2\n", "line 1: 3 columns, but a name"),
        ("a|1|2|3\n", "line 1: 1 column, but a name"),
        ("a,1,2,3\nb,1,2,3,4\n", "line 2: 5 columns, but a name and 3 integers"),
        ("a,1,2,3\n" + "b" + ",1" * 15, "line 2: 16 columns, but a name and 3 integers"),
        ("a,x,2,3\n", "line 1: column 2 must hold an integer 0..255, but holds 'x'"),
        ("a,1,2,3\nb,1,two,3\n", "line 2: column 3 must hold an integer 0..255, but holds 'two'"),
        ("h,r,g,b\nh,r,g,b\n", "line 2: column 2 must hold an integer 0..255, but holds 'r'"),
        ("a,nan,nan,nan\n", "line 1: column 2 .* holds 'nan'"),
        ("a,1,2,3.5\n", "line 1: column 4 .* holds '3.5'"),
        ("a,1,2,256\n", "line 1: column 4 .* holds '256'"),
        ("a,1,-2,3\n", "line 1: column 3 .* holds '-2'"),
        ("a,1,,3\n", "line 1: column 3 .* holds nothing"),
        ("a,1,\u0663,3\n", "line 1: column 3"),
        ("a,1,2," + "9" * 5000, "line 1: column 4 .* holds '9{40}'$"),
        (",1,2,3\n", "line 1: column 1 holds no name"),
        ('"a\nb",1,2,3\n', "line 1: the name in column 1 holds a line break"),
        ("a,1,2,3\nb,1,2,3\n\na,3,2,1\n", "line 4: the name 'a' stands on line 1 too"),
        ("a,1,2,3\n".encode("utf-16")[:-1], "is not whole UTF-16 text"),
        (b"\x89PNG\0\0\0\0\r\n\x1a\n\0\0", "is no text"),
        ('"a,1,2,3\n', "line 1: a quote is opened but not closed"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line_with_file_and_line(file, content, says):
    path = file(content)

    with pytest.raises(InputError, match=says) as caught:
        read_vector_file(path)

    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no such file: .*none\.csv"):
        read_vector_file(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_vector_file(tmp_path)


def test_triples_against_joined_triples_are_refused(file):
    tracks = file("a,1,2,3\n", "tracks.csv")
    artworks = file("b" + ",1" * 15, "artworks.csv")

    with pytest.raises(InputError, match=r"tracks\.csv has 3 .*artworks\.csv has 15"):
        read_vector_files(tracks, artworks)


name = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1).filter(
    str.strip
)
rows = st.dictionaries(name, st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=8)


@given(rows)
def test_whatever_a_csv_writer_wrote_is_read_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("tables") / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("name", "r", "g", "b"), *((n, *v) for n, v in rows.items())])

    table = read_vector_file(path)

    assert dict(zip(table.names, map(tuple, table.vectors.tolist()), strict=True)) == rows


@given(rows, rows)
def test_pairs_are_written_best_first_with_twelve_decimals(tracks, artworks):
    names, vectors = (list(tracks), list(artworks)), (tracks.values(), artworks.values())
    matching = match(*map(np.array, map(list, vectors)))
    stream = io.StringIO(newline="")

    write_pairs(stream, matching, *names)

    header, *pairs = csv.reader(io.StringIO(stream.getvalue(), newline=""))
    assert header == ["rank", "track", "artwork", "similarity"]
    assert [int(pair[0]) for pair in pairs] == list(range(1, len(matching) + 1))
    assert [names[0].index(pair[1]) for pair in pairs] == matching.track_index.tolist()
    assert [names[1].index(pair[2]) for pair in pairs] == matching.artwork_index.tolist()
    assert [pair[3] for pair in pairs] == [f"{value:.12f}" for value in matching.similarity]
