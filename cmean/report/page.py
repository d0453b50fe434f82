"""The page: a report rendered by templates into one HTML file that loads nothing else."""

from __future__ import annotations

import base64
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cmean.errors import InputError
from cmean.presentation.channel_names import CHANNEL_NAMES
from cmean.presentation.number_formats import (
    format_percent,
)
from cmean.report.emotion_triangle import layout_emotion_triangle
from cmean.report.filters import FILTERS, replace_unprintable
from cmean.report.histogram import layout_similarity_histograms
from cmean.stats.intended_emotions import compare_intended_emotions
from cmean.util.hashing import hash_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.report.model import Report

CARDS: Final = 24
"""Pairs shown as cards with picture and sound, best first: about 8 MB of page."""

ROWS: Final = 2000
"""Further pairs listed in a table: about 2 MB of page."""

MARKS: Final = 2000
"""Pairs drawn in the emotion triangle, and items without a partner."""


class SimilarityRanks:
    """Ranks similarities among those of random single pairs."""

    def __init__(self, random_similarities: Sequence[float]) -> None:
        self._sorted = np.sort(np.round(np.asarray(random_similarities, float), 12))

    def __len__(self) -> int:
        return len(self._sorted)

    def describe_rank(self, similarity: float) -> str:
        """Describe in words how many random pairs are less similar."""
        if not len(self):
            return "no random pairs to compare with"
        below = int(np.searchsorted(self._sorted, round(similarity, 12)))
        if below in (0, len(self)):
            return "above all random pairs" if below else "above no random pair"
        return f"above {format_percent(below / len(self))} of random pairs"


def render_report(report: Report, *, cards: int = CARDS, rows: int = ROWS) -> str:
    """Render a report as one self-contained HTML page.

    Args:
        report: what to show.
        cards: number of pairs, best first, that get a card with their media; only these need any.
        rows: number of further pairs that are listed in a table; the rest are counted.

    Raises:
        InputError: the pairing has no pairs.
    """
    if not report.pairs:
        raise InputError("this pairing has no pairs to report: pair first with `cmean pair`")
    style, script = _read_asset("report.css"), _read_asset("report.js")
    ranks = SimilarityRanks(report.null)
    return (
        _make_environment()
        .get_template("report.html")
        .render(
            report=report,
            pairing=report.pairing,
            cards=report.pairs[:cards],
            listed=report.pairs[cards : cards + rows],
            linked=cards + rows,
            random_pairs=len(ranks),
            describe_rank=ranks.describe_rank,
            agreement=compare_intended_emotions(
                (pair.fragments, pair.track.intended, pair.artwork.intended)
                for pair in report.pairs
            ),
            histograms=layout_similarity_histograms(
                [pair.similarity for pair in report.pairs], report.null, report.pairing
            ),
            triangle=layout_emotion_triangle(report.tracks, report.artworks, MARKS),
            unpaired={
                side: [point.title for point in points if point.paired_with is None]
                for side, points in (("track", report.tracks), ("artwork", report.artworks))
            },
            channel_names=CHANNEL_NAMES,
            style=style,
            script=script,
            policy=_build_content_policy(style, script),
        )
    )


@cache
def _make_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cmean.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=replace_unprintable,
    )
    environment.filters |= FILTERS
    return environment


def _read_asset(name: str) -> Markup:
    """Read the text of a style sheet or a script of this package."""
    source = files("cmean.report").joinpath("templates", name).read_text("utf-8")
    return Markup(source)  # noqa: S704 - a file of the package, without input


def _build_content_policy(style: str, script: str) -> str:
    """Build a content security policy that allows only the page's own style and script."""

    def hash_text(text: str) -> str:
        return base64.b64encode(bytes.fromhex(hash_parts([text]))).decode("ascii")

    return (
        "default-src 'none'; img-src data:; media-src data:; "
        f"style-src 'sha256-{hash_text(style)}'; script-src 'sha256-{hash_text(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
