"""Attachment of a label file to the items that it names."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cmean.catalog import labels as label_rows
from cmean.datasets import labels as label_files
from cmean.errors import InputError
from cmean.library.name_resolution import ItemNames
from cmean.util.tabular import RejectedRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from cmean.catalog.engine import Catalog
    from cmean.datasets.labels.label_file import Label, LabelFile, NamedItem

_LONGEST_NAME: Final = 100
_SHOWN: Final = 20
"""Unknown names that are listed; the others are counted."""


@dataclass(frozen=True, slots=True)
class AttachedLabels:
    """The result of attaching a label file.

    Attributes:
        name: of the label set.
        layout: how the file is laid out.
        items: how many it labels or pairs.
        labels: how many there are of them: an item has one for each dimension.
        pairs: labelled pairs.
        unknown: the first names that no item of the catalog has.
        unknown_count: how many such names there are.
        rejected: lines that cannot be used, in their order.
        notes: further remarks.
    """

    name: str
    layout: str
    items: int
    labels: int
    pairs: int
    unknown: Sequence[str]
    unknown_count: int
    rejected: Sequence[RejectedRow]
    notes: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        """Return the document that is printed as JSON."""
        return asdict(self)


def attach_labels(
    catalog: Catalog, path: Path, name: str, layout: str | None = None, *, add: bool = False
) -> AttachedLabels:
    """Attach the labels of a file under a name in one transaction.

    Earlier labels of the set on items of the same kinds are replaced, and its pairs if the file has
    some; a file of which nothing can be used changes nothing.

    Args:
        catalog: an open catalog.
        path: of the file.
        name: of the label set.
        layout: a name of `cmean.datasets.labels.LAYOUTS` (default: recognised by the columns).
        add: keep earlier labels of the set that the file does not change.

    Raises:
        InputError: the name cannot be used, or the file cannot be read (see `read_table`).
    """
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InputError(f"a label set's name must be 1 to {_LONGEST_NAME} printable characters")
    file = label_files.read_label_file(path, layout)
    with catalog.write() as connection:
        names = ItemNames(label_rows.read_item_names(connection), path.parent)
        resolved = _ResolvedLabels(names)
        resolved.resolve_file(file)
        if resolved.labels or resolved.pairs:
            if not add:
                kinds = {names.kinds[item] for item in resolved.labels}
                label_rows.delete_labels(connection, name, kinds, pairs=bool(resolved.pairs))
            label_rows.write_labels(connection, name, resolved.iterate_rows())
            label_rows.write_label_pairs(connection, name, sorted(resolved.pairs))
    return resolved.summarise(file, name)


def list_label_sets(catalog: Catalog) -> list[dict[str, Any]]:
    """List the label sets: name, dimensions, and numbers of labelled items and pairs."""
    with catalog.read() as connection:
        return label_rows.list_label_sets(connection)


@dataclass(slots=True)
class _ResolvedLabels:
    """The labels of a file by the items of the catalog that its names mean."""

    names: ItemNames
    labels: dict[int, dict[str, tuple[Label, int]]] = field(default_factory=dict)
    pairs: set[tuple[int, int]] = field(default_factory=set)
    unknown: dict[str, None] = field(default_factory=dict)
    rejected: list[RejectedRow] = field(default_factory=list)
    contradicted: set[tuple[int, str]] = field(default_factory=set)

    def resolve_file(self, file: LabelFile) -> None:
        """Resolve the names of all rows."""
        self.rejected += file.rejected
        for row in file.rows:
            item = self._find_item(row.item, row.line)
            if item is not None:
                self._add_labels(item, row.item, row.labels.items(), row.line)
        for pair in file.pairs:
            track, artwork = (
                self._find_item(side, pair.line) for side in (pair.track, pair.artwork)
            )
            if track is not None and artwork is not None:
                self.pairs.add((track, artwork))
        for item, dimension in self.contradicted:
            del self.labels[item][dimension]
        self.labels = {item: labels for item, labels in self.labels.items() if labels}

    def iterate_rows(self) -> Iterator[tuple[int, str, Label]]:
        """Yield item, dimension and label, in the order of items."""
        for item in sorted(self.labels):
            for dimension, (label, _) in self.labels[item].items():
                yield item, dimension, label

    def summarise(self, file: LabelFile, name: str) -> AttachedLabels:
        """Summarise the result."""
        notes = list(file.notes)
        if not self.labels and not self.pairs:
            notes.append("nothing in the file can be used; the label set is unchanged")
        return AttachedLabels(
            name=name,
            layout=file.layout,
            items=len(self.labels.keys() | {item for pair in self.pairs for item in pair}),
            labels=sum(map(len, self.labels.values())),
            pairs=len(self.pairs),
            unknown=list(self.unknown)[:_SHOWN],
            unknown_count=len(self.unknown),
            rejected=sorted(self.rejected, key=lambda row: row.line),
            notes=notes,
        )

    def _find_item(self, item: NamedItem, line: int) -> int | None:
        ids = self.names.find_items(item.names, item.kind)
        if not ids:
            self.unknown.setdefault(item.names[0])
            return None
        if len(ids) > 1:
            some = ", ".join(map(self.names.describe_item, ids[:2]))
            detail = f"{item.names[0]!r} may be any of {len(ids)} items, e.g. {some}; give its path"
            self.rejected.append(RejectedRow(line, detail))
            return None
        return ids[0]

    def _add_labels(
        self, item: int, named: NamedItem, labels: Iterable[tuple[str, Label]], line: int
    ) -> None:
        known = self.labels.setdefault(item, {})
        for dimension, label in labels:
            earlier, first = known.setdefault(dimension, (label, line))
            if earlier != label:
                self.contradicted.add((item, dimension))
                detail = (
                    f"{dimension} of {named.names[0]!r} is {label} here, but {earlier} on line "
                    f"{first}; neither is attached"
                )
                self.rejected.append(RejectedRow(line, detail))
