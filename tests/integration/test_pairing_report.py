"""The report of a pairing shows what the pairing compared."""

from __future__ import annotations

import base64
import io
import re

import pytest
import soundfile
from PIL import Image

from cmean.domain import POSITION_NAMES, Kind


@pytest.fixture
def program(cmean, small_corpus):
    """Real media with all their triples."""
    assert cmean("ingest", small_corpus).code == 0
    assert cmean("run").code == 0
    return cmean


def report_of(program, *choice):
    assert program("pair", *choice).code == 0
    assert program("report", "--output", "report.html").code == 0
    rows = program("sql", "SELECT * FROM v_pairs ORDER BY similarity DESC", "--json").json
    return (program.folder / "report.html").read_text(encoding="utf-8"), rows


def media(page, kind):
    return [base64.b64decode(found) for found in re.findall(rf"data:{kind};base64,([^\"]+)", page)]


def test_pairs_of_fragments_show_and_play_their_fragments(program):
    page, rows = report_of(program, "--vector", "fragments")
    cards = re.findall(r"<article class=\"pair\".*?</article>", page, re.DOTALL)
    assert len(cards) == len(rows) == 12
    expected = sorted(
        (
            POSITION_NAMES[Kind.ARTWORK][row["position"]],
            POSITION_NAMES[Kind.TRACK][row["position"]],
            row["artwork_title"],
            row["track_title"],
            *(row[f"{side}_{c}"] for side in Kind for c in ("red", "green", "blue")),
        )
        for row in rows
    )
    shown = []
    for card in cards:
        fragments = re.search(r"class=\"fragments\">(.*?) <span.*?</span> (.*?)</p>", card)
        titles = re.findall(r"<bdi[^>]*>((?:artwork|track) \d)</bdi>", card)
        bars = re.findall(
            r"<tr><td>.*?<span>(\d+)</span>.*?<td><span>(\d+)</span>", card, re.DOTALL
        )
        triples = [int(value) for side in zip(*bars, strict=True) for value in side]
        shown.append((*fragments.groups(), *titles, *triples))
    assert sorted(shown) == expected
    pictures = [Image.open(io.BytesIO(each)) for each in media(page, "image/webp")]
    assert {picture.size for picture in pictures} == {(448, 448)}  # as the captioner had them
    for sound in media(page, "audio/mpeg"):
        assert soundfile.info(io.BytesIO(sound)).duration == pytest.approx(0.5, abs=0.15)
    similarities = [float(found) for found in re.findall(r"cosine <b>([\d.]+)</b>", page)]
    assert similarities == sorted(similarities, reverse=True)


def test_a_concatenated_pairing_is_reported_as_such(program):
    page, rows = report_of(program, "--vector", "concatenated")
    assert page.count('<article class="pair"') == len(rows) == 3
    assert "by five triples joined" in page
    assert "pairs (concatenated)" in page
    assert 'class="fragments"' not in page


def test_an_extension_is_reported_most_alike_first(program):
    assert program("pair").code == 0
    page, rows = report_of(program, "--extend", 1)
    assert page.count('<article class="pair"') == 3
    assert "Numbered by similarity" not in page  # nothing was added
    assert len(rows) == 6


@pytest.mark.parametrize(
    ("vector", "amounts"),
    [
        ("whole", "3 tracks and 4 artworks"),
        ("fragments", "12 track fragments and 16 artwork fragments"),
        ("concatenated", "15 track triples and 20 artwork triples"),
    ],
)
def test_the_charts_show_the_triples_that_were_compared(program, vector, amounts):
    page, _ = report_of(program, "--vector", vector)
    channels, lengths = re.findall(r'src="data:image/svg\+xml;base64,[^"]+" alt="([^"]+)"', page)
    assert channels.startswith(f"Distributions of {amounts} over each channel")
    table = program("evaluate", "--json").json["tables"]["I"]
    assert f"in words: tracks mean {table['total']['mean']:.0f}, truncated 0 of 3;" in lengths
    assert f"tracks mean {table['aggregated']['mean']:.0f}, fragments truncated 0 of 12;" in lengths
    assert "No pair has an ImageBind similarity" in page
