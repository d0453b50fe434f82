"""Registration of media files: identified by content, validated by decoding, described."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from cmean.catalog import items as item_rows
from cmean.domain import Kind
from cmean.errors import ItemError, MediaError
from cmean.failure_reasons import FailureReason
from cmean.library.metadata import NO_METADATA
from cmean.media import audio, files, image, tags
from cmean.media.files import RejectedPath, format_path, parse_file_uri
from cmean.media.formats import SUFFIXES

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
    """A file that was rejected: a typed reason, and the detail in one line."""

    path: str
    reason: str
    detail: str


@dataclass(slots=True)
class IngestResult:
    """How many items were added and how many were known, and the rejected files."""

    added: int = 0
    known: int = 0
    rejected: list[Rejection] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the document that is printed as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _InspectedFile:
    """A file with its item, new or known, or the reason for its rejection."""

    path: Path
    item: NewItem | None = None
    rejected: ItemError | None = None


def ingest_files(
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
        kind: of all of them (default: by suffix, or by the metadata).
        collection: put them into this collection, known ones too.
        metadata: facts that take precedence over tags and file names; known items are updated.
        on_progress: called with the number of files inspected so far, and of all.

    Raises:
        InputError: a path does not exist, or a folder holds no media.
        CatalogError: the catalog fails; what was committed stays.
    """
    found = files.find_media_files(paths)
    result = IngestResult()
    register = _Registrar(catalog, collection, metadata, result)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        inspected = _inspect_in_order(
            pool, lambda entry: _inspect_entry(catalog, entry, kind, metadata), found
        )
        done = 0
        while batch := list(islice(inspected, _COMMIT_FILES)):
            register(batch)
            done += len(batch)
            on_progress(done, len(found))
    return result


def _inspect_in_order(
    pool: ThreadPoolExecutor,
    inspect: Callable[[Path | RejectedPath], _InspectedFile],
    entries: Iterable[Path | RejectedPath],
) -> Iterator[_InspectedFile]:
    """Map as `pool.map` does, but a batch at a time: an interruption then waits for no more."""
    rest = iter(entries)
    while batch := list(islice(rest, _COMMIT_FILES)):
        yield from pool.map(inspect, batch)


def _inspect_entry(
    catalog: Catalog, entry: Path | RejectedPath, kind: Kind | None, metadata: Metadata
) -> _InspectedFile:
    if isinstance(entry, RejectedPath):
        return _InspectedFile(entry.path, rejected=MediaError(entry.reason, entry.detail))
    try:
        path = entry.resolve()
        digest = files.hash_media_file(path)
        with catalog.read() as connection:
            known = item_rows.find_item(connection, digest)
        if known is not None:
            return _InspectedFile(entry, _describe_known_file(path, known.kind, digest))
        return _InspectedFile(
            entry, _describe_new_file(path, _choose_kind(path, kind, metadata), digest)
        )
    except ItemError as error:
        return _InspectedFile(entry, rejected=error)
    except MemoryError:
        return _InspectedFile(
            entry, rejected=MediaError(FailureReason.OUT_OF_MEMORY, "decoding needs more memory")
        )
    except OSError as error:
        detail = f"cannot be read: {error.strerror}"
        return _InspectedFile(entry, rejected=MediaError(FailureReason.UNREADABLE, detail))


def _choose_kind(path: Path, kind: Kind | None, metadata: Metadata) -> Kind:
    stated_kind = metadata.get_kind(path)
    if kind is None and stated_kind is not None:
        if stated_kind not in set(Kind):
            raise MediaError(FailureReason.UNKNOWN_KIND, f"the metadata calls it {stated_kind!r}")
        kind = Kind(stated_kind)
    kind = kind or files.guess_kind(path)
    if kind is None:
        known = " ".join(sorted(SUFFIXES))
        raise MediaError(
            FailureReason.UNKNOWN_KIND, f"not recognised by its suffix (known: {known}); use --kind"
        )
    return kind


def _describe_known_file(path: Path, kind: Kind, digest: str) -> NewItem:
    status = path.stat()
    return item_rows.NewItem(
        kind=kind,
        sha256=digest,
        uri=path.as_uri(),
        bytes=status.st_size,
        modified=status.st_mtime,
        format="",
    )


def _describe_new_file(path: Path, kind: Kind, digest: str) -> NewItem:
    status = path.stat()
    info = audio.probe_track(path) if kind is Kind.TRACK else image.probe_artwork(path)
    facts = asdict(info)
    for key, value in zip(("title", "creator", "year"), tags.parse_file_name(path), strict=True):
        facts[key] = facts[key] or value
    return item_rows.NewItem(
        kind=kind,
        sha256=digest,
        uri=path.as_uri(),
        bytes=status.st_size,
        modified=status.st_mtime,
        **facts,
    )


class _Registrar:
    """Writes inspected files, a batch a transaction, in the order of the files."""

    def __init__(
        self, catalog: Catalog, collection: str | None, metadata: Metadata, result: IngestResult
    ) -> None:
        self.catalog = catalog
        self.collection = collection
        self.metadata = metadata
        self.result = result

    def __call__(self, batch: Iterable[_InspectedFile]) -> None:
        with self.catalog.write() as connection:
            for inspected in batch:
                if inspected.item is not None:
                    self._register(connection, inspected.path, inspected.item)
                elif inspected.rejected is not None:
                    self._reject(connection, inspected.path, inspected.rejected)

    def _register(self, connection: Connection, path: Path, item: NewItem) -> None:
        known = item_rows.find_item(connection, item.sha256)
        if known is None:
            item_rows.retire_replaced_items(connection, item.uri, item.sha256)
            item_id = item_rows.add_item(connection, item)
            self.result.added += 1
        else:
            item_id = known.id
            self.result.known += 1
            if not parse_file_uri(known.uri).exists():
                item_rows.update_location(connection, item_id, item.uri, item.modified)
        item_rows.update_metadata(connection, item_id, **self.metadata.get_facts(path.resolve()))
        item_rows.delete_rejection(connection, format_path(path))
        if self.collection is not None:
            item_rows.add_to_collection(connection, self.collection, item_id)

    def _reject(self, connection: Connection, path: Path, error: ItemError) -> None:
        item_rows.record_rejection(connection, format_path(path), error.reason, error.detail)
        self.result.rejected.append(Rejection(format_path(path), error.reason, error.detail))
