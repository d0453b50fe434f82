"""Registering files: found, told apart by content, validated by decoding, described."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from cmean.catalog import items as item_rows
from cmean.domain import Kind
from cmean.errors import ItemError, MediaError
from cmean.library.metadata import NO_METADATA
from cmean.media import audio, files, image, tags
from cmean.media.files import Rejected
from cmean.media.uris import display, local_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.items import NewItem
    from cmean.library.metadata import Metadata

_COMMIT_FILES = 32
"""Files in one transaction: a crash loses at most the registering of so many."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A file that was refused: a typed reason, and the detail in one line."""

    path: str
    reason: str
    detail: str


@dataclass(slots=True)
class IngestResult:
    """How many items were added, how many were known already, which files were refused."""

    added: int = 0
    known: int = 0
    rejected: list[Rejection] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file that was looked at: its item, new or known, or why it was refused."""

    path: Path
    item: NewItem | None = None
    rejected: ItemError | None = None


def ingest(
    catalog: Catalog,
    paths: Sequence[Path],
    kind: Kind | None = None,
    collection: str | None = None,
    metadata: Metadata = NO_METADATA,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> IngestResult:
    """Register media files with their fragments. A file whose content is known adds nothing.

    Args:
        catalog: an open catalog with its schema.
        paths: files and folders.
        kind: what all of them are (default: told by suffix, or by the metadata).
        collection: put them into this collection, known ones too.
        metadata: facts that go before tags and file names; known items are updated.
        on_progress: called with the files looked at and their number.

    Raises:
        InputError: a path does not exist, or a folder holds no media.
        CatalogError: the catalog fails; what was committed stays.
    """
    found = files.walk(paths)
    result = IngestResult()
    register = _Registrar(catalog, collection, metadata, result)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        seen = _ordered(pool, lambda entry: _look(catalog, entry, kind, metadata), found)
        done = 0
        while batch := list(islice(seen, _COMMIT_FILES)):
            register(batch)
            done += len(batch)
            on_progress(done, len(found))
    return result


def _ordered(
    pool: ThreadPoolExecutor,
    look: Callable[[Path | Rejected], _Seen],
    entries: Iterable[Path | Rejected],
) -> Iterator[_Seen]:
    """As `pool.map`, but only a batch ahead, so that an interruption has little to wait for."""
    rest = iter(entries)
    while batch := list(islice(rest, _COMMIT_FILES)):
        yield from pool.map(look, batch)


def _look(catalog: Catalog, entry: Path | Rejected, kind: Kind | None, metadata: Metadata) -> _Seen:
    if isinstance(entry, Rejected):
        return _Seen(entry.path, rejected=MediaError(entry.reason, entry.detail))
    try:
        path = entry.resolve()
        digest = files.hash_media_file(path)
        with catalog.read() as connection:
            known = item_rows.find(connection, digest)
        if known is not None:
            return _Seen(entry, _described(path, known.kind, digest))
        return _Seen(entry, _probed(path, _kind_of(path, kind, metadata), digest))
    except ItemError as error:
        return _Seen(entry, rejected=error)
    except MemoryError:
        return _Seen(entry, rejected=MediaError("out-of-memory", "decoding needs more memory"))
    except OSError as error:
        detail = f"cannot be read: {error.strerror}"
        return _Seen(entry, rejected=MediaError("unreadable", detail))


def _kind_of(path: Path, kind: Kind | None, metadata: Metadata) -> Kind:
    said = metadata.kind(path)
    if kind is None and said is not None:
        if said not in set(Kind):
            raise MediaError("unknown-kind", f"the metadata calls it {said!r}")
        kind = Kind(said)
    kind = kind or files.guess_kind(path)
    if kind is None:
        known = " ".join(sorted(files.SUFFIXES))
        raise MediaError("unknown-kind", f"not told by its suffix (known: {known}); use --kind")
    return kind


def _described(path: Path, kind: Kind, digest: str) -> NewItem:
    status = path.stat()
    return item_rows.NewItem(
        kind=kind,
        sha256=digest,
        uri=path.as_uri(),
        bytes=status.st_size,
        modified=status.st_mtime,
        format="",
    )


def _probed(path: Path, kind: Kind, digest: str) -> NewItem:
    status = path.stat()
    info = audio.probe(path) if kind is Kind.TRACK else image.probe(path)
    facts = asdict(info)
    for key, said in zip(("title", "creator", "year"), tags.from_name(path), strict=True):
        facts[key] = facts[key] or said
    return item_rows.NewItem(
        kind=kind,
        sha256=digest,
        uri=path.as_uri(),
        bytes=status.st_size,
        modified=status.st_mtime,
        **facts,
    )


class _Registrar:
    """Writes what was seen, a batch a transaction, in the order of the files."""

    def __init__(
        self, catalog: Catalog, collection: str | None, metadata: Metadata, result: IngestResult
    ) -> None:
        self.catalog = catalog
        self.collection = collection
        self.metadata = metadata
        self.result = result

    def __call__(self, batch: Iterable[_Seen]) -> None:
        with self.catalog.write() as connection:
            for seen in batch:
                if seen.item is not None:
                    self._register(connection, seen.path, seen.item)
                elif seen.rejected is not None:
                    self._reject(connection, seen.path, seen.rejected)

    def _register(self, connection: Connection, path: Path, item: NewItem) -> None:
        known = item_rows.find(connection, item.sha256)
        if known is None:
            item_rows.retire(connection, item.uri, item.sha256)
            item_id = item_rows.add(connection, item)
            self.result.added += 1
        else:
            item_id = known.id
            self.result.known += 1
            if not local_path(known.uri).exists():
                item_rows.relocate(connection, item_id, item.uri, item.modified)
        item_rows.describe(connection, item_id, **self.metadata.facts(path.resolve()))
        item_rows.forgive(connection, display(path))
        if self.collection is not None:
            item_rows.collect(connection, self.collection, item_id)

    def _reject(self, connection: Connection, path: Path, error: ItemError) -> None:
        item_rows.reject(connection, display(path), error.reason, error.detail)
        self.result.rejected.append(Rejection(display(path), error.reason, error.detail))
