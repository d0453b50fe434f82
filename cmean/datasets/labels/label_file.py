"""The content of a label file, with items by name as the file has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cmean.domain import Kind
    from cmean.util.tabular import RejectedRow

Label: TypeAlias = float | str
"""A finite number, or a category."""


@dataclass(frozen=True, slots=True)
class NamedItem:
    """An item as a file names it.

    Attributes:
        names: what it may be called, the most specific first; never empty.
        kind: what it is, where the layout says so.
    """

    names: tuple[str, ...]
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class LabelRow:
    """The labels of one item by dimension, and the line that they stand on."""

    line: int
    item: NamedItem
    labels: Mapping[str, Label]


@dataclass(frozen=True, slots=True)
class PairRow:
    """A track and an artwork that belong together, and the line of the file."""

    line: int
    track: NamedItem
    artwork: NamedItem


@dataclass(frozen=True, slots=True)
class LabelFile:
    """The labels and labelled pairs of a file.

    Attributes:
        layout: how it is laid out, a name of `LAYOUTS`.
        rows: the labels, a row for each item that has some.
        pairs: the labelled pairs.
        rejected: rows and cells that cannot be used.
        notes: what a reader should know of how the file was read.
    """

    layout: str
    rows: Sequence[LabelRow] = ()
    pairs: Sequence[PairRow] = ()
    rejected: Sequence[RejectedRow] = ()
    notes: Sequence[str] = field(default=())
