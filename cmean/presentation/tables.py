"""A table of an evaluation, whatever it is printed as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

Cell = str | int | float | None
"""None: undefined, or not asked for; the table's note says why."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is printed; the first column names the row.

    Attributes:
        name: a short word that is its key in files, e.g. ``V`` or ``labels``.
        title: above it.
        header: the names of the columns; the first may be empty.
        rows: as many cells each.
        note: below it: what the figures are, and why some are undefined.
    """

    name: str
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


_DISTRIBUTION = ("n", "mean", "median", "std", "min", "max")

NULLS = {
    "mean": "mean",
    "null_mean": "random",
    "null_sd": "random sd",
    "z": "z",
    "p": "p",
    "resampled_mean": "resampled",
    "resampled_sd": "resampled sd",
    "constant_mean": "constant",
}
"""A mean and what stands beside it in a row of `Coherence`: the key, and the column's name."""


def split_nulls(
    name: str, title: str, rows: Mapping[str, Mapping[str, Any]], note: str, nulls: str
) -> list[Table]:
    """Rows of `Coherence` as two tables: their distribution, and their means beside the nulls.

    Args:
        name: of the first; that of the second ends in ``nulls``.
        title: likewise.
        rows: by name.
        note: below the first.
        nulls: below the second: what the nulls are.
    """
    reasons = dict.fromkeys(row["why"] for row in rows.values() if row["why"])
    said = [f"Undefined (–): {'; '.join(reasons)}."] if reasons else []
    known = any(row[key] is not None for row in rows.values() for key in NULLS if key != "mean")
    first = Table(
        name,
        title,
        ("", *_DISTRIBUTION),
        [(row, *(values[key] for key in _DISTRIBUTION)) for row, values in rows.items()],
        note if known else " ".join([note, *said]),
    )
    if not known:
        return [first]
    return [
        first,
        Table(
            f"{name} nulls",
            f"{title.split(':', maxsplit=1)[0]}: the means beside their nulls",
            ("", *NULLS.values()),
            [(row, *(values[key] for key in NULLS)) for row, values in rows.items()],
            " ".join([nulls, *said]),
        ),
    ]
