"""Validity of triples, pairs and vectors, measured with labels that people gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.catalog import labels as label_rows
from cmean.domain import Kind
from cmean.errors import InputError
from cmean.evaluation.documents.label_tables import LabelValidity
from cmean.evaluation.validity.channel_validity import measure_channel_validity
from cmean.evaluation.validity.label_agreement import measure_label_agreement
from cmean.evaluation.validity.pair_retrieval import measure_pair_retrieval

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cmean.catalog.engine import Connection
    from cmean.evaluation.evaluated_pairing import EvaluatedPairing


def require_label_sets(connection: Connection, names: Iterable[str]) -> None:
    """Fail unless there are label sets of these names.

    Raises:
        InputError: there is none of a name.
    """
    known = [each["name"] for each in label_rows.list_label_sets(connection)]
    for name in names:
        if name not in known:
            listed = ", ".join(known) or "none yet"
            message = (
                f"there is no label set {name!r}; there is {listed}; attach one: "
                f"cmean labels FILE --name {name}"
            )
            raise InputError(message)


def measure_label_validity(
    connection: Connection, evaluated: EvaluatedPairing, name: str
) -> LabelValidity:
    """Compare a pairing and its triples with the label set of a name."""
    columns = label_rows.read_label_columns(connection, name)
    pairs = label_rows.read_label_pairs(connection, name)
    by_kind = {kind: [column for column in columns if column.kind is kind] for kind in Kind}
    return LabelValidity(
        name,
        {
            kind.value: measure_channel_validity(
                by_kind[kind], evaluated.triples[kind], evaluated.sampling
            )
            for kind in Kind
            if by_kind[kind]
        },
        measure_label_agreement(by_kind, evaluated),
        measure_pair_retrieval(pairs, evaluated),
    )
