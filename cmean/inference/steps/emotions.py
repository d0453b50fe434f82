"""The step that maps captions to emotion triples, by a mapper or a language model."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from cmean.catalog import captions, results
from cmean.domain import WHOLE
from cmean.errors import ItemError
from cmean.inference import mapping, structured_answers
from cmean.inference.batching import split_inputs
from cmean.inference.steps.step import PreparedTasks, Step
from cmean.protocols import LanguageModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.job_queue import Claim
    from cmean.domain import RGB
    from cmean.inference.steps.step import Outcomes, Outputs
    from cmean.protocols import EmotionMapper


class EmotionStep(Step):
    """Maps captions one by one, or all captions of an item in one question."""

    def prepare_claim(self, catalog: Catalog, claim: Claim) -> PreparedTasks:
        """Read the captions; where an item is mapped as a whole, all of its captions."""
        options = self.recipe.parameters.get("mapping", {})
        if options.get("together") and isinstance(self.backend, LanguageModel):
            return self._prepare_together(catalog, claim, self.backend)
        return self._prepare_single(catalog, claim)

    def write_results(self, connection: Connection, claim: Claim, outputs: Outputs) -> int:
        """Write the triples of the tasks that are still held."""
        return results.commit_emotions(connection, claim, outputs)

    def map_texts(self, texts: Sequence[str]) -> list[RGB | ItemError]:
        """Map captions one by one. A caption that fails affects no other."""
        if isinstance(self.backend, LanguageModel):
            found = self._ask(self.backend, [{WHOLE: text} for text in texts])
            return [triples[WHOLE] for triples in found]
        return mapping.map_captions(cast("EmotionMapper", self.backend), texts)

    def _prepare_single(self, catalog: Catalog, claim: Claim) -> PreparedTasks:
        with catalog.read() as connection:
            found = captions.read_caption_texts(connection, claim)

        parts = split_inputs(found, takes_batches=self.takes_batches)
        return PreparedTasks([partial(self._map, part) for part in parts])

    def _map(
        self, captions: Mapping[int, tuple[int, str]], _stopped: Callable[[], bool]
    ) -> Outcomes:
        triples = self.map_texts([text for _, text in captions.values()])
        return {
            task: triple if isinstance(triple, ItemError) else (caption_id, triple)
            for (task, (caption_id, _)), triple in zip(captions.items(), triples, strict=True)
        }

    def _prepare_together(
        self, catalog: Catalog, claim: Claim, model: LanguageModel
    ) -> PreparedTasks:
        """Ask one question an item, and keep the triples of the claimed tasks."""
        with catalog.read() as connection:
            items = captions.read_captions_of_items(connection, claim)
        task_of = {work.fragment_id: work.task_id for work in claim.work}
        parts = split_inputs(items, takes_batches=self.takes_batches)
        return PreparedTasks([partial(self._map_together, model, task_of, p) for p in parts])

    def _map_together(
        self,
        model: LanguageModel,
        task_of: Mapping[int, int],
        items: Mapping[int, Mapping[int, tuple[int, int, str]]],
        _stopped: Callable[[], bool],
    ) -> Outcomes:
        groups = [
            {position: text for position, (*_, text) in found.items()} for found in items.values()
        ]
        outcomes: dict[int, object] = {}
        for found, triples in zip(items.values(), self._ask(model, groups), strict=True):
            for position, (fragment_id, caption_id, _) in found.items():
                triple = triples[position]
                if fragment_id in task_of:
                    good = not isinstance(triple, ItemError)
                    outcomes[task_of[fragment_id]] = (caption_id, triple) if good else triple
        return outcomes

    def _ask(
        self, model: LanguageModel, groups: Sequence[Mapping[int, str]]
    ) -> list[dict[int, RGB | ItemError]]:
        """Ask for the triples of each group of captions, by position."""
        return mapping.map_by_language_model(
            structured_answers.make_asker(model, self.batcher),
            self.recipe.parameters["prompt"],
            [mapping.ItemCaptions(self.recipe.kind, texts) for texts in groups],
            mapping.MappingOptions(**self.recipe.parameters["mapping"]),
        )
