"""Charts: an SVG that any browser draws, with its numbers in words, from whatever data there is."""

import base64
import dataclasses
import re
import warnings
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_report_page import make_report, parse, text

from cmean.domain import Kind
from cmean.report import render_report
from cmean.report.charts import (
    build_channel_chart,
    build_imagebind_chart,
    build_label_charts,
    build_length_chart,
)
from cmean.report.charts.model import CaptionLengths, ChannelValues, LabelPanel, PairScores
from cmean.report.data_uris import encode_svg
from cmean.report.model import ChartView

SVG = "{http://www.w3.org/2000/svg}"
AMOUNTS = st.one_of(st.integers(0, 3), st.integers(4, 40), st.integers(950, 1100))
HOSTILE = (
    "<script>alert(1)</script> $x^{ &amp; \x00\x1b\ufffe\ud800\u202e 憂鬱 %s {0}" + "long " * 50
)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def triples(rng, n):
    return rng.integers(0, 256, (n, 3)).astype(np.uint8)


def caption_lengths(rng, n):
    return CaptionLengths(rng.poisson(80, n), rng.poisson(300, n), n // 2, n // 3, 4 * n)


def panel(values, labels, channel="red", estimate="Spearman 0.62 (0.55 to 0.68)", **changes):
    numeric = not len(labels) or not isinstance(labels[0], str)
    made = LabelPanel(
        Kind.TRACK,
        channel,
        "listeners",
        "arousal",
        np.asarray(values, float),
        np.asarray(labels, float) if numeric else None,
        None if numeric else labels,
        estimate,
    )
    return dataclasses.replace(made, **changes)


def all_charts(rng, n, m, *, spread=1.0):
    """Every sort of chart, of n tracks and m artworks."""
    some = rng.random(n) * spread
    words = rng.choice(["calm", "sad", "glad"], n).tolist()
    channels = triples(rng, n)[:, 0] * spread
    return [
        build_channel_chart(ChannelValues(triples(rng, n), triples(rng, m))),
        build_imagebind_chart(PairScores(1 - some / 2, some, 0.08 if n else None, 0.1)),
        build_length_chart(caption_lengths(rng, n), caption_lengths(rng, m)),
        *build_label_charts([panel(channels, some), panel(channels, some, "blue")]),
        *build_label_charts([panel(channels, words)]),
    ]


def words_of(chart):
    return [each.text for each in ET.fromstring(chart.svg).iter(f"{SVG}text")]  # noqa: S314 - ours


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), AMOUNTS, AMOUNTS, st.sampled_from([0.0, 1e-9, 1.0]))
def test_any_amount_of_data_is_drawn_small_and_without_a_warning(seed, n, m, spread):
    for chart in all_charts(np.random.default_rng(seed), n, m, spread=spread):
        assert chart.caption
        assert not re.search(r"\bnan\b|\binf\b", chart.alt + chart.caption)
        if chart.svg is None:
            assert not chart.alt
            continue
        assert len(chart.svg) < 300_000
        assert re.search(r"\d", chart.alt)
        root = ET.fromstring(chart.svg)  # noqa: S314 - ours
        left, top, width, height = map(float, root.get("viewBox").split())
        assert (left, top, width) == (0, 0, 400)
        for each in root.iter(f"{SVG}text"):
            assert 0 <= float(each.get("x")) <= width
            assert 0 <= float(each.get("y")) <= height


def test_a_hundred_thousand_points_stay_small():
    for chart in all_charts(np.random.default_rng(1), 100_000, 100_000):
        assert len(chart.svg) < 300_000


def test_equal_data_is_equal_bytes():
    one, other = (all_charts(np.random.default_rng(5), 50, 30) for _ in range(2))
    assert one == other
    for chart in one:
        assert not re.search(r"<!DOCTYPE|<metadata|<image|dc:date", chart.svg)


def test_settings_of_the_reader_change_nothing():
    import matplotlib

    before = all_charts(np.random.default_rng(5), 50, 30)
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "lines.linewidth": 9}):
        assert all_charts(np.random.default_rng(5), 50, 30) == before


def test_without_data_there_is_a_sentence_instead_of_a_drawing():
    charts = all_charts(np.random.default_rng(0), 0, 0)
    assert [chart.svg for chart in charts] == [None] * 5
    assert all(chart.caption.endswith(".") for chart in charts)


def test_one_side_alone_is_drawn():
    rng = np.random.default_rng(0)
    chart = build_channel_chart(ChannelValues(triples(rng, 9), triples(rng, 0)))
    assert "artworks: none" in words_of(chart)
    assert "artworks none" in chart.alt


def test_the_channels_are_told_in_numbers():
    tracks = np.array([[0, 10, 255], [100, 10, 255]], np.uint8)
    artworks = np.full((1, 3), 7, np.uint8)
    chart = build_channel_chart(ChannelValues(tracks, artworks))
    assert chart.alt == (
        "Distributions of 2 tracks and 1 artwork over each channel, 0 to 255. "
        "Excitement (red): tracks mean 50, middle 50 % 25 to 75; artworks mean 7, middle 50 % 7 to "
        "7. Calmness (green): tracks mean 10, middle 50 % 10 to 10; artworks mean 7, middle 50 % 7 "
        "to 7. Sadness (blue): tracks mean 255, middle 50 % 255 to 255; artworks mean 7, middle "
        "50 % 7 to 7."
    )
    assert "tracks: mean 50, middle 50 % 25 to 75" in words_of(chart)


def test_imagebind_stands_beside_its_null():
    scores = PairScores(np.array([0.9, 1.0]), np.array([0.2, 0.4]), -0.5, 0.1234)
    chart = build_imagebind_chart(scores)
    assert {"r = −0.50", "null 0.1234"} <= set(words_of(chart))
    assert (
        "correlation r = −0.50; mean ImageBind cosine 0.3000, null (random pairing) 0.1234"
        in chart.alt
    )


def test_what_is_undefined_is_said_to_be():
    chart = build_imagebind_chart(PairScores(np.ones(3), np.full(3, 0.2), None, None))
    assert "r = undefined (no variation)" in words_of(chart)
    assert "null (random pairing) unknown" in chart.alt
    assert not any("null" in words for words in words_of(chart))


def test_cut_captions_are_counted():
    tracks = CaptionLengths(np.array([10, 20]), np.array([70]), 1, 3, 4)
    artworks = CaptionLengths(np.array([]), np.array([]), 0, 0, 0)
    chart = build_length_chart(tracks, artworks)
    assert "tracks: mean 15, truncated 1 of 2" in words_of(chart)
    assert "tracks: mean 70, fragments truncated 3 of 4" in words_of(chart)
    assert "Truncated by the token limit: 4 of 6 captions (67\xa0%)." in chart.caption


def test_labels_are_grouped_by_kind_and_dimension_and_carry_their_estimate():
    panels = [
        panel([3, 4], [0.1, 0.2], "blue", "Spearman of blue"),
        panel([3, 4], [0.1, 0.2], "red", "Spearman of red"),
        panel([3, 4], [0.1, 0.2], kind=Kind.ARTWORK),
        panel([3, 4], [0.1, 0.2], dimension="valence"),
    ]
    charts = build_label_charts(panels)
    assert [chart.title for chart in charts] == [
        "Tracks: channels and arousal (listeners)",
        "Artworks: channels and arousal (listeners)",
        "Tracks: channels and valence (listeners)",
    ]
    words = words_of(charts[0])
    assert words.index("Spearman of red") < words.index("Spearman of blue")
    assert "Excitement (red): Spearman of red." in charts[0].alt


def test_the_commonest_categories_have_boxes_highest_first():
    categories = ["rare", *["low"] * 9, *["high"] * 9, *(f"c{n}" for n in range(7) for _ in "ab")]
    values = [255, *[10] * 9, *[200] * 9, *[100] * 14]
    (chart,) = build_label_charts([panel(values, categories)])
    words = [each for each in words_of(chart) if each.endswith(")") and "(red)" not in each]
    shown = [each for each in words if not each.startswith("Spearman")]
    assert shown == ["high (9)", *(f"c{n} (2)" for n in range(6)), "low (9)"]
    assert "2 rarer labels of 3 items left out" in chart.caption


@pytest.mark.parametrize("labels", [[1.0, 2.0], ["calm", HOSTILE]])
def test_hostile_words_stay_words(labels):
    made = panel([3, 4], labels, name=HOSTILE, dimension=HOSTILE, estimate=HOSTILE)
    (chart,) = build_label_charts([made])
    ET.fromstring(chart.svg)  # noqa: S314 - ours
    assert any("<script>alert(1)</script> $x^{ &amp; ���" in words for words in words_of(chart))
    view = ChartView(chart.title, encode_svg(chart.svg), chart.alt, chart.caption)
    page = parse(render_report(make_report(charts=[view])))
    assert page.find(".//figure[@class='chart']/img").get("alt") == chart.alt


def test_labels_must_fit_their_values():
    with pytest.raises(ValueError, match="one label per value"):
        panel([1, 2], [1.0])
    with pytest.raises(ValueError, match="either all numbers or all words"):
        panel([1], [1.0], categories=["calm"])


def test_the_page_shows_charts_and_says_which_it_lacks():
    chart = build_channel_chart(
        ChannelValues(np.zeros((2, 3), np.uint8), np.ones((2, 3), np.uint8))
    )
    views = [
        ChartView(chart.title, encode_svg(chart.svg), chart.alt, chart.caption),
        ChartView("Another", None, "", "There was nothing to draw."),
    ]
    section = parse(render_report(make_report(charts=views))).find(".//section[@id='charts']")
    image = section.find(".//img")
    content = image.get("src").removeprefix("data:image/svg+xml;base64,")
    assert base64.b64decode(content).decode() == chart.svg
    assert image.get("alt") == chart.alt
    assert text(section.find(".//figcaption")) == text_of(chart.caption)
    assert [text(each) for each in section.find(".//dl/div")] == [
        "Another",
        "There was nothing to draw.",
    ]
    assert parse(render_report(make_report())).find(".//section[@id='charts']") is None


def text_of(words):
    return " ".join(words.replace("\xa0", " ").split())


def test_charts_from_elsewhere_are_refused():
    with pytest.raises(ValueError, match="data: URI"):
        ChartView("a chart", "https://x.test/a.svg", "", "")
