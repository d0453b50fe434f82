"""Rows of similarities as two tables: distributions, and means compared with their nulls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmean.presentation.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.evaluation.documents.study_tables import SimilarityRow

_DISTRIBUTION: Final = ("n", "mean", "median", "std", "min", "max")

NULL_COLUMNS: Final = {
    "mean": "mean",
    "null_mean": "random",
    "null_sd": "random sd",
    "z": "z",
    "p": "p",
    "resampled_mean": "resampled",
    "resampled_sd": "resampled sd",
    "constant_mean": "constant",
}
"""Fields of `SimilarityRow` about its mean and the nulls of it, and the names of their columns."""


def build_similarity_tables(
    name: str, title: str, rows: Mapping[str, SimilarityRow], note: str, null_note: str
) -> list[Table]:
    """Build the table of distributions and, where a null is known, that of the nulls.

    Args:
        name: of the first; that of the second ends in ``nulls``.
        title: likewise.
        rows: by name.
        note: below the first.
        null_note: below the second: what the nulls are.
    """
    reasons = dict.fromkeys(row.why for row in rows.values() if row.why)
    undefined = [f"Undefined (–): {'; '.join(reasons)}."] if reasons else []
    has_nulls = any(
        getattr(row, field) is not None
        for row in rows.values()
        for field in NULL_COLUMNS
        if field != "mean"
    )
    distributions = Table(
        name,
        title,
        ("", *_DISTRIBUTION),
        [(key, *(getattr(row, field) for field in _DISTRIBUTION)) for key, row in rows.items()],
        note if has_nulls else " ".join([note, *undefined]),
    )
    if not has_nulls:
        return [distributions]
    nulls = Table(
        f"{name} nulls",
        f"{title.split(':', maxsplit=1)[0]}: means compared with null distributions",
        ("", *NULL_COLUMNS.values()),
        [(key, *(getattr(row, field) for field in NULL_COLUMNS)) for key, row in rows.items()],
        " ".join([null_note, *undefined]),
    )
    return [distributions, nulls]
