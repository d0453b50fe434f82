"""The work itself: claims batches of one recipe's tasks, does them, commits them."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from cmean.backends import registry
from cmean.catalog import items as item_rows
from cmean.catalog import ledger, results
from cmean.domain import Excerpt, Role
from cmean.errors import (
    CatalogError,
    CatalogUnavailableError,
    CmeanError,
    ItemError,
    MediaError,
)
from cmean.evaluation.lengths import count_words
from cmean.media import files
from cmean.media.excerpts import excerpts
from cmean.media.uris import display, local_path
from cmean.stages import captioning, mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.items import Located
    from cmean.catalog.ledger import Claim, Work
    from cmean.domain import Picture, Recipe, Sound
    from cmean.pipeline.heartbeat import Heartbeat
    from cmean.protocols import Captioner, EmotionMapper

_RETRY_SECONDS = (0.2, 5.0)
"""First and longest pause while the database cannot be reached."""


@dataclass(frozen=True, slots=True)
class Station:
    """Where a worker works: its catalog, its row, its lease, its heartbeat."""

    catalog: Catalog
    worker_id: int
    lease_seconds: float
    heartbeat: Heartbeat


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that was done: its size, what became of it, and its fragments.

    `missing` of the failed ones had no file where the catalog says that it lies.
    """

    taken: int
    done: int
    failed: int
    missing: int
    seconds: float
    fragment_ids: tuple[int, ...]


def batches(
    station: Station,
    recipe_id: int,
    loaded: Loaded,
    stopped: Callable[[], bool],
    budget: int | None = None,
) -> Iterator[Batch]:
    """Do the ready tasks of one recipe, a batch at a time, until none is left or `stopped()`.

    Args:
        station: who does it.
        recipe_id: the recipe.
        loaded: its back-end, in memory.
        stopped: whether to stop; work that is not begun is then given back.
        budget: at most so many tasks.

    Raises:
        CatalogError: the catalog fails. What was not committed is done again by another.
    """

    def must_stop() -> bool:
        return stopped() or station.heartbeat.lost.is_set()

    taken = 0
    while not stopped():
        wanted = loaded.batch if budget is None else min(loaded.batch, budget - taken)
        if wanted < 1:
            return
        with station.catalog.write() as connection:
            claim = ledger.claim(
                connection, recipe_id, station.worker_id, wanted, station.lease_seconds
            )
        if claim is None:
            return
        started = time.perf_counter()
        with station.heartbeat.holding(claim.token, recipe_id, len(claim.work)):
            done, bad = _do(loaded, station, claim, must_stop)
        seconds = time.perf_counter() - started
        station.heartbeat.count(done, len(bad), seconds)
        taken += len(claim.work)
        fragment_ids = tuple(work.fragment_id for work in claim.work)
        missing = sum(error.reason == "missing" for error in bad.values())
        yield Batch(len(claim.work), done, len(bad), missing, seconds, fragment_ids)


def _do(
    loaded: Loaded, station: Station, claim: Claim, stopped: Callable[[], bool]
) -> tuple[int, Mapping[int, ItemError]]:
    """Do a claim; when an error concerns all of it, no task of it is to blame."""
    try:
        return loaded.do(station, claim, stopped)
    except CatalogUnavailableError:
        raise
    except CmeanError:
        with suppress(CatalogError), station.catalog.write() as connection:
            ledger.give_back(connection, claim.token)
        raise


def persist(
    catalog: Catalog, write: Callable[[Connection], int], stopped: Callable[[], bool]
) -> int:
    """Write in one transaction, again and again while the database server is away.

    What was worked out survives a restart of the server so. Should the first try have been
    committed after all, or the lease have run out meanwhile, the fence drops the second.
    """
    pause, longest = _RETRY_SECONDS
    while True:
        try:
            with catalog.write() as connection:
                return write(connection)
        except CatalogUnavailableError:
            if stopped():
                raise
            time.sleep(pause)
            pause = min(2 * pause, longest)


def load(recipe: Recipe, shared: Loaded | None = None) -> Loaded:
    """Bring a recipe's back-end into memory, or take the equal one that another work has there.

    Raises:
        CmeanError: it is not known or not installed here, or its weights are not there.
    """
    backend = (
        shared.backend
        if shared
        else registry.create(recipe.backend, recipe.role, recipe.parameters["backend"])
    )
    if shared is None:
        backend.load()
    if recipe.role is Role.CAPTIONER:
        return _CaptionWork(recipe, cast("Captioner", backend))
    return _EmotionWork(recipe, cast("EmotionMapper", backend))


class _CaptionWork:
    """Decodes each item once and captions the fragments of it that were claimed."""

    def __init__(self, recipe: Recipe, backend: Captioner) -> None:
        self.recipe = recipe
        self.backend = backend
        self.batch = registry.info(recipe.backend, recipe.role).batch

    def do(
        self, station: Station, claim: Claim, stopped: Callable[[], bool]
    ) -> tuple[int, Mapping[int, ItemError]]:
        """Caption a claim item by item; what is not begun when stopped is given back."""
        with station.catalog.read() as connection:
            where = item_rows.located(connection, [work.fragment_id for work in claim.work])
        by_item = groupby(claim.work, key=lambda work: where[work.fragment_id][1])
        outcomes: dict[int, Any] = {}
        for item, group in by_item:
            if stopped():
                break
            outcomes |= self._caption(item, [(w, where[w.fragment_id][0]) for w in group])
        good = {task: (c, count_words(c.text)) for task, c in _good(outcomes).items()}

        def write(connection: Connection) -> int:
            written = results.commit_captions(connection, claim, good)
            ledger.fail(connection, claim.token, _bad(outcomes))
            ledger.give_back(connection, claim.token)
            return written

        return persist(station.catalog, write, stopped), _bad(outcomes)

    def _caption(self, item: Located, work: list[tuple[Work, int]]) -> dict[int, Any]:
        try:
            media = _open(item, self.recipe.parameters["preprocessing"])
        except MediaError as error:
            return {task.task_id: error for task, _ in work}
        except MemoryError:
            failure = MediaError("out-of-memory", "decoding needs more memory", retryable=True)
            return {task.task_id: failure for task, _ in work}
        except CmeanError:
            raise  # of the recipe, not of the file
        except Exception as error:  # noqa: BLE001 - no file may end a worker
            failure = MediaError("decode-error", f"{type(error).__name__}: {error}", retryable=True)
            return {task.task_id: failure for task, _ in work}
        batch = [Excerpt(item.kind, position, media[position]) for _, position in work]
        outcomes = captioning.caption(self.backend, batch)
        return {task.task_id: found for (task, _), found in zip(work, outcomes, strict=True)}


class _EmotionWork:
    """Maps the captions that a claim is about."""

    def __init__(self, recipe: Recipe, backend: EmotionMapper) -> None:
        self.backend = backend
        self.batch = registry.info(recipe.backend, recipe.role).batch

    def do(
        self, station: Station, claim: Claim, stopped: Callable[[], bool]
    ) -> tuple[int, Mapping[int, ItemError]]:
        """Map a claim."""
        with station.catalog.read() as connection:
            captions = results.captions_to_map(connection, claim)
        found = mapping.map_captions(self.backend, [text for _, text in captions.values()])
        outcomes = dict(zip(captions, found, strict=True))
        good = {task: (captions[task][0], rgb) for task, rgb in _good(outcomes).items()}

        def write(connection: Connection) -> int:
            written = results.commit_emotions(connection, claim, good)
            ledger.fail(connection, claim.token, _bad(outcomes))
            return written

        return persist(station.catalog, write, stopped), _bad(outcomes)


Loaded = _CaptionWork | _EmotionWork
"""A recipe's back-end in memory, with what it takes to apply it."""


def _good(outcomes: Mapping[int, Any]) -> dict[int, Any]:
    return {task: found for task, found in outcomes.items() if not isinstance(found, ItemError)}


def _bad(outcomes: Mapping[int, Any]) -> dict[int, ItemError]:
    return {task: found for task, found in outcomes.items() if isinstance(found, ItemError)}


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
