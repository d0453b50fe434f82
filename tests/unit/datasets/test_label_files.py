"""Files of labels in each layout, in whatever encoding, whole or faulty."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cmean.datasets import labels
from cmean.domain import Kind
from cmean.errors import InputError


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, layout=None, encoding="utf-8"):
        path = tmp_path / "labels.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return labels.read_label_file(path, layout)

    return write_and_read


def said(file):
    return {row.item.names[0]: dict(row.labels) for row in file.rows}


def faults(file):
    return {row.line: row.detail for row in file.rejected}


EMOMUSIC = (
    "song_id,mean_arousal,std_arousal,mean_valence,std_valence\n2,3.1,1.5,3,0.6\n3,7.5,1,6.5,2\n"
)
DEAM = (
    "song_id, valence_mean, valence_std, arousal_mean, arousal_std\n2,3.1,0.94,3,0.63\n"
    "10,6.5, 1.2, 7.25,0.5\n"
)
FMA = (
    ",echonest,echonest,echonest,echonest\n"
    ",audio_features,audio_features,metadata,temporal_features\n"
    ",energy,valence,artist_name,000\n"
    "track_id,,,,\n"
    '2,0.6,0.5,"Some, One",1.5\n140,0.25,,Other,2\n'
)
ARTEMIS = (
    "art_style,painting,emotion,utterance,repetition\n"
    'Cubism,a_lamp,awe,"light, and\nmore light",3\n'
    "Cubism,a_lamp,awe,bright,3\nCubism,a_lamp,fear,too bright,3\n"
    "Realism,a_field,fear,empty,2\nRealism,a_field,something else,dull,2\n"
)
WIKIART = (
    "ID\tCategory\tArtist\tTitle\tYear\tImage URL\t"
    "Art (image+title): anger\tImageOnly: anger\tImageOnly: joy\tTitleOnly: joy\n"
    'x1\tModern\tA\t"So" it is\t1900\thttps://e.org/i/a%20lamp.jpg!Large.jpg\t1\t0.25\t0.5\t1\n'
    'x2\tModern\tB\t"Field"\t1901\t\t0\t0\t1\t0\n'
)
EMID = (
    "Audio_Filename,genre,feeling,emotion,Image1_filename,Image1_tag,Image1_text,"
    "Image2_filename,Image2_tag,Image2_text,is_original_clip\n"
    "A_1.mp3,pop,x,A,one.jpg,amusement,words,two.jpg,awe,words,True\n"
    "B_1.mp3,,x,B,two.jpg,awe,words,,,,False\n"
)


def test_emomusic(read):
    file = read(EMOMUSIC)
    assert file.layout == "emomusic"
    assert said(file) == {
        "2": {"valence": 3, "arousal": 3.1},
        "3": {"valence": 6.5, "arousal": 7.5},
    }
    assert {row.item.kind for row in file.rows} == {Kind.TRACK}


def test_deam_with_blanks_in_its_header(read):
    file = read(DEAM)
    assert file.layout == "deam"
    assert said(file)["10"] == {"valence": 6.5, "arousal": 7.25}


def test_fma_takes_the_audio_features_alone(read):
    file = read(FMA)
    assert (file.layout, file.rejected) == ("fma", [])
    assert said(file) == {"2": {"energy": 0.6, "valence": 0.5}, "140": {"energy": 0.25}}


def test_artemis_gives_shares_and_the_majority(read):
    file = read(ARTEMIS)
    assert file.layout == "artemis"
    assert [row.item.names for row in file.rows] == [
        ("Cubism/a_lamp", "a_lamp"),
        ("Realism/a_field", "a_field"),
    ]
    assert said(file)["Cubism/a_lamp"] == pytest.approx(
        {"emotion:awe": 2 / 3, "emotion:fear": 1 / 3, "emotion:something else": 0, "emotion": "awe"}
    )
    assert "emotion" not in said(file)["Realism/a_field"]  # a tie


def test_wikiart_takes_the_picture_alone_where_it_is_there(read):
    file = read(WIKIART)
    assert file.layout == "wikiart"
    assert said(file) == {"x1": {"anger": 0.25, "joy": 0.5}, "x2": {"anger": 0, "joy": 1}}
    assert [row.item.names for row in file.rows] == [
        ("x1", "a lamp.jpg!Large.jpg", '"So" it is'),
        ("x2", "Field"),
    ]
    older = read(WIKIART.replace("ImageOnly", "Other"))
    assert said(older)["x1"] == {"anger": 1}


def test_emid_gives_pairs_and_categories(read):
    file = read(EMID)
    assert file.layout == "emid"
    assert [(p.track.names[0], p.artwork.names[0]) for p in file.pairs] == [
        ("A_1.mp3", "one.jpg"),
        ("A_1.mp3", "two.jpg"),
        ("B_1.mp3", "two.jpg"),
    ]
    assert said(file) == {
        "A_1.mp3": {"genre": "pop", "emotion": "A"},
        "B_1.mp3": {"emotion": "B"},
        "one.jpg": {"tag": "amusement"},
        "two.jpg": {"tag": "awe"},
    }


def test_plain_columns_are_numbers_or_categories(read):
    file = read("item,valence,mood,year\na.wav,0.5,happy,1900\nb,nan,,c. 1901\nc,inf,N/A,1902\n")
    assert file.layout == "plain"
    assert said(file) == {
        "a.wav": {"valence": 0.5, "mood": "happy", "year": 1900},
        "c": {"year": 1902},
    }
    assert faults(file) == {3: "year must be a number, but is 'c. 1901'"}


def test_a_column_with_few_numbers_holds_categories(read):
    file = read("item,grade\na,1\nb,good\nc,bad\n")
    assert [row.labels["grade"] for row in file.rows] == ["1", "good", "bad"]


def test_columns_track_and_artwork_are_pairs(read):
    file = read("artwork;track;by\np.png;t.wav;me\n;u.wav;me\n")
    assert [(p.line, p.track.names, p.artwork.names) for p in file.pairs] == [
        (2, ("t.wav",), ("p.png",))
    ]
    assert list(faults(file)) == [3]
    assert "not read: by" in file.notes[0]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_encodings_and_line_ends(read, encoding, ending):
    file = read(f"item,mood{ending}für.wav,süß{ending}", encoding=encoding)
    assert said(file) == {"für.wav": {"mood": "süß"}}
    assert not file.notes


def test_lines_that_are_not_utf8_are_read_as_windows_text_and_that_is_said_once(read):
    text = "item,mood\nä.wav,süß\n".encode() + "ö.wav,süß\nü.wav,‚fein‘\n".encode("cp1252")
    file = read(text)
    assert said(file) == {
        "ä.wav": {"mood": "süß"},
        "ö.wav": {"mood": "süß"},
        "ü.wav": {"mood": "‚fein‘"},
    }
    assert [note.endswith("the first of them line 3") for note in file.notes] == [True]


def test_faulty_rows_are_set_apart_with_their_lines(read):
    file = read(
        'item,a,b\nx,1\ny,1,2,3\nz,1,2,,\n,1,2\n"q\nr",1,2\nn\0ul,1,2\n\n ,,\n'
        'w,"1"2,2\nv,3,4\nu,"5\n'
    )
    assert list(said(file)) == ["z", "q\nr", "v"]
    assert faults(file) == {
        2: "has 2 cells, but the header has 3",
        3: "has 4 cells, but the header has 3; put quotes around a text with separators",
        5: "names no item",
        8: "holds a NUL byte",
        11: "not CSV: ',' expected after '\"'",
        13: "a quote is opened but not closed",
    }


@pytest.mark.parametrize(
    ("fourth", "why"),
    [
        ('"d,4', "a quote is opened but not closed"),
        ('d,"4', "a quote is opened but not closed"),
        ('"d"x,4', "not CSV: ',' expected after '\"'"),
    ],
)
def test_a_stray_quote_costs_its_own_line_alone(read, fourth, why):
    file = read(f"item,a\na,1\nb,2\nc,3\n{fourth}\ne,5\nf,6\n")
    assert list(said(file)) == ["a", "b", "c", "e", "f"]
    assert faults(file) == {5: why}


def test_two_stray_quotes_swallow_nothing_between_them(read):
    file = read('item,a,b\na,1,1\nb,"2,2\nc,3,3\nd,4,4"\ne,5,5\n"f\ng",6,6\n')
    assert list(said(file)) == ["a", "c", "d", "e", "f\ng"]  # but not what d says of b
    assert list(faults(file)) == [3, 5]


def test_a_file_full_of_stray_quotes_is_read_in_one_go(read):
    lines = 30_000
    file = read("item,a\n" + '"x,1\n' * lines)
    assert len(file.rejected) == lines


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_good_cells_of_several_lines_are_read_beside_stray_quotes(read, ending):
    lines = [
        *("item,mood,note", 'a,sad,"one', "", 'more, ""so"" it is"', 'b,"gay,x', "c,calm,x"),
        *('d,"sad",y', '"e', 'f",gay,"x', 'y"', 'g,sad,5" wide', 'h,"so" x,y', 'i,"sad', 'j,gay"'),
        *("k,calm,z", 'l,calm,"'),
    ]
    file = read(ending.join(lines))
    assert {row.line: row.item.names[0] for row in file.rows} == {
        2: "a",
        6: "c",
        7: "d",
        8: f"e{ending}f",
        11: "g",
        15: "k",
    }
    assert file.rows[0].labels["note"] == f'one{ending}{ending}more, "so" it is'
    assert faults(file) == {
        5: "not CSV: ',' expected after '\"'",
        12: "not CSV: ',' expected after '\"'",
        13: "has 2 cells, but the header has 3; a quote may be opened and not closed",
        14: "has 2 cells, but the header has 3",
        16: "a quote is opened but not closed",
    }


@pytest.mark.parametrize("row", ['{}.wav,"1', '{}","x', '"{}.wav,1', '"{}.wav","x","1', '{},"""1'])
def test_many_stray_quotes_are_read_in_time_that_grows_with_the_lines(read, row):
    number = 100_000
    text = "".join(f"{row.format(each)}\n" for each in range(number))
    file = read(f"item,x\n{text}end.wav,1\n")
    assert "end.wav" in said(file)
    assert len(file.rows) + len(file.rejected) > number / 2


def test_a_long_cell_after_many_stray_quotes(read):
    text = "item,note\n" + 'x","y\n' * 20_000 + 'a,"' + "long\n" * 20_000 + '"\nb,short\n'
    assert list(said(read(text)))[-2:] == ["a", "b"]


@pytest.mark.parametrize("text", [EMOMUSIC, DEAM])
def test_a_mean_rating_off_the_scale_is_set_apart(read, text):
    assert not faults(read(text))
    file = read(text.replace("3.1", "31"))
    assert [why.endswith("must be from 1 to 9, but is '31'") for why in faults(file).values()] == [
        True
    ]
    assert len(said(file)) == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" \n\r\n", "empty"),
        ("item,valence\n", "no rows"),
        ("item\na.wav\n", "one column"),
        ("a.wav,0.5\nb.wav,0.25\n", "must name the columns"),
        ("item,,\na,1,2\n", "no name"),
        ("item,a,a\nx,1,2\n", "twice"),
        (f"item,{'a' * 101}\nx,1\n", "at most 100"),
        (b"\x89PNG\0\0\0\0\r\n\x1a\n\0\0", "no text"),
        ("item,val\0ence\nx,1\n", "no table"),
        ('item,"valence\nx,1\ny,2\n', "no table"),
        (b"\xff\xfeodd", "UTF-16"),
    ],
)
def test_files_that_are_none_of_labels(read, text, why):
    with pytest.raises(InputError, match=why):
        read(text)


@pytest.mark.parametrize(
    "data",
    [
        np.random.default_rng(0).bytes(5000),
        b"RIFF" + b"\x03\0\xfd\xff\0\0\x01\xd8" * 500,
        b"RIFF" + b"\x03\0\xfd\xff\0\0\x01\0" * 500,
    ],
    ids=["compressed", "quiet sound", "quiet sound that could be UTF-16"],
)
def test_other_files_are_said_to_be_no_text(read, data):
    with pytest.raises(InputError, match="is no text that can be read"):
        read(data)


@pytest.mark.parametrize("layout", [name for name in labels.LAYOUTS if name != "plain"])
def test_a_layout_that_the_file_has_not(read, layout):
    with pytest.raises(InputError, match=f"not laid out as {layout}"):
        read("item,valence\na,1\n", layout)


def test_a_layout_may_be_named(read):
    assert said(read(EMOMUSIC, "plain"))["2"]["std_valence"] == 0.6


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        labels.read_label_file(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="is a folder"):
        labels.read_label_file(tmp_path)
    with pytest.raises(InputError, match="is a device"):
        labels.read_label_file(Path("/dev/zero"))
    with pytest.raises(InputError, match="cannot be read"):
        labels.read_label_file(Path("a\0b"))
