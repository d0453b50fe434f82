"""Labels in the catalog: which item a name means, and that a file's rows may come in any order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmean.catalog import items, published_results
from cmean.catalog import labels as label_rows
from cmean.domain import Kind
from cmean.errors import CatalogError, InputError
from cmean.library import labels

FILES = {
    "/m/000002.mp3": "Second",
    "/m/deep/song.wav": "Both",
    "/m/other/song.wav": "A song",
    "/m/x/ä b.flac": "Umlaut",
    "/m/Cubism/lamp.jpg": "Lamp",
    "/m/Realism/lamp.png": "Another lamp",
    "/m/field.jpg": "Both",
    "/m/7.png": "Seven",
}


def fill(catalog):
    """One item a file. Returns their ids by path."""
    found = {}
    with catalog.write() as connection:
        for number, (path, title) in enumerate(FILES.items()):
            kind = Kind.ARTWORK if path.endswith(("png", "jpg")) else Kind.TRACK
            facts = {"metadata": {"file": f"old/{number}.orig"}, "title": title}
            uri = Path(path).as_uri()
            new = items.NewItem(kind, f"{number:064x}", uri, 1, 0.0, "X", **facts)
            found[path] = items.add_item(connection, new)
    return found


@pytest.fixture
def ids(catalog):
    return fill(catalog)


def attach(catalog, folder, text, name="set", **options):
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return labels.attach_labels(catalog, path, name, **options)


def stored(catalog, name="set"):
    """Item, dimension → label; and the pairs."""
    with catalog.read() as connection:
        found = {
            (item, column.dimension): value
            for column in label_rows.read_label_columns(connection, name)
            for item, value in zip(column.items.tolist(), column.values.tolist(), strict=True)
        }
        return found, list(map(tuple, label_rows.read_label_pairs(connection, name).tolist()))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("/m/deep/song.wav", "/m/deep/song.wav"),
        ("file:///m/x/%C3%A4%20b.flac", "/m/x/ä b.flac"),
        ("deep/song.wav", "/m/deep/song.wav"),
        ("./deep/song", "/m/deep/song.wav"),
        ("Cubism/lamp", "/m/Cubism/lamp.jpg"),
        ("elsewhere/000002.mp3", "/m/000002.mp3"),
        ("lamp.png", "/m/Realism/lamp.png"),
        ("a\u0308 b", "/m/x/ä b.flac"),
        ("field.webp", "/m/field.jpg"),
        ("2", "/m/000002.mp3"),
        ("0002.wav", "/m/000002.mp3"),
        ("007", "/m/7.png"),
        ("old/3.orig", "/m/x/ä b.flac"),
        ("Seven", "/m/7.png"),
    ],
)
def test_what_a_name_means(catalog, ids, tmp_path, name, path):
    found = attach(catalog, tmp_path, f"item,x\n{name},1\n")
    assert (found.unknown_count, list(found.rejected)) == (0, [])
    assert stored(catalog)[0] == {(ids[path], "x"): 1}


def test_numbers_name_items_without_media_too(catalog, tmp_path):
    files = ("000002.mp3", "old/000010.mp3", "0.wav", "song.mp3")
    with catalog.write() as connection:
        place = published_results.lock_collection(connection, "published")
        wanted = [published_results.UnseenItem(Kind.TRACK, file, None) for file in files]
        known = published_results.add_items(connection, place, wanted)
    found = attach(catalog, tmp_path, "item,x\n2,1\n0010.wav,2\n00,3\n3,4\n")
    assert (list(found.unknown), list(found.rejected)) == (["3"], [])
    assert stored(catalog)[0] == {
        (known[Kind.TRACK, file], "x"): value for value, file in enumerate(files[:3], start=1)
    }


def test_a_file_decides_before_what_its_metadata_called_it(catalog, tmp_path):
    ids = {}
    with catalog.write() as connection:
        for number, (name, old) in enumerate((("a.wav", "2.wav"), ("02.wav", "b.wav"))):
            facts = {"metadata": {"file": old}}
            new = items.NewItem(
                Kind.TRACK, f"{number:064x}", f"file:///m/{name}", 1, 0, "X", **facts
            )
            ids[name] = items.add_item(connection, new)
    found = attach(catalog, tmp_path, "item,x\n002,1\n")
    assert list(found.rejected) == []
    assert stored(catalog)[0] == {(ids["02.wav"], "x"): 1}


def test_a_path_is_relative_to_the_file(catalog, tmp_path):
    with catalog.write() as connection:
        for number, folder in enumerate(("one", "two")):
            uri = (tmp_path / folder / "a.wav").as_uri()
            items.add_item(
                connection, items.NewItem(Kind.TRACK, f"{number:064x}", uri, 1, 0.0, "X")
            )
    (tmp_path / "two").mkdir()
    attach(catalog, tmp_path / "two", "item,x\na.wav,1\n../one/a.wav,2\n")
    assert sorted(stored(catalog)[0].values()) == [1, 2]


@pytest.mark.parametrize("name", ["song.wav", "song", "lamp", "Both"])
def test_an_ambiguous_name_is_no_guess(catalog, ids, tmp_path, name):
    found = attach(catalog, tmp_path, f"item,x\n{name},1\n7,2\n")
    assert [row.line for row in found.rejected] == [2]
    assert "may be any of 2 items" in found.rejected[0].detail
    assert stored(catalog)[0] == {(ids["/m/7.png"], "x"): 2}


def test_the_kind_tells_items_of_one_name_apart(catalog, ids, tmp_path):
    found = attach(catalog, tmp_path, "track,artwork\nBoth,Both\n2,007\n2,lamp\n")
    assert (found.items, found.labels, found.pairs) == (4, 0, 2)
    tracks, artworks = ids["/m/deep/song.wav"], ids["/m/field.jpg"]
    pairs = [(tracks, artworks), (ids["/m/000002.mp3"], ids["/m/7.png"])]
    assert stored(catalog) == ({}, sorted(pairs))


def test_a_file_replaces_what_was_said_of_its_kind(catalog, ids, tmp_path):
    track, other, artwork = (ids[p] for p in ("/m/000002.mp3", "/m/x/ä b.flac", "/m/7.png"))
    attach(catalog, tmp_path, "item,x,y\n2,1,a\nUmlaut,2,b\n")
    attach(catalog, tmp_path, "item,x\n007,3\n")
    assert len(stored(catalog)[0]) == 5
    attach(catalog, tmp_path, "item,x\n2,4\n")
    assert stored(catalog)[0] == {(track, "x"): 4, (artwork, "x"): 3}
    attach(catalog, tmp_path, "item,x\nUmlaut,5\n2,word\n", add=True)  # a category now
    assert stored(catalog)[0] == {(track, "x"): 4, (artwork, "x"): 3, (other, "x"): 5}
    attach(catalog, tmp_path, "track,artwork\n2,7\n")
    attach(catalog, tmp_path, "track,artwork\nUmlaut,7\n")
    assert stored(catalog)[1] == [(other, artwork)]
    with catalog.read() as connection:
        assert label_rows.list_label_sets(connection) == [
            {"name": "set", "dimensions": ["x"], "items": 3, "pairs": 1}
        ]


def test_a_label_may_change_its_type(catalog, ids, tmp_path):
    for text, label in (("1", 1.0), ("word", "word"), ("2", 2.0)):
        attach(catalog, tmp_path, f"item,x\n7,{text}\n", add=True)
        assert stored(catalog)[0] == {(ids["/m/7.png"], "x"): label}


def test_a_file_of_which_nothing_is_known_changes_nothing(catalog, ids, tmp_path):
    attach(catalog, tmp_path, "item,x\n7,1\n")
    found = attach(catalog, tmp_path, "item,x\n" + "".join(f"no {n},1\n" for n in range(30)))
    assert (found.labels, found.unknown_count, len(found.unknown)) == (0, 30, 20)
    assert found.notes == ["nothing in the file can be used; the label set is unchanged"]
    assert stored(catalog)[0] == {(ids["/m/7.png"], "x"): 1}


def test_contradictions_are_attached_on_neither_line(catalog, ids, tmp_path):
    found = attach(catalog, tmp_path, "item,x,y\n2,1,a\n000002.mp3,1,b\nSecond,1,a\n007,2,\n")
    track = ids["/m/000002.mp3"]
    assert stored(catalog)[0] == {(track, "x"): 1, (ids["/m/7.png"], "x"): 2}
    assert [(row.line, row.detail) for row in found.rejected] == [
        (3, "y of '000002.mp3' is b here, but a on line 2; neither is attached")
    ]


@pytest.mark.parametrize("name", ["", " ", "a" * 101, "new\nline"])
def test_names_that_a_set_cannot_have(catalog, tmp_path, name):
    with pytest.raises(InputError, match="name must be"):
        attach(catalog, tmp_path, "item,x\n7,1\n", name)


def test_a_failure_leaves_the_set_as_it_was(catalog, ids, tmp_path):
    attach(catalog, tmp_path, "item,x\n7,1\n")

    def fail():
        with catalog.write() as connection:
            label_rows.delete_labels(connection, "set", list(Kind), pairs=True)
            label_rows.write_labels(
                connection, "set", [(ids["/m/7.png"], "x", 2.0), (10**6, "x", 1.0)]
            )

    with pytest.raises(CatalogError):
        fail()
    assert stored(catalog)[0] == {(ids["/m/7.png"], "x"): 1}


rows = st.lists(
    st.tuples(
        st.sampled_from(["2", "000002.mp3", "7", "Umlaut", "song", "deep/song", "nobody"]),
        st.sampled_from(["", "1", "2.5", "-3", "word", "nan"]),
        st.sampled_from(["", "a", "b"]),
    ),
    min_size=1,
    max_size=8,
)


@given(table=rows, data=st.data())
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_attaching_twice_or_in_another_order_is_attaching_once(ids, catalog, tmp_path, table, data):
    assert ids

    def write(table):
        return "item,x,y\n" + "".join(f"{','.join(row)}\n" for row in table)

    with catalog.write() as connection:
        label_rows.delete_labels(connection, "set", list(Kind), pairs=True)
    first = attach(catalog, tmp_path, write(table))
    once = stored(catalog)
    assert attach(catalog, tmp_path, write(table)) == first
    assert stored(catalog) == once
    with catalog.write() as connection:
        label_rows.delete_labels(connection, "set", list(Kind), pairs=True)
    shuffled = attach(catalog, tmp_path, write(data.draw(st.permutations(table))))
    assert stored(catalog) == once
    assert (shuffled.items, shuffled.labels) == (first.items, first.labels)
    assert Counter(shuffled.unknown) == Counter(first.unknown)
