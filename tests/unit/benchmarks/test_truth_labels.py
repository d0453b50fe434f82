"""Labels files as `benchmarks/truth.py` reads them, and the labels that come of them."""

import numpy as np
import pytest
from truth_assessment import assess, find_misfits, group_items
from truth_items import Readings, flatten, join
from truth_labels import Label, build_labels, match_rows, parse_channel, read_labels
from truth_statistics import Sampling

from cmean.catalog.labels import KnownItem
from cmean.domain import Kind
from cmean.errors import InputError, UsageError


@pytest.fixture
def write(tmp_path):
    """Writes a labels file, and reads it."""

    def written(text, **channels):
        (tmp_path / "labels.csv").write_text(text, encoding="utf-8")
        return read_labels(tmp_path / "labels.csv", channels)

    return written


def by_name(file):
    return {label.name: label for label in build_labels(file.rows, file.meant)}


def test_numbers_have_their_channels_and_valence_is_turned(write):
    file = write(
        "path,Valence,arousal,Joyful activation,raters,comment\n"
        "a.ogg,1,5,0.1,9,good\nb.ogg,2,4,,9,bad\nc.ogg,6,NA,0.3,9,\n"
    )
    found = by_name(file)
    assert {name: found[name].channel for name in ("−Valence", "arousal", "Joyful activation")} == {
        "−Valence": "blue",
        "arousal": "red",
        "Joyful activation": "red",
    }
    assert found["−Valence"].values.tolist() == [-1, -2, -6]
    assert np.isnan(found["arousal"].values).tolist() == [False, False, True]
    assert file.unassigned == ["raters"]


def test_corners_are_sums_of_standardised_valence_and_arousal(write):
    found = by_name(write("path,valence,arousal\na,1,10\nb,2,40\nc,6,10\n"))
    v, a = ((np.array(x) - np.mean(x)) / np.std(x) for x in ([1.0, 2, 6], [10.0, 40, 10]))
    assert found["calm corner (v − a)"].values == pytest.approx(v - a)
    assert found["calm corner (v − a)"].channel == "green"
    assert found["sad corner (−v − a)"].values == pytest.approx(-v - a)
    assert found["sad corner (−v − a)"].channel == "blue"
    assert "calm corner (v − a)" not in by_name(write("path,valence,arousal\na,1,3\nb,2,3\n"))


def test_a_quadrant_stands_against_the_others_and_none_is_left_out(write):
    found = by_name(write("path,quadrant\na,Q1\nb,q3\nc,\nd,Q3\n"))
    assert [label.channel for label in found.values()] == ["red", "blue"]
    sad = found["Q3 against the others"]
    assert sad.two_valued
    assert np.nan_to_num(sad.values, nan=-1).tolist() == [0, 1, -1, 1]


def test_a_channel_can_be_named(write):
    label, channel = parse_channel("my rating=-green")
    file = write("path,My rating,arousal\na,1,1\nb,2,2\n", **{label: channel})
    assert by_name(file)["−My rating"].channel == "green"
    for wrong in ("power", "power=purple", "=red"):
        with pytest.raises(UsageError, match="LABEL=CHANNEL"):
            parse_channel(wrong)
    with pytest.raises(InputError, match="no column 'power'"):
        write("path,arousal\na,1\n", power=("red", 1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,valence\na,1\n", "no column 'path'"),
        ("path,valence\na,high\nb,low\n", "line 2: valence must be a number, not 'high'"),
        ("path,comment\na,nice\n", "no label that a channel is meant for"),
        ("path,quadrant\na,Q1\nb,angry\n", "line 3: quadrant must be Q1, Q2, Q3, Q4"),
        ("", "is empty"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(write, text, said):
    with pytest.raises(InputError, match=said) as caught:
        write(text)
    assert "\n" not in str(caught.value)


def test_items_are_found_by_the_end_of_their_path(write, tmp_path):
    paths = ["a/one.ogg", "b/one.ogg", "b/two.ogg"]
    items = [
        KnownItem(n, Kind.TRACK, (tmp_path / path).as_uri(), None, None)
        for n, path in enumerate(paths)
    ]
    file = write("path,arousal\nb/one.ogg,1\ntwo.ogg,2\none.ogg,3\nnone.ogg,4\nb/two.ogg,5\n")
    found, lost = match_rows(file, items, tmp_path)
    assert {item: row.line for item, row in found.items()} == {1: 2, 2: 3}
    assert sorted(lost) == [
        "1 lines may mean several items, e.g. 'one.ogg'",
        "1 lines name an item that an earlier line names, e.g. 'b/two.ogg'",
        "1 lines name no item, e.g. 'none.ogg'",
    ]
    with pytest.raises(InputError, match=r"no line of .* names an item"):
        match_rows(write("path,arousal\nx.ogg,1\n"), items, tmp_path)


def test_who_has_no_group_is_one(write):
    file = write("path,arousal,group\na,1,x\nb,2,\nc,3,x\nd,4,NA\n")
    assert group_items(file.rows).tolist() == [0, 1, 0, 2]


def test_the_worst_are_the_farthest_each_once():
    triples = np.array([[0, 9, 9], [10, 9, 0], [20, 9, 0], [30, 9, 0]], float)
    labels = [
        Label("arousal", "red", np.array([4.0, 2, 3, 1])),
        Label("−valence", "blue", np.array([np.nan, 1, 2, 3])),
    ]
    found = find_misfits(triples, labels, list("abcd"), 2)
    assert [(each.item, each.label) for each in found] == [("a", "arousal"), ("d", "arousal")]
    assert (found[0].channel_percentile, found[0].label_percentile) == (12.5, 87.5)
    assert len(find_misfits(triples, labels, list("abcd"), 9)) == 4


def test_measurements_are_the_numbers_that_all_items_have():
    measured = {"level": -3, "key": "A", "tags": {"rock": 0.5}, "loud": True, "odd": float("nan")}
    assert flatten(measured) == {"level": -3.0, "tags.rock": 0.5}
    both = join([([1, 2, 3], {"a": 1.0, "b": 2.0}), ([4, 5, 6], {"b": 3.0})])
    assert both.triples.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert {name: each.tolist() for name, each in both.measurements.items()} == {"b": [2, 3]}


def test_triples_that_are_true_score_so_and_their_channels_are_judged(write):
    lines = [f"{n},{n % 7},{(5 * n) % 11},{'xyz'[n % 3]}" for n in range(40)]
    file = write("\n".join(["path,valence,arousal,genre", *lines]))
    v, a = (np.array([row.numbers[name] for row in file.rows]) for name in ("valence", "arousal"))
    triples = np.stack([20 * a, 10 * (v - v.min()) + 3, 200 - 20 * v], axis=1)
    found = assess("true", Readings(triples, {"a": a}), file.rows, file.meant, Sampling(200))
    figures = {each.label: each for each in found.figures}
    assert figures["arousal"].figure.value == pytest.approx(1)
    assert figures["arousal"].best == ("a", pytest.approx(1))
    assert figures["arousal"].ridge.value > 0.99
    assert figures["−valence"].figure.low == pytest.approx(1)
    assert figures["−valence"].channels["green"].value == pytest.approx(-1)
    assert found.red_with_blue_kept is True
    assert set(found.shares) == {"genre"}
    opposed = np.stack([triples[:, 0], triples[:, 1], 255 - triples[:, 0]], axis=1)
    found = assess("opposed", Readings(opposed, {}), file.rows, file.meant, Sampling(50))
    assert found.red_with_blue_kept is False
    grey = assess("grey", Readings(0 * triples, {}), file.rows, file.meant, Sampling(50))
    assert grey.red_with_blue_kept is None
    assert all(each.figure.value is None and each.best is None for each in grey.figures)
