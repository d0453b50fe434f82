"""The media of the fragments that a claim is about: each file is decoded once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from cmean.catalog import items
from cmean.errors import CmeanError, ItemError, MediaError
from cmean.media import files
from cmean.media.excerpts import excerpts
from cmean.media.uris import display, local_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cmean.catalog.engine import Catalog
    from cmean.catalog.items import Located
    from cmean.catalog.ledger import Work
    from cmean.domain import Picture, Sound


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A fragment that was decoded."""

    item: Located
    position: int
    media: Sound | Picture


def opened(
    catalog: Catalog, work: tuple[Work, ...], preprocessing: Mapping[str, Any]
) -> dict[int, Opened | ItemError]:
    """The fragments of some tasks, or why they cannot be read, by task.

    Raises:
        CmeanError: the recipe's preprocessing is wrong.
    """
    with catalog.read() as connection:
        where = items.located(connection, [each.fragment_id for each in work])
    found: dict[int, Opened | ItemError] = {}
    for item, group in groupby(work, key=lambda each: where[each.fragment_id][1]):
        tasks = {each.task_id: where[each.fragment_id][0] for each in group}
        media = _typed(lambda item=item: _open(item, preprocessing))  # type: ignore[misc]  # mypy cannot infer a default
        for task, position in tasks.items():
            good = not isinstance(media, ItemError)
            found[task] = Opened(item, position, media[position]) if good else media
    return found


def _typed(read: Callable[[], Any]) -> Any:  # noqa: ANN401 - what was read, or an ItemError
    try:
        return read()
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
    if not unchanged and files.sha256(path) != item.sha256:
        raise MediaError(
            "changed", f"{display(path)} is not the file that was ingested; ingest it again"
        )
    return excerpts(path, item.kind, preprocessing)
