"""What all charts share: a sheet to draw on, the colours, and the SVG that comes of it.

Coordinates of a sheet are units of a view box 400 wide, origin top left; text of 12 units is 11 px
high on a telephone and 16 px in the two columns of a wide page. The ground is transparent and the
ink dark: the page inverts a chart in its dark theme. Text stays text, in the fonts of the page.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

WIDTH: Final = 400
LEFT, RIGHT = 46, 388

INK, MUTED, LINE = "#1f1d1a", "#5f5a52", "#ddd8ce"
PAPER: Final = "#fbfaf7"
TRACK, ARTWORK = "#0072b2", "#d55e00"
"""Blue and vermilion of Okabe and Ito's palette, which people of any colour vision tell apart."""

TEXT, SMALL = 13, 12
_INCH: Final = 72  # units
_FONT: Final = "DejaVu Sans"  # comes with matplotlib, and is wide: other fonts take less room
_FONTS: Final = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial"
_STYLE: Final[Mapping[str, Any]] = {
    "font.family": _FONT,
    "font.size": SMALL,
    "text.color": INK,
    "text.parse_math": False,  # a title may hold dollar signs
    "svg.fonttype": "none",
    "svg.hashsalt": "cmean",
    "axes.formatter.useoffset": False,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "axes.labelcolor": MUTED,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "hatch.linewidth": 0.7,
}
_NOT_TEXT: Final = re.compile(
    "[^\\t\\n\\r\\x20-\\x7e\\xa0-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]"
    "|[\\u202a-\\u202e\\u2066-\\u2069]"
)
"""What XML forbids, controls, and marks that would turn the direction of what follows."""

_TAG: Final = re.compile(r"<[a-z][^>]*>")
_LONG: Final = re.compile(r"(\d+\.\d\d)\d+")


class Sheet:
    """A drawing in the making."""

    def __init__(self, height: float) -> None:
        from matplotlib.figure import Figure

        self._height = height
        self.figure = Figure(figsize=(WIDTH / _INCH, height / _INCH), dpi=_INCH)
        self.figure.patch.set_visible(False)

    def panel(self, top: float, height: float) -> Axes:
        """A pair of axes that begins `top` units below the upper edge of the sheet."""
        foot = 1 - (top + height) / self._height
        box = (LEFT / WIDTH, foot, (RIGHT - LEFT) / WIDTH, height / self._height)
        return self.figure.add_axes(box)

    def text(self, at: tuple[float, float], words: str, *, name: bool = False) -> None:
        """Words whose base line begins at a point; the name of a panel is bold."""
        look: dict[str, Any] = {"size": TEXT, "weight": "bold"} if name else {"size": SMALL}
        self.figure.text(at[0] / WIDTH, 1 - at[1] / self._height, words, **look)


def draw(height: float, paint: Callable[[Sheet], None]) -> str:
    """An SVG; equal drawings are equal text."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells where its caches are
    from matplotlib import style

    out = io.StringIO()
    # From its defaults, since a file in the working directory may set others.
    with style.context(["default", dict(_STYLE)]), warnings.catch_warnings():
        # The browser has glyphs that the font with which the text is measured lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        sheet = Sheet(height)
        paint(sheet)
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        sheet.figure.savefig(out, format="svg", metadata=nothing)
    return _tidied(out.getvalue())


def _tidied(svg: str) -> str:
    """Without a document type, with the page's fonts, and no more than two decimals in tags."""
    body = svg[svg.index("<svg") :]
    return _TAG.sub(lambda tag: _LONG.sub(r"\1", tag[0]).replace(f"'{_FONT}'", _FONTS), body)


def label(words: str, longest: int = 40) -> str:
    """Words of others as one line of a chart.

    >>> label("a\\tvery  long title", 9)
    'a very l…'
    """
    line = " ".join(_NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", words).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def span(values: NDArray[np.float64], least: float) -> tuple[float, float]:
    """The ends of an axis for some values, with room at both ends, `least` apart at least."""
    low, high = float(values.min()), float(values.max())
    room = max((high - low) * 0.06, (least - (high - low)) / 2)
    return low - room, high + room
