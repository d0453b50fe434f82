"""Titles and creators: from file names, cleaned."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmean.media.tags import clean_text, find_year, parse_file_name


@pytest.mark.parametrize(
    ("name", "title", "creator", "year"),
    [
        (
            "alfred-sisley_village-on-the-banks-of-the-seine-1872.jpg",
            "Village on the Banks of the Seine",
            "Alfred Sisley",
            "1872",
        ),
        ("leonardo-da-vinci_mona-lisa-1503.jpg", "Mona Lisa", "Leonardo da Vinci", "1503"),
        (
            "wassily-kandinsky_composition-viii-1923.jpg",
            "Composition VIII",
            "Wassily Kandinsky",
            "1923",
        ),
        ("claude-monet_water-lilies-1908(2).jpg", "Water Lilies", "Claude Monet", "1908"),
        ("michelangelo_pieta-1499.jpg", "Pieta", "Michelangelo", "1499"),
        ("scott-harding_taiko-2.ogg", "Taiko 2", "Scott Harding", None),
        ("Nina Simone - Feeling Good.mp3", "Feeling Good", "Nina Simone", None),
        ("01 - Nina Simone - Feeling Good.mp3", "Feeling Good", "Nina Simone", None),
        ("Nina_Simone_-_Feeling_Good.mp3", "Feeling Good", "Nina Simone", None),
        ("A - B - C.mp3", "B - C", "A", None),
        ("07. Jean-Michel.mp3", "Jean-Michel", None, None),
        ("99 Luftballons.mp3", "99 Luftballons", None, None),
        ("battle_theme.ogg", "battle theme", None, None),
        ("some-piece.wav", "some piece", None, None),
        ("000002.mp3", "000002", None, None),
        ("___.mp3", None, None, None),
        (" - .mp3", None, None, None),
    ],
)
def test_names_of_files_tell_title_creator_and_year(name, title, creator, year):
    assert parse_file_name(Path(name)) == (title, creator, year)


@pytest.mark.parametrize(
    ("raw", "tidy"),
    [
        ("Banks&#160;of\n the\t Seine ", "Banks of the Seine"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("a\u2028b\u0085c", "a b c"),
        ("a\x00\x1b[31mb", "a[31mb"),
        ("evil\u202egpj.exe\ufeff", "evilgpj.exe"),
        ("\udcff\udc80", None),
        ("e\u0301", "\u00e9"),
        ("None", None),
        ("  ", None),
        ("", None),
        (None, None),
    ],
)
def test_text_is_cleaned(raw, tidy):
    assert clean_text(raw) == tidy


@given(st.text(), st.integers(1, 50))
def test_clean_text_is_one_line_of_bounded_length_that_can_be_stored(raw, limit):
    tidy = clean_text(raw, limit)
    if tidy is not None:
        assert 0 < len(tidy) <= limit
        assert tidy == " ".join(tidy.split())
        assert tidy.isprintable() or "\u200c" in tidy or "\u200d" in tidy or not tidy.isascii()
        tidy.encode()


@given(st.text(st.characters(blacklist_characters="/\0"), min_size=1))
def test_any_name_gives_clean_text_or_nothing(name):
    for text in parse_file_name(Path(name)):
        assert text is None or text == clean_text(text) or "&" in text


@pytest.mark.parametrize(
    ("date", "year"),
    [
        ("1999-02-03", "1999"),
        ("12.5.2004", "2004"),
        ("18721231", "1872"),
        ("123456789", None),
        ("", None),
        (None, None),
    ],
)
def test_the_year_in_a_date(date, year):
    assert find_year(date) == year
