"""Numbers as people read them: formatted one way, and never rounded into a claim."""

from __future__ import annotations

from typing import Final

_FINEST: Final = 12  # decimals; beyond them a float cosine is rounding noise
_TABLE_WHOLE: Final = 10  # from here on two decimals say enough in a table
_DECIMALS: Final = {"z": 2}  # of a table's columns that need other than four
_LEAST_P: Final = 0.0001
_SPACE: Final = "\N{NO-BREAK SPACE}"


def number(value: float, decimals: int = 4) -> str:
    """A number with as many decimals as asked, and more where rounding would make it a whole one.

    >>> number(0.98712), number(0.99996), number(1.0), number(0.00002)
    ('0.9871', '0.99996', '1.0000', '0.00002')
    """
    exact = round(value, _FINEST)
    while decimals < _FINEST and exact % 1 and not round(exact, decimals) % 1:
        decimals += 1
    return f"{exact:.{decimals}f}"


def cell(value: str | int | float | None, column: str = "") -> str:
    """A cell of a table of figures; undefined is a dash.

    >>> cell(None), cell(3), cell(2.955, "z"), cell(389.726), cell(0.5), cell(1e-6, "p")
    ('–', '3', '2.96', '389.73', '0.5000', '<0.0001')
    """
    if value is None:
        return "–"
    if not isinstance(value, float):
        return str(value)
    if column == "p" and 0 < value < _LEAST_P:
        return f"<{_LEAST_P}"
    coarse = abs(value) >= _TABLE_WHOLE
    return number(value, 2 if coarse else _DECIMALS.get(column, 4))


def percent(share: float) -> str:
    """A share 0..1 as a percentage that says 0 or 100 only when it is so.

    One half is `50 %`, 0.9999 `over 99.9 %`, 0.0002 `under 0.1 %`.
    """
    least = 0.001
    if 0 < share < least:
        return f"under 0.1{_SPACE}%"
    if 1 - least < share < 1:
        return f"over 99.9{_SPACE}%"
    fine = 0 < share < 10 * least or 1 - 10 * least < share < 1
    return f"{share * 100:.{int(fine)}f}{_SPACE}%"
