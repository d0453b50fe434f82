"""One worker: claims batches of one recipe's tasks, does them, commits, until nothing is ready."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, Any

from cmean.backends import registry
from cmean.catalog import items as item_rows
from cmean.catalog import ledger, results, workers
from cmean.domain import Excerpt, Role
from cmean.errors import CatalogError, ItemError, MediaError
from cmean.evaluation.lengths import count_words
from cmean.media import files
from cmean.media.excerpts import excerpts
from cmean.media.uris import local_path
from cmean.stages import captioning, mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cmean.catalog.engine import Catalog
    from cmean.catalog.items import Located
    from cmean.catalog.ledger import Claim, Work
    from cmean.domain import Picture, Recipe, Sound
    from cmean.protocols import Captioner, EmotionMapper


def drain(
    catalog: Catalog,
    recipe_id: int,
    recipe: Recipe,
    worker_id: int,
    *,
    lease_seconds: float,
    budget: int,
    stopped: Callable[[], bool],
) -> int:
    """Do the ready tasks of one recipe until none is left, `budget` are taken, or `stopped()`.

    Returns:
        How many tasks were taken.

    Raises:
        CatalogError: the catalog fails. What was not committed is done again by the next run.
    """
    work = _CaptionWork(recipe) if recipe.role is Role.CAPTIONER else _EmotionWork(recipe)
    batch = registry.info(recipe.backend).batch
    taken = 0
    work.backend.load()
    try:
        while taken < budget and not stopped():
            wanted = min(batch, budget - taken)
            with catalog.write() as connection:
                claim = ledger.claim(connection, recipe_id, worker_id, wanted, lease_seconds)
            if claim is None:
                break
            taken += len(claim.work)
            with _renewed(catalog, claim, worker_id, lease_seconds):
                work.do(catalog, claim, stopped)
    finally:
        work.backend.unload()
    return taken


@contextmanager
def _renewed(
    catalog: Catalog, claim: Claim, worker_id: int, lease_seconds: float
) -> Iterator[None]:
    """Renew the lease from a thread, at a third of its length, while the block works."""
    finished = threading.Event()

    def renew() -> None:
        while not finished.wait(lease_seconds / 3):
            try:
                with catalog.write() as connection:
                    workers.beat(connection, worker_id, claim.recipe_id)
                    if not ledger.renew(connection, claim.token, lease_seconds):
                        return  # it was given to another; the fence drops what comes of it
            except CatalogError:
                continue  # the commit will say it, or the next renewal succeeds

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()


class _CaptionWork:
    """Decodes each item once and captions the fragments of it that were claimed."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.backend: Captioner = registry.captioner(recipe.backend, recipe.parameters["backend"])

    def do(self, catalog: Catalog, claim: Claim, stopped: Callable[[], bool]) -> None:
        """Caption a claim item by item; what is not begun when stopped is given back."""
        with catalog.read() as connection:
            where = item_rows.located(connection, [work.fragment_id for work in claim.work])
        by_item = groupby(claim.work, key=lambda work: where[work.fragment_id][1])
        outcomes: dict[int, Any] = {}
        for item, group in by_item:
            if stopped():
                break
            outcomes |= self._caption(item, [(w, where[w.fragment_id][0]) for w in group])
        good = {task: (c, count_words(c.text)) for task, c in _good(outcomes).items()}
        with catalog.write() as connection:
            results.commit_captions(connection, claim, good)
            ledger.fail(connection, claim.token, _bad(outcomes))
            ledger.give_back(connection, claim.token)

    def _caption(self, item: Located, work: list[tuple[Work, int]]) -> dict[int, Any]:
        try:
            media = _open(item, self.recipe.parameters["preprocessing"])
        except MediaError as error:
            return {task.task_id: error for task, _ in work}
        except MemoryError:
            failure = MediaError("out-of-memory", "decoding needs more memory", retryable=True)
            return {task.task_id: failure for task, _ in work}
        batch = [Excerpt(item.kind, position, media[position]) for _, position in work]
        outcomes = captioning.caption(self.backend, batch)
        return {task.task_id: found for (task, _), found in zip(work, outcomes, strict=True)}


class _EmotionWork:
    """Maps the captions that a claim is about."""

    def __init__(self, recipe: Recipe) -> None:
        self.backend: EmotionMapper = registry.mapper(recipe.backend, recipe.parameters["backend"])

    def do(self, catalog: Catalog, claim: Claim, _stopped: Callable[[], bool]) -> None:
        """Map a claim."""
        with catalog.read() as connection:
            captions = results.captions_to_map(connection, claim)
        found = mapping.map_captions(self.backend, [text for _, text in captions.values()])
        outcomes = dict(zip(captions, found, strict=True))
        good = {task: (captions[task][0], rgb) for task, rgb in _good(outcomes).items()}
        with catalog.write() as connection:
            results.commit_emotions(connection, claim, good)
            ledger.fail(connection, claim.token, _bad(outcomes))


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
        detail = f"{path} cannot be read: {error.strerror}"
        raise MediaError("missing", detail, retryable=True) from error
    unchanged = (status.st_size, status.st_mtime) == (item.bytes, item.modified)
    if not unchanged and files.sha256(path) != item.sha256:
        raise MediaError("changed", f"{path} is not the file that was ingested; ingest it again")
    return excerpts(path, item.kind, preprocessing)
