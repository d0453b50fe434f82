"""The media of the fragments that a claim is about: each file is decoded once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from cmean.catalog import items
from cmean.domain import WHOLE
from cmean.errors import CmeanError, ItemError, MediaError
from cmean.media import files
from cmean.media.excerpts import excerpts
from cmean.media.uris import display, local_path

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cmean.catalog.engine import Catalog
    from cmean.catalog.items import Located
    from cmean.catalog.job_queue import Work
    from cmean.domain import Picture, Sound


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A fragment that was decoded, and the whole that it is of."""

    item: Located
    position: int
    media: Sound | Picture
    whole: Sound | Picture


def opened(
    catalog: Catalog,
    work: tuple[Work, ...],
    preprocessing: Mapping[str, Any],
    threads: int = 1,
) -> dict[int, Opened | ItemError]:
    """The fragments of some tasks, or why they cannot be read, by task.

    Args:
        catalog: says where the files lie.
        work: the tasks.
        preprocessing: of the recipe.
        threads: how many files to decode at once.

    Raises:
        CmeanError: the recipe's preprocessing is wrong.
    """
    with catalog.read() as connection:
        where = items.located(connection, [each.fragment_id for each in work])
    of_item: dict[Located, dict[int, int]] = {}
    for each in work:
        position, item = where[each.fragment_id]
        of_item.setdefault(item, {})[each.task_id] = position
    found: dict[int, Opened | ItemError] = {}
    decoded = _decoded(of_item, preprocessing, threads)
    for (item, tasks), media in zip(of_item.items(), decoded, strict=True):
        for task, position in tasks.items():
            found[task] = (
                media
                if isinstance(media, ItemError)
                else Opened(item, position, media[position], media[WHOLE])
            )
    return found


def _decoded(
    found: Collection[Located], preprocessing: Mapping[str, Any], threads: int
) -> list[list[Sound] | list[Picture] | ItemError]:
    """The media of items, in order. The decoders let other threads run meanwhile."""
    decode = partial(_typed, preprocessing)
    if min(threads, len(found)) <= 1:
        return list(map(decode, found))
    with ThreadPoolExecutor(threads, "decoder") as pool:
        return list(pool.map(decode, found))


def _typed(
    preprocessing: Mapping[str, Any], item: Located
) -> list[Sound] | list[Picture] | ItemError:
    try:
        return _open(item, preprocessing)
    except MediaError as error:
        return error
    except MemoryError:
        return MediaError("out-of-memory", "decoding needs more memory", retryable=True)
    except CmeanError:
        raise  # of the recipe, not of the file
    except Exception as error:  # noqa: BLE001 - no file may end a worker
        return MediaError("decode-error", f"{type(error).__name__}: {error}", retryable=True)


def _open(item: Located, preprocessing: Mapping[str, Any]) -> list[Sound] | list[Picture]:
    """Decode an item's five media, after making sure that its file is still the same."""
    path = local_path(item.uri)
    try:
        status = path.stat()
    except OSError as error:
        detail = f"{display(path)} cannot be read: {error.strerror}"
        raise MediaError("missing", detail, retryable=True) from error
    unchanged = (status.st_size, status.st_mtime) == (item.bytes, item.modified)
    if not unchanged and files.hash_media_file(path) != item.sha256:
        raise MediaError(
            "changed", f"{display(path)} is not the file that was ingested; ingest it again"
        )
    return excerpts(path, item.kind, preprocessing)
