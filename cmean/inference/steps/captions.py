"""Captioning, and going on with captions that were cut."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from cmean.catalog import captions, results
from cmean.domain import FinishReason
from cmean.errors import ItemError
from cmean.inference.captioning import Assignment, Captioning
from cmean.inference.recipes import CONTINUE
from cmean.inference.steps.media import opened
from cmean.inference.steps.step import Step
from cmean.stats.text_lengths import count_words
from cmean.util import language

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.job_queue import Claim
    from cmean.domain import Caption, Recipe
    from cmean.inference.batching import Batcher
    from cmean.inference.steps.media import Opened
    from cmean.inference.steps.step import Outcomes, Outputs, RunClaim
    from cmean.protocols import Backend, Captioner


class WritingStep(Step):
    """What has captions as its results."""

    def __init__(self, recipe: Recipe, backend: Backend, batcher: Batcher | None = None) -> None:
        super().__init__(recipe, backend, batcher)
        if self.prefetches:
            language.load()  # here rather than in the middle of work, when the model would wait

    def complete_results(self, outputs: Outputs) -> Outputs:
        """Captions with their language and their number of words."""
        return {task: _told(found) for task, found in outputs.items()}

    def write_results(self, connection: Connection, claim: Claim, outputs: Outputs) -> int:
        """Write the captions of the tasks that are still held."""
        return results.commit_captions(connection, claim, outputs)


def _told(found: Caption) -> tuple[Caption, int]:
    if not found.language:
        found = replace(found, language=language.language_of(found.text))
    return found, count_words(found.text)


class CaptionStep(WritingStep):
    """Captions the fragments of a claim, item by item."""

    def prepare_claim(self, catalog: Catalog, claim: Claim) -> RunClaim:
        """Decode and preprocess. A caption that was not cut is taken over as it is."""
        earlier = self._earlier(catalog, claim)
        settled: dict[int, object] = {
            task: found
            for task, found in earlier.items()
            if found.finish_reason is FinishReason.STOP
        }
        work = tuple(each for each in claim.work if each.task_id not in settled)
        media = opened(catalog, work, self.recipe.parameters["preprocessing"], self.threads)
        settled |= {task: found for task, found in media.items() if isinstance(found, ItemError)}
        open_ = {task: found for task, found in media.items() if not isinstance(found, ItemError)}
        captioning = Captioning(
            cast("Captioner", self.backend),
            self.batcher,
            [self._assignment(found, earlier.get(task)) for task, found in open_.items()],
        )
        captioning.prepare()

        def run(stopped: Callable[[], bool]) -> Outcomes:
            written = zip(open_, captioning.carry_out(stopped), strict=True)
            return settled | {task: found for task, found in written if found is not None}

        return run

    def _earlier(self, catalog: Catalog, claim: Claim) -> dict[int, Caption]:
        """The captions that are to be gone on with, by task."""
        if self.recipe.parameters.get("step") != CONTINUE:
            return {}
        with catalog.read() as connection:
            found = captions.stored(connection, claim)
        return {task: stored.caption for task, stored in found.items()}

    def _assignment(self, found: Opened, earlier: Caption | None) -> Assignment:
        told = found.item if self.recipe.parameters.get("metadata") else None
        return Assignment(
            kind=found.item.kind,
            position=found.position,
            media=found.media,
            template=self.recipe.parameters.get("prompt", ""),
            title=told.title if told else None,
            creator=told.creator if told else None,
            earlier=earlier,
            whole=found.whole,
        )
