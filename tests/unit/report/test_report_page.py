"""The page as a whole: complete, well formed, safe, and every figure beside its null."""

import dataclasses
import itertools
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmean.domain import RGB, Kind
from cmean.errors import InputError
from cmean.presentation.pairing_phrases import PairingSummary
from cmean.presentation.tables import Table
from cmean.report import render_report
from cmean.report.model import (
    FragmentView,
    ItemView,
    MediaView,
    PairView,
    Point,
    RecipeView,
    Report,
)

PIXEL = MediaView("data:image/gif;base64,R0lGODlhAQABAAAAACw=", "image/gif", "a picture")
SOUND = MediaView("data:audio/mpeg;base64,AAAA", "audio/mpeg", "a sound")


TRIPLE = RGB(120, 90, 60)


def make_item(title, rgb=TRIPLE, **changes):
    fragments = [FragmentView("whole", f"the caption of {title}", rgb)]
    return ItemView(title, "A creator", "1900", f"/media/{title}", rgb, fragments, **changes)


def make_report(count=3, z=4.4, **changes):
    views = [
        PairView(
            rank,
            1 - rank / 10_000,
            make_item(f"track {rank}", media=SOUND),
            make_item(f"artwork {rank}", RGB(0, rank % 256, 200), media=PIXEL),
        )
        for rank in range(1, count + 1)
    ]
    similarities = [view.similarity for view in views]
    mean = sum(similarities) / count if count else 0.0
    summary = PairingSummary(
        pairing=7,
        method="greedy",
        vector="whole",
        metric="cosine",
        pairs=count,
        mean=mean,
        minimum=min(similarities, default=0.0),
        maximum=max(similarities, default=0.0),
        null_mean=0.934,
        null_sd=0.012 if z is not None else 0.0,
        z=z,
        profile="embedded",
    )
    sides = ((Kind.TRACK, "track"), (Kind.ARTWORK, "artwork"))
    tracks, artworks = (
        [
            *(Point(getattr(v, name).title, kind, getattr(v, name).rgb, v.rank) for v in views),
            Point(f"lone {name}", kind, RGB(0, 0, 0), None),
        ]
        for kind, name in sides
    )
    report = Report(
        title="A report",
        created="2025-01-02T03:04:05+00:00",
        pairing=summary,
        pairs=views,
        tracks=tracks,
        artworks=artworks,
        null=[0.90, 0.93, 0.95, 0.99985],
        recipes=[RecipeView("captioner", "track", "embedded-track", "1", "ab12", {"rate": 16000})],
        unpaired_tracks=1,
        unpaired_artworks=1,
        tables=[Table("figures", "Table V", ("", "n", "mean"), [("pairs", 3, 0.99996)], "a note")],
        notes=["a remark"],
    )
    return dataclasses.replace(report, **changes)


def parse(page):
    """The page as a tree: it is written so that it is well-formed XML as well as HTML."""
    body = page.removeprefix("<!DOCTYPE html>")
    for tag in ("style", "script"):
        body = re.sub(f"<{tag}>.*?</{tag}>", f"<{tag}></{tag}>", body, flags=re.DOTALL)
    return ET.fromstring(body)  # noqa: S314 - our own page


def text(element):
    return " ".join("".join(element.itertext()).replace("\xa0", " ").split())


class Parser(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def tags(page):
    parser = Parser()
    parser.feed(page)
    return parser.seen


def test_every_pair_is_in_the_page_and_has_one_address():
    tree = parse(render_report(make_report(40), cards=5))
    cards = tree.findall(".//article[@class='pair']")
    rows = tree.findall(".//table[@class='listed']/tbody/tr")
    assert [card.get("id") for card in cards] == [f"pair-{n}" for n in range(1, 6)]
    assert [row.get("id") for row in rows] == [f"pair-{n}" for n in range(6, 41)]
    assert "artwork 40" in text(rows[-1])
    assert "0.9960" in text(rows[-1])


def test_media_travel_with_the_first_pairs_only_and_the_page_says_so():
    page = render_report(make_report(40), cards=5)
    names = [tag for tag, _ in tags(page)]
    assert (names.count("img"), names.count("audio")) == (5, 5)
    assert "embedded for the first 5 of 40 pairs" in text(parse(page))


def test_pairs_beyond_the_table_are_counted():
    page = render_report(make_report(40), cards=5, rows=10)
    assert "25 more pairs are not listed" in text(parse(page))
    assert 'href="#pair-15"' in page
    assert 'href="#pair-16"' not in page


def test_a_thousand_pairs_stay_a_page_of_a_few_megabytes():
    assert len(render_report(make_report(1000))) < 3_000_000


def test_the_null_stands_beside_every_figure():
    tree = parse(render_report(make_report()))
    figures = {
        text(div.find("dt")): [text(dd) for dd in div.findall("dd")]
        for div in tree.findall(".//dl[@class='figures']/div")
    }
    assert figures == {
        "Mean cosine": ["0.9998", "null: 0.9340 ± 0.0120"],
        "z (standard deviations from the null)": ["4.40", "null: 0 ± 1"],
        "Minimum": ["0.9997", "above 75 % of random pairs"],
        "Maximum": ["0.9999", "above all random pairs"],
    }
    ranks = [text(p) for p in tree.findall(".//p[@class='rank']")]
    assert len(ranks) == 3
    assert all("random pair" in rank for rank in ranks)


def test_the_header_says_it_in_one_honest_sentence():
    tree = parse(render_report(make_report()))
    assert text(tree.find(".//p[@class='lede']")) == (
        "3 pairs by greedy cosine, mean 0.9998 (minimum 0.9997, maximum 0.9999); "
        "null (random pairing) 0.9340 ± 0.0120, z = 4.40."
    )


@pytest.mark.parametrize(
    ("z", "words"),
    [
        (None, "do not vary"),
        (0.3, "not clearly more similar"),
        (2.5, "somewhat more similar"),
        (9.0, "clearly more similar"),
        (-4.0, "less similar"),
    ],
)
def test_the_verdict_says_no_more_than_z(z, words):
    tree = parse(render_report(make_report(z=z)))
    assert words in text(tree.find(".//p[@class='verdict']"))
    if z is None:
        assert "z undefined" in text(tree.find(".//p[@class='lede']"))


def test_without_a_null_the_page_says_that_it_has_none():
    page = text(parse(render_report(make_report(null=[]))))
    assert "no random pairs to compare with" in page
    assert "no similarities of random single pairs" in page


def test_without_pairs_there_is_no_report():
    with pytest.raises(InputError, match="cmean pair"):
        render_report(make_report(0))


def test_agreement_of_intended_emotions_stands_beside_what_shuffling_gives():
    emotions = ("calm", "calm", "sad", "sad")
    pairs = [
        PairView(n, 0.9, make_item("t", intended=emotion), make_item("a", intended=emotion))
        for n, emotion in enumerate(emotions, start=1)
    ]
    tree = parse(render_report(make_report(4, pairs=pairs)))
    assert text(tree.findall(".//dl[@class='figures']/div")[-1]) == (
        "Same intended emotion 4 of 4 null: 2.0 of 4"
    )
    assert "intended: sad" in text(tree.find(".//article[@id='pair-4']"))


def test_missing_media_are_said_to_be_missing():
    pair = PairView(1, 1.0, make_item("t"), make_item("a"))
    page = text(parse(render_report(make_report(1, pairs=[pair]))))
    assert "No picture in this report" in page
    assert "No sound in this report" in page


HOSTILE = "<script>alert(1)</script>\"'><img src=https://x.test/a onerror=alert(1)>&amp;{{ 7*7 }}"


def test_hostile_words_stay_words():
    item = ItemView(
        HOSTILE,
        HOSTILE,
        HOSTILE,
        "javascript:alert(1)",
        RGB(1, 2, 3),
        [FragmentView(HOSTILE, HOSTILE, None)],
        dataclasses.replace(PIXEL, alt=HOSTILE, uri="data:image/gif;base64,AA\"onerror='x'"),
        HOSTILE,
    )
    page = render_report(
        make_report(
            1,
            title=HOSTILE,
            pairs=[PairView(1, 1.0, item, item)],
            tracks=[Point(HOSTILE, Kind.TRACK, RGB(1, 1, 1), 1)],
            recipes=[RecipeView(*[HOSTILE] * 5, {HOSTILE: {HOSTILE: HOSTILE}})],
            tables=[Table(HOSTILE, HOSTILE, [HOSTILE], [[HOSTILE]], HOSTILE)],
            notes=[HOSTILE],
        )
    )
    seen = tags(page)
    assert sum(tag == "script" for tag, _ in seen) == 1
    assert not [attrs for _, attrs in seen if any(name.startswith("on") for name in attrs)]
    tree = parse(page)
    assert text(tree.find(".//h1")) == HOSTILE
    assert tree.find(".//img").get("alt") == HOSTILE


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=40))
def test_any_title_gives_a_page_that_can_be_written_and_parsed(title):
    pair = PairView(1, 0.5, make_item(title), make_item(title))
    page = render_report(make_report(1, title=title, pairs=[pair]))
    parse(page.encode().decode())


def test_the_page_loads_nothing_and_runs_nothing_but_its_own():
    page = render_report(make_report())
    for tag, attrs in tags(page):
        for name in ("src", "href", "srcset", "poster", "action", "data"):
            assert attrs.get(name, "#").startswith(("#", "data:")), (tag, attrs)
        assert "style" not in attrs, "the policy would block it"
    assert not re.search(r"@import|url\(|https?://", page)
    policy = next(
        attrs["content"]
        for tag, attrs in tags(page)
        if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_media_from_elsewhere_are_refused():
    with pytest.raises(ValueError, match="data: URI"):
        MediaView("https://x.test/a.png", "image/png", "a picture")


def test_headings_are_in_order_and_ids_are_unique():
    page = render_report(make_report(5), cards=2)
    seen = tags(page)
    levels = [int(tag[1]) for tag, _ in seen if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    ids = [attrs["id"] for _, attrs in seen if "id" in attrs]
    assert len(ids) == len(set(ids))
    fragments = {attrs["href"][1:] for tag, attrs in seen if tag == "a"}
    assert fragments <= set(ids)
    assert next(attrs for tag, attrs in seen if tag == "html")["lang"] == "en"
    assert all(attrs["alt"] for tag, attrs in seen if tag == "img")


def test_marks_lead_to_their_pairs_and_zero_triples_stand_apart():
    tree = parse(render_report(make_report()))
    links = tree.findall(".//section[@id='space']//a")
    assert [link.get("href") for link in links] == ["#pair-1", "#pair-2", "#pair-3"]
    for link in links:
        assert [shape.tag for shape in link] == ["line", "circle", "rect"]
    assert "track 1: track, excitement 120, calmness 90, sadness 60; pair 1" in text(links[0])
    assert "0, 0, 0: no proportions" in text(tree.find(".//section[@id='space']"))


def test_tables_and_provenance_are_there():
    tree = parse(render_report(make_report()))
    cells = [text(cell) for cell in tree.find(".//section[@id='tables']//tbody/tr")]
    assert cells == ["pairs", "3", "0.99996"]
    provenance = text(tree.find(".//section[@id='provenance']"))
    for word in ("embedded-track", "ab12", "rate 16000", "greedy", "2025-01-02"):
        assert word in provenance


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_is_legible_in_both_themes(theme):
    style = re.search("<style>(.*?)</style>", render_report(make_report()), re.DOTALL)[1]
    colours = {
        name: pair.split(", ")[theme]
        for name, pair in re.findall(r"--(\w+): light-dark\(([^)]+)\)", style)
    }

    def luminance(name):
        channels = [int(colours[name][i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(one, other):
        low, high = sorted((luminance(one), luminance(other)))
        return (high + 0.05) / (low + 0.05)

    for ground in ("paper", "mat"):
        for ink in ("ink", "muted", "accent"):
            assert contrast(ink, ground) >= 4.5, (ink, ground)
    for shape in ("red", "green", "blue", "null"):
        assert contrast(shape, "paper") >= 3, shape


def make_fragments_report(emotions):
    """Two positions of pairs; what was meant by both sides of each."""
    names = (("first quarter", "top left"), ("last quarter", "bottom right"))
    pairs = [
        PairView(
            n,
            0.9,
            make_item(f"t{n}", intended=track),
            make_item(f"a{n}", intended=artwork),
            names[n % 2],
        )
        for n, (track, artwork) in enumerate(emotions, start=1)
    ]
    report = make_report(len(pairs), pairs=pairs)
    return dataclasses.replace(
        report, pairing=dataclasses.replace(report.pairing, vector="fragments"), renumbered=True
    )


def test_pairs_of_fragments_say_which_fragments_they_are():
    report = make_fragments_report([("calm", "calm")] * 3)
    tree = parse(render_report(report, cards=2))
    assert "3 pairs of fragments" in text(tree.find(".//p[@class='lede']"))
    card = text(tree.find(".//article[@id='pair-1']"))
    assert "bottom right with last quarter" in card
    listed = text(tree.find(".//tr[@id='pair-3']"))
    assert "t3, last quarter" in listed
    assert "a3, bottom right" in listed
    page = text(tree)
    assert "1 track fragment and 1 artwork fragment without a partner" in page
    assert "rank in the catalog is the order in which the method made the pairs of a" in page
    assert "1 track fragment without a partner" in page


def test_fragments_are_shuffled_at_their_position_only():
    emotions = [("calm", "calm"), ("sad", "sad"), ("calm", "calm"), ("sad", "sad")]
    tree = parse(render_report(make_fragments_report(emotions)))
    agreed = text(tree.findall(".//dl[@class='figures']/div")[-1])
    assert agreed == "Same intended emotion 4 of 4 null: 4.0 of 4"  # no other at their position


def test_the_page_says_what_a_concatenated_pairing_compared():
    report = make_report()
    concatenated = dataclasses.replace(report.pairing, vector="concatenated")
    page = text(parse(render_report(dataclasses.replace(report, pairing=concatenated))))
    assert "3 pairs of concatenated vectors" in page
    assert "those of the wholes" in page
