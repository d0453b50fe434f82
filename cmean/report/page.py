"""The page: a report's data through the templates into one HTML file that asks for nothing else."""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cmean.domain import CHANNELS
from cmean.errors import InputError
from cmean.presentation import number_formats
from cmean.report import wording
from cmean.report.figures import distribution
from cmean.report.space import emotion_space
from cmean.util.hashing import hash_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.report.model import PairView, Report

CARDS = 24
"""Pairs shown as cards with picture and sound, best first: about 8 MB of page."""

ROWS = 2000
"""Further pairs listed in a table: about 2 MB of page."""

MARKS = 2000
"""Pairs drawn in the emotion space, and items without a partner."""

_WORDS = dict(zip(CHANNELS, ("excitement", "calmness", "sadness"), strict=True))


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many pairs have one intended emotion on both sides, and how many shuffling them gives."""

    same: int
    known: int
    expected: float


class Null:
    """Similarities of random single pairs, asked how many of them a similarity beats."""

    def __init__(self, similarities: Sequence[float]) -> None:
        self._sorted = np.sort(np.round(np.asarray(similarities, float), 12))

    def __len__(self) -> int:
        return len(self._sorted)

    def beside(self, similarity: float) -> str:
        """What stands beside a similarity: how many random pairs are less alike."""
        if not len(self):
            return "no random pairs to compare with"
        below = int(np.searchsorted(self._sorted, round(similarity, 12)))
        if below in (0, len(self)):
            return "above all random pairs" if below else "above no random pair"
        return f"above {number_formats.percent(below / len(self))} of random pairs"


def render(report: Report, *, cards: int = CARDS, rows: int = ROWS) -> str:
    """A report as one self-contained HTML page.

    Args:
        report: what to show.
        cards: how many pairs, best first, get a card with their media; only these need any.
        rows: how many further pairs are listed in a table; the rest are counted.

    Raises:
        InputError: the pairing has no pairs.
    """
    if not report.pairs:
        raise InputError("this pairing has no pairs to report: pair first with `cmean pair`")
    style, script = _asset("report.css"), _asset("report.js")
    null = Null(report.null)
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            pairing=report.pairing,
            cards=report.pairs[:cards],
            listed=report.pairs[cards : cards + rows],
            linked=cards + rows,
            null=null,
            beside=null.beside,
            agreement=_agreement(report.pairs),
            figure=distribution([p.similarity for p in report.pairs], report.null, report.pairing),
            space=emotion_space(report.tracks, report.artworks, MARKS),
            alone={
                side: [point.title for point in points if point.paired_with is None]
                for side, points in (("track", report.tracks), ("artwork", report.artworks))
            },
            words=_WORDS,
            style=style,
            script=script,
            policy=_policy(style, script),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cmean.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=wording.plain,
    )
    for word in (
        wording.cell,
        wording.chance,
        wording.compared,
        wording.count,
        wording.floor,
        wording.measure,
        wording.method,
        wording.number,
        number_formats.percent,
        wording.score,
        wording.setting,
        wording.summary,
        wording.unit,
        wording.vectors,
        wording.verdict,
    ):
        environment.filters[f"as_{word.__name__}"] = word
    return environment


def _asset(name: str) -> Markup:
    """The text of a style sheet or a script of ours, as it stands."""
    source = files("cmean.report").joinpath("templates", name).read_text("utf-8")
    return Markup(source)  # noqa: S704 - our own file, no input in it


def _policy(style: str, script: str) -> str:
    """A content security policy: nothing from outside, and no code but the page's own."""

    def digest(text: str) -> str:
        return base64.b64encode(bytes.fromhex(hash_parts([text]))).decode("ascii")

    return (
        "default-src 'none'; img-src data:; media-src data:; "
        f"style-src 'sha256-{digest(style)}'; script-src 'sha256-{digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _agreement(pairs: Sequence[PairView]) -> Agreement | None:
    """Agreement of the intended emotions; None where no pair has both.

    Fragments are shuffled among those of their position only, as they were paired.
    """
    known = [
        (pair.fragments, pair.track.intended, pair.artwork.intended)
        for pair in pairs
        if pair.track.intended is not None and pair.artwork.intended is not None
    ]
    if not known:
        return None
    placed = Counter(place for place, _, _ in known)
    tracks = Counter((place, emotion) for place, emotion, _ in known)
    artworks = Counter((place, emotion) for place, _, emotion in known)
    expected = sum(amount * artworks[key] / placed[key[0]] for key, amount in tracks.items())
    same = sum(track == artwork for _, track, artwork in known)
    return Agreement(same, len(known), expected)
