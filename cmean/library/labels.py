"""Attaching a file of labels to the items that it names."""

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
class Attached:
    """What came of a file of labels.

    Attributes:
        name: of the label set.
        layout: how the file is laid out.
        items: how many it labels or pairs.
        labels: how many there are of them: an item has one for each dimension.
        pairs: labelled pairs.
        unknown: the first names that no item of the catalog answers to.
        unknown_count: how many such names there are.
        rejected: lines that cannot be used, in their order.
        notes: what else there is to know.
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
        """For JSON."""
        return asdict(self)


def attach(
    catalog: Catalog, path: Path, name: str, layout: str | None = None, *, add: bool = False
) -> Attached:
    """Attach the labels of a file under a name, all of them or, should that fail, none.

    What the set said before of the kinds of items that the file labels is replaced, and its pairs
    if the file has some; a file of which nothing can be used changes nothing.

    Args:
        catalog: an open catalog.
        path: of the file.
        name: of the label set.
        layout: a name of `cmean.datasets.labels.LAYOUTS` (default: told by the columns).
        add: keep what the set said before, but for what the file says otherwise.

    Raises:
        InputError: the name cannot be used, or the file cannot be read (see `read_table`).
    """
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InputError(f"a label set's name must be 1 to {_LONGEST_NAME} printable characters")
    file = label_files.read_label_file(path, layout)
    with catalog.write() as connection:
        names = ItemNames(label_rows.known_items(connection), path.parent)
        found = _Found(names)
        found.take(file)
        if found.labels or found.pairs:
            if not add:
                kinds = {names.kinds[item] for item in found.labels}
                label_rows.clear(connection, name, kinds, pairs=bool(found.pairs))
            label_rows.put(connection, name, found.rows())
            label_rows.put_pairs(connection, name, sorted(found.pairs))
    return found.summary(file, name)


def listed(catalog: Catalog) -> list[dict[str, Any]]:
    """The label sets: name, dimensions, and how many items and pairs they label."""
    with catalog.read() as connection:
        return label_rows.sets(connection)


@dataclass(slots=True)
class _Found:
    """What a file says of the items that it names, as far as they are known."""

    names: ItemNames
    labels: dict[int, dict[str, tuple[Label, int]]] = field(default_factory=dict)
    pairs: set[tuple[int, int]] = field(default_factory=set)
    unknown: dict[str, None] = field(default_factory=dict)
    rejected: list[RejectedRow] = field(default_factory=list)
    contradicted: set[tuple[int, str]] = field(default_factory=set)

    def take(self, file: LabelFile) -> None:
        """Find the items of all rows."""
        self.rejected += file.rejected
        for row in file.rows:
            item = self._find(row.item, row.line)
            if item is not None:
                self._label(item, row.item, row.labels.items(), row.line)
        for pair in file.pairs:
            track, artwork = (self._find(side, pair.line) for side in (pair.track, pair.artwork))
            if track is not None and artwork is not None:
                self.pairs.add((track, artwork))
        for item, dimension in self.contradicted:
            del self.labels[item][dimension]
        self.labels = {item: labels for item, labels in self.labels.items() if labels}

    def rows(self) -> Iterator[tuple[int, str, Label]]:
        """The labels as they are written, by item."""
        for item in sorted(self.labels):
            for dimension, (label, _) in self.labels[item].items():
                yield item, dimension, label

    def summary(self, file: LabelFile, name: str) -> Attached:
        """What came of it."""
        notes = list(file.notes)
        if not self.labels and not self.pairs:
            notes.append("nothing of the file can be used; the label set is as it was")
        return Attached(
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

    def _find(self, item: NamedItem, line: int) -> int | None:
        ids = self.names.find(item.names, item.kind)
        if not ids:
            self.unknown.setdefault(item.names[0])
            return None
        if len(ids) > 1:
            some = ", ".join(map(self.names.called, ids[:2]))
            detail = f"{item.names[0]!r} may be any of {len(ids)} items, e.g. {some}; give its path"
            self.rejected.append(RejectedRow(line, detail))
            return None
        return ids[0]

    def _label(
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
