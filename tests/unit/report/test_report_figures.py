"""Numbers become coordinates: the histograms and the triangle."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmean.domain import RGB, Kind
from cmean.presentation.number_formats import format_percent
from cmean.presentation.pairing_phrases import PairingSummary
from cmean.report.emotion_triangle import layout_emotion_triangle
from cmean.report.filters import format_report_cell, format_report_number
from cmean.report.histogram import layout_similarity_histograms
from cmean.report.model import Point

similarities = st.lists(st.floats(0, 1), min_size=1, max_size=30)
triples = st.builds(RGB, *[st.integers(0, 255)] * 3)


def summary(mean, null_mean, sd=0.01):
    return PairingSummary(
        method="greedy",
        vector="whole",
        metric="cosine",
        pairs=1,
        mean=mean,
        minimum=mean,
        maximum=mean,
        null_mean=null_mean,
        null_sd=sd,
        z=1.0,
    )


def points(rgbs, kind=Kind.TRACK, paired=False):
    return [Point(f"{n}", kind, rgb, n if paired else None) for n, rgb in enumerate(rgbs, 1)]


@given(similarities, st.lists(st.floats(0, 1), max_size=30))
def test_all_of_the_histograms_lies_inside_the_axes(pairs, null):
    mean = sum(pairs) / len(pairs)
    figure = layout_similarity_histograms(
        pairs, null, summary(mean, sum(null) / len(null) if null else mean)
    )
    for panel in (figure.pairs, figure.null):
        xs = [float(x) for x in re.findall(r"[MH]([\d.]+)", panel.path)]
        ys = [float(y) for y in re.findall(r"V([\d.]+)", panel.path)]
        assert all(figure.left <= x <= figure.right for x in xs)
        assert all(panel.top - 0.01 <= y <= panel.base + 0.01 for y in ys)
    for x in (*figure.strokes, figure.mean.x, figure.null_mean.x, *figure.null_band):
        assert figure.left - 0.5 <= x <= figure.right + 0.5
    assert 2 <= len(figure.ticks) <= 7
    assert all(float(tick.label) <= 1 for tick in figure.ticks if tick.label)


def test_identical_similarities_still_have_an_axis():
    figure = layout_similarity_histograms([1.0, 1.0], [1.0], summary(1.0, 1.0, 0.0))
    assert figure.pairs.tallest.replace("\xa0", " ") == "100 %"
    assert figure.ticks[-1].label == "1.00000"


@given(st.lists(triples, max_size=20), st.lists(triples, max_size=20))
def test_every_triple_with_a_direction_lies_in_the_triangle(tracks, artworks):
    space = layout_emotion_triangle(points(tracks), points(artworks, Kind.ARTWORK), 100)
    (_, top), (left, foot), (right, _) = space.corners
    assert len(space.unpaired) == len(tracks) + len(artworks)
    for mark in space.unpaired:
        if any(mark.point.rgb):
            assert left - 0.1 <= mark.x <= right + 0.1
            assert top - 0.1 <= mark.y <= foot + 0.1
        else:
            assert mark.y == space.zero_row > foot
    assert space.zeros == sum(not any(rgb) for rgb in (*tracks, *artworks))
    assert all(share >= -1e-9 for share in space.window.least)
    assert sum(space.window.least) + space.window.size == pytest.approx(1)


def test_pure_emotions_stand_at_the_corners():
    space = layout_emotion_triangle(points([RGB(9, 0, 0), RGB(0, 200, 0), RGB(0, 0, 31)]), [], 100)
    assert space.window.is_whole
    assert [(mark.x, mark.y) for mark in space.unpaired] == list(space.corners)


def test_a_triple_and_its_double_share_a_place():
    space = layout_emotion_triangle(points([RGB(10, 20, 30), RGB(20, 40, 60)]), [], 100)
    assert space.places == 1


def test_close_triples_are_seen_through_a_window():
    space = layout_emotion_triangle(points([RGB(100, 110, 90), RGB(105, 100, 95)]), [], 100)
    one, other = space.unpaired
    assert not space.window.is_whole
    assert math.dist((one.x, one.y), (other.x, other.y)) > 10


def test_of_too_many_items_whole_pairs_are_drawn():
    rgbs = [RGB(n % 256, 100, 50) for n in range(1000)]
    space = layout_emotion_triangle(
        points(rgbs, paired=True), points(rgbs, Kind.ARTWORK, paired=True), limit=100
    )
    assert len(space.pairs) == 100
    assert all(len(marks) == 2 for marks in space.pairs.values())
    assert space.left_out == 1800


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.98712, "0.9871"),
        (0.99996, "0.99996"),
        (0.99999999, "0.99999999"),
        (1 - 2e-16, "1.0000"),
        (1.0, "1.0000"),
        (0.0, "0.0000"),
        (0.00002, "0.00002"),
        (-0.5, "−0.5000"),
    ],
)
def test_rounding_never_makes_a_similarity_whole(value, printed):
    assert format_report_number(value) == printed


@given(st.floats(0, 1))
def test_only_one_itself_is_printed_as_one(value):
    assert (float(format_report_number(value)) == 1) == (round(value, 12) == 1)


@pytest.mark.parametrize(
    ("share", "printed"),
    [
        (0, "0 %"),
        (0.0002, "under 0.1 %"),
        (0.004, "0.4 %"),
        (0.5, "50 %"),
        (0.995, "99.5 %"),
        (0.9999, "over 99.9 %"),
        (1, "100 %"),
    ],
)
def test_a_share_says_none_or_all_only_when_it_is_so(share, printed):
    assert format_percent(share).replace("\xa0", " ") == printed


@pytest.mark.parametrize(
    ("value", "printed"),
    [(None, "–"), ("same", "same"), (1250, "1,250"), (87.333, "87.33"), (0.12345, "0.1235")],
)
def test_cells_are_printed_one_way(value, printed):
    assert format_report_cell(value) == printed
