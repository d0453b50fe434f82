"""The filters of the report's templates: presentation formats as typographic text."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from cmean.presentation import number_formats
from cmean.presentation.number_formats import (
    UNDEFINED,
    format_count,
    format_mean_and_sd,
    format_percent,
    use_minus_sign,
)
from cmean.presentation.pairing_phrases import (
    describe_left_out_pairs,
    describe_pairing,
    interpret_pairing,
    name_measure,
    name_space,
    name_unit,
    typeset,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmean.presentation.pairing_phrases import PairingSummary


def format_report_number(value: float, decimals: int = 4) -> str:
    """Format a number with a true minus sign."""
    return use_minus_sign(number_formats.format_number(value, decimals))


def format_report_cell(value: str | int | float | None, column: str = "") -> str:
    """Format a cell of a table, with thousands separators and a true minus sign."""
    if isinstance(value, str):
        return value
    is_integer = isinstance(value, int)
    shown = f"{value:,}" if is_integer else number_formats.format_cell(value, column)
    return use_minus_sign(shown)


def format_null(pairing: PairingSummary) -> str:
    """Mean and standard deviation of the null, without a line break."""
    if pairing.null_mean is None or pairing.null_sd is None:
        return UNDEFINED
    return typeset(format_mean_and_sd(pairing.null_mean, pairing.null_sd))


def format_z(z: float) -> str:
    """Format z with a true minus sign."""
    return use_minus_sign(f"{z:.2f}")


def format_parameter(value: object) -> str:
    """Format a parameter of a recipe: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def replace_unprintable(value: object) -> object:
    """Replace what no page can show by U+FFFD: titles, which come from files, may have control
    characters and halves of surrogate pairs."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t"
        else c
        for c in value
    )


FILTERS: Final[dict[str, Callable[..., str]]] = {
    "as_cell": format_report_cell,
    "as_count": format_count,
    "as_measure": name_measure,
    "as_null": format_null,
    "as_number": format_report_number,
    "as_parameter": format_parameter,
    "as_percent": format_percent,
    "as_unit": name_unit,
    "as_z": format_z,
    "description": lambda pairing: typeset(describe_pairing(pairing)),
    "interpretation": lambda pairing: typeset(interpret_pairing(pairing)),
    "left_out": describe_left_out_pairs,
    "space_name": name_space,
}
"""The templates' filters."""
