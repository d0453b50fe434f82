"""What all charts share: a canvas, the colours, and the SVG output.

Coordinates of a canvas are units of a view box 400 wide, origin top left; text of 12 units is 11 px
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
_UNITS_PER_INCH: Final = 72
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
_UNPRINTABLE: Final = re.compile(
    "[^\\t\\n\\r\\x20-\\x7e\\xa0-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]"
    "|[\\u202a-\\u202e\\u2066-\\u2069]"
)
"""What XML forbids, control characters, and marks that change the direction of text."""

_TAG: Final = re.compile(r"<[a-z][^>]*>")
_LONG_DECIMAL: Final = re.compile(r"(\d+\.\d\d)\d+")


class ChartCanvas:
    """A matplotlib figure that is addressed in the units of its view box."""

    def __init__(self, height: float) -> None:
        from matplotlib.figure import Figure

        self._height = height
        self.figure = Figure(
            figsize=(WIDTH / _UNITS_PER_INCH, height / _UNITS_PER_INCH), dpi=_UNITS_PER_INCH
        )
        self.figure.patch.set_visible(False)

    def add_panel(self, top: float, height: float) -> Axes:
        """Add axes that begin `top` units below the upper edge."""
        foot = 1 - (top + height) / self._height
        box = (LEFT / WIDTH, foot, (RIGHT - LEFT) / WIDTH, height / self._height)
        return self.figure.add_axes(box)

    def add_text(self, at: tuple[float, float], text: str, *, is_heading: bool = False) -> None:
        """Add a line of text whose base line begins at a point; headings are bold."""
        look: dict[str, Any] = {"size": TEXT, "weight": "bold"} if is_heading else {"size": SMALL}
        self.figure.text(at[0] / WIDTH, 1 - at[1] / self._height, text, **look)


def draw_svg(height: float, paint: Callable[[ChartCanvas], None]) -> str:
    """Let a function paint on a canvas. Returns the SVG; equal drawings give equal text."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it would log where its caches are
    from matplotlib import style

    out = io.StringIO()
    # From its defaults, since a file in the working directory may set others.
    with style.context(["default", dict(_STYLE)]), warnings.catch_warnings():
        # The browser has glyphs that the font with which the text is measured lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        canvas = ChartCanvas(height)
        paint(canvas)
        no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        canvas.figure.savefig(out, format="svg", metadata=no_metadata)
    return _tidy_svg(out.getvalue())


def _tidy_svg(svg: str) -> str:
    """Remove the document type, use the page's fonts, keep two decimals in tags."""
    body = svg[svg.index("<svg") :]
    return _TAG.sub(
        lambda tag: _LONG_DECIMAL.sub(r"\1", tag[0]).replace(f"'{_FONT}'", _FONTS), body
    )


def shorten_label(text: str, longest: int = 40) -> str:
    """Shorten text of users to one line of a chart.

    >>> shorten_label("a\\tvery  long title", 9)
    'a very l…'
    """
    line = " ".join(_UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def compute_axis_limits(values: NDArray[np.float64], least: float) -> tuple[float, float]:
    """Compute the limits of an axis for some values, with margins, at least `least` apart."""
    low, high = float(values.min()), float(values.max())
    margin = max((high - low) * 0.06, (least - (high - low)) / 2)
    return low - margin, high + margin
