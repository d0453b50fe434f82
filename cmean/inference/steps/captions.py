"""The step that captions fragments, and what all steps that write captions have in common."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from cmean.catalog import captions, results
from cmean.domain import WHOLE, FinishReason
from cmean.errors import ItemError
from cmean.inference.batching import split_inputs
from cmean.inference.caption_tasks import CaptionTask
from cmean.inference.captioning import CaptionBatch
from cmean.inference.recipes import CONTINUE
from cmean.inference.steps.step import PreparedTasks, Step
from cmean.media.excerpts import decode_items
from cmean.media.tags import clean_text
from cmean.util import language

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.items import LocatedItem
    from cmean.catalog.job_queue import Claim
    from cmean.domain import Caption, Picture, Recipe, Sound
    from cmean.inference.batching import Batcher
    from cmean.inference.steps.step import Outcomes, RunPart
    from cmean.protocols import Backend, Captioner


_USUAL_METADATA: Final = ("title", "creator")
"""What a captioner is told where a profile says no more than `metadata = true`."""


class WritingStep(Step):
    """A step whose results are captions."""

    def __init__(self, recipe: Recipe, backend: Backend, batcher: Batcher | None = None) -> None:
        super().__init__(recipe, backend, batcher)
        if self.prefetches:
            # Now rather than with the first caption, for which the model would wait.
            language.load_language_identifier()

    def complete_results(self, outputs: Mapping[int, Caption]) -> dict[int, Caption]:
        """Add the language of each caption."""
        return {task: _identify_language(caption) for task, caption in outputs.items()}

    def write_results(
        self, connection: Connection, claim: Claim, outputs: Mapping[int, Caption]
    ) -> int:
        """Write the captions of the tasks that are still held."""
        return results.commit_captions(connection, claim, outputs)


def _identify_language(caption: Caption) -> Caption:
    if caption.language:
        return caption
    return replace(caption, language=language.detect_language(caption.text))


class CaptionStep(WritingStep):
    """Captions fragments, or continues captions that were cut by their token limit."""

    def prepare_claim(self, catalog: Catalog, claim: Claim) -> PreparedTasks:
        """Decode the media and run the captioner's preprocessing."""
        earlier = self._read_earlier(catalog, claim)
        outcomes: dict[int, Caption | ItemError] = {
            task: caption
            for task, caption in earlier.items()
            if caption.finish_reason is FinishReason.STOP  # complete: copied as it is
        }
        with catalog.read() as connection:
            work = [each for each in claim.work if each.task_id not in outcomes]
            located = results.locate_tasks(connection, work)
        decoded = decode_items(list(located), self.recipe.parameters["preprocessing"], self.threads)
        tasks: dict[int, CaptionTask] = {}
        for (item, positions), media in zip(located.items(), decoded, strict=True):
            for task, position in positions.items():
                if isinstance(media, ItemError):
                    outcomes[task] = media
                else:
                    tasks[task] = self._make_task(item, position, media, earlier.get(task))
        parts = [
            self._prepare_part(part)
            for part in split_inputs(tasks, takes_batches=self.takes_batches)
        ]
        return PreparedTasks(parts, outcomes)

    def _prepare_part(self, tasks: Mapping[int, CaptionTask]) -> RunPart:
        batch = CaptionBatch(cast("Captioner", self.backend), self.batcher, list(tasks.values()))
        batch.prepare()

        def run(is_stopped: Callable[[], bool]) -> Outcomes:
            written = zip(tasks, batch.run(is_stopped), strict=True)
            return {task: found for task, found in written if found is not None}

        return run

    def _read_earlier(self, catalog: Catalog, claim: Claim) -> dict[int, Caption]:
        """Read the captions that are to be continued, by task."""
        if self.recipe.parameters.get("step") != CONTINUE:
            return {}
        with catalog.read() as connection:
            found = captions.read_captions(connection, claim)
        return {task: stored.caption for task, stored in found.items()}

    def _make_task(
        self,
        item: LocatedItem,
        position: int,
        media: list[Sound] | list[Picture],
        earlier: Caption | None,
    ) -> CaptionTask:
        return CaptionTask(
            kind=item.kind,
            position=position,
            media=media[position],
            template=self.recipe.parameters.get("prompt", ""),
            metadata=_select_metadata(item, self.recipe.parameters.get("metadata")),
            earlier=earlier,
            whole=media[WHOLE],
        )


def _select_metadata(item: LocatedItem, wanted: Sequence[str] | bool | None) -> dict[str, str]:
    """Select what is known of an item under some names; True: under the usual ones.

    Only the item's own facts: its labels are what captions are evaluated by.
    """
    names = _USUAL_METADATA if wanted is True else wanted or ()
    known = {name.lower(): clean_text(str(value)) for name, value in item.metadata.items()}
    known |= {"title": item.title, "creator": item.creator, "year": item.year}
    return {name: fact for name in names if (fact := known.get(name.lower()))}
