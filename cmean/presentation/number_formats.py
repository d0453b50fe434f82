"""Number formats for people. No rounding turns a value into a stronger statement than it is.

`format_number` and `format_cell` write ASCII signs, for terminals and files; `use_minus_sign`
turns what they write into typographic text for the report.
"""

from __future__ import annotations

from typing import Final

UNDEFINED: Final = "–"
"""How a table shows a value that is undefined or was not computed."""

NO_BREAK_SPACE: Final = "\N{NO-BREAK SPACE}"

_MAX_DECIMALS: Final = 12  # beyond them, a cosine in double precision is rounding noise
_LARGE: Final = 10  # from this magnitude on, a table shows two decimals
_LEAST_P: Final = 0.0001


def format_number(value: float, decimals: int = 4) -> str:
    """Format a number with the given decimals, or more where rounding would make it a whole number.

    A similarity of 0.99996 must not read as 1.0000: 1.0000 means equal.

    >>> format_number(0.98712), format_number(0.99996), format_number(1.0), format_number(0.00002)
    ('0.9871', '0.99996', '1.0000', '0.00002')
    """
    exact = round(value, _MAX_DECIMALS)
    while decimals < _MAX_DECIMALS and exact % 1 and not round(exact, decimals) % 1:
        decimals += 1
    return f"{exact:.{decimals}f}"


def format_value(value: object) -> str:
    """Format a cell of a table of mixed values: floats as `format_number`, None as a dash."""
    if value is None:
        return UNDEFINED
    return format_number(value) if isinstance(value, float) else str(value)


def format_cell(value: str | int | float | None, column: str = "") -> str:
    """Format a cell of a table of statistics; the column's name decides about decimals.

    >>> format_cell(None), format_cell(3), format_cell(4.004, "z"), format_cell(389.726)
    ('–', '3', '4.00', '389.73')
    >>> format_cell(0.5), format_cell(1e-6, "p")
    ('0.5000', '<0.0001')
    """
    if value is None:
        return UNDEFINED
    if not isinstance(value, float):
        return str(value)
    if column == "p" and 0 < value < _LEAST_P:
        return f"<{_LEAST_P}"
    if column == "z":
        return f"{value:.2f}"
    return format_number(value, 2 if abs(value) >= _LARGE else 4)


def format_percent(fraction: float) -> str:
    """Format a fraction 0..1 as a percentage; 0 % and 100 % are written only where they are exact.

    One half is `50 %`, 0.9999 `over 99.9 %`, 0.0002 `under 0.1 %`.
    """
    least = 0.001
    if 0 < fraction < least:
        return f"under 0.1{NO_BREAK_SPACE}%"
    if 1 - least < fraction < 1:
        return f"over 99.9{NO_BREAK_SPACE}%"
    near_an_end = 0 < fraction < 10 * least or 1 - 10 * least < fraction < 1
    return f"{fraction * 100:.{int(near_an_end)}f}{NO_BREAK_SPACE}%"


def format_count(number: int, noun: str) -> str:
    """Format a number of things, with the regular plural.

    >>> format_count(1, "pair"), format_count(1250, "track")
    ('1 pair', '1,250 tracks')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def format_difference(value: float) -> str:
    """Format a difference with its sign: `+0.0120` or `−0.0120`."""
    sign = "+" if value >= 0 else "\N{MINUS SIGN}"
    return f"{sign}{format_number(abs(value))}"


def format_mean_and_sd(mean: float, sd: float, space: str = " ") -> str:
    """Format a mean with its standard deviation: `0.9382 ± 0.0197`."""
    return f"{format_number(mean)}{space}±{space}{format_number(sd)}"


def use_minus_sign(text: str) -> str:
    """Replace the hyphen of a number by U+2212."""
    return text.replace("-", "\N{MINUS SIGN}")
