"""How long the captions are, and how many the token cap cut short before they were mapped."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.presentation.number_formats import percent
from cmean.report.charts import mirror
from cmean.report.charts.data import CaptionLengths, Chart
from cmean.report.charts.sheet import draw
from cmean.report.wording import count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmean.report.charts.sheet import Sheet

TITLE: Final = "Caption lengths"
_BINS: Final = 28
_ROWS: Final = ("Captions of wholes, in words", "Captions of fragments joined, in words")


def length_chart(tracks: CaptionLengths, artworks: CaptionLengths) -> Chart:
    """Two rows, the wholes and the fragments joined: tracks above the axis, artworks below it."""
    kinds = (("tracks", tracks), ("artworks", artworks))
    if not any(len(each.whole) + len(each.joined) for _, each in kinds):
        return Chart(TITLE, None, "", "There are no captions of this pairing's recipes.")
    words = [
        [_said(each.whole, each.cut_whole, len(each.whole)) for _, each in kinds],
        [_said(each.joined, each.cut_fragments, each.fragments, "fragments ") for _, each in kinds],
    ]
    values = [[each.whole for _, each in kinds], [each.joined for _, each in kinds]]

    def paint(sheet: Sheet) -> None:
        for number, name in enumerate(_ROWS):
            above, below = (each.astype(np.float64) for each in values[number])
            said = [f"{kind}: {each}" for (kind, _), each in zip(kinds, words[number], strict=True)]
            mirror.row(
                sheet,
                number * mirror.ROW,
                name,
                _edges(np.concatenate([above, below])),
                ((above, said[0]), (below, said[1])),
            )

    cut = sum(each.cut_whole + each.cut_fragments for _, each in kinds)
    of = sum(len(each.whole) + each.fragments for _, each in kinds)
    return Chart(
        TITLE,
        draw(len(_ROWS) * mirror.ROW, paint),
        "Distributions of the captions' lengths. "
        + " ".join(
            f"{name}: tracks {one}; artworks {other}."
            for name, (one, other) in zip(_ROWS, words, strict=True)
        ),
        f"Tracks upwards, filled; artworks downwards, hatched; a dashed line stands at the mean. "
        f"Cut by the token cap: {cut:,} of {count(of, 'caption')}"
        + (f" ({percent(cut / of)})." if of else "."),
    )


def _said(values: NDArray[np.int64], cut: int, of: int, what: str = "") -> str:
    mean = f"mean {values.mean():.0f}, " if len(values) else ""
    return f"{mean}{what}cut {cut:,} of {of:,}" if of else "none"


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bins of whole words from 0 on, each of the same number of them."""
    most = int(values.max()) + 1 if len(values) else 1
    width = math.ceil(most / _BINS)
    return np.arange(0, (math.ceil(most / width) + 1) * width, width, dtype=np.float64)
