"""Tables in LaTeX, for the package booktabs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cmean.presentation.number_formats import format_cell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cmean.presentation.tables import Table

_NOT_IN_A_LABEL: Final = re.compile(r"\W+", re.ASCII)

_ESCAPES: Final = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "−": "$-$",
    "–": "--",
    "→": r"$\to$",
    "ρ": r"$\rho$",
    "α": r"$\alpha$",
    "[": "{[}",  # after the end of a row it would be read as an optional argument
    "]": "{]}",
    "*": "{*}",
    "<": "$<$",
    ">": "$>$",
}


def format_latex_table(table: Table) -> str:
    """Format a floating `table` environment with caption, label and, below it, the note."""
    alignment = "l" + "".join(
        "l" if any(isinstance(row[number], str) for row in table.rows) else "r"
        for number in range(1, len(table.header))
    )
    rows = (_format_row(map(format_cell, row, table.header)) for row in table.rows)
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{_escape(table.title)}}}",
            rf"\label{{tab:{_NOT_IN_A_LABEL.sub('-', table.name.lower())}}}",
            rf"\begin{{tabular}}{{{alignment}}}",
            r"\toprule",
            _format_row(table.header),
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            *([rf"\par\footnotesize {_escape(table.note)}"] if table.note else []),
            r"\end{table}",
        ]
    )


def _format_row(cells: Iterable[str]) -> str:
    return " & ".join(map(_escape, cells)) + r" \\"


def _escape(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in text)
