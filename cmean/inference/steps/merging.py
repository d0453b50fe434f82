"""The step that merges the captions of a long sound's windows into one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from cmean.catalog import captions
from cmean.inference import merging, structured_answers
from cmean.inference.batching import split_inputs
from cmean.inference.steps.captions import WritingStep
from cmean.inference.steps.step import PreparedTasks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cmean.catalog.engine import Catalog
    from cmean.catalog.job_queue import Claim
    from cmean.domain import Caption
    from cmean.inference.steps.step import Outcomes
    from cmean.protocols import LanguageModel


class MergingStep(WritingStep):
    """Merges the captions that have several windows; others are copied."""

    def prepare_claim(self, catalog: Catalog, claim: Claim) -> PreparedTasks:
        """Read the captions."""
        with catalog.read() as connection:
            found = captions.read_captions(connection, claim)
        several = {t: s.caption for t, s in found.items() if len(s.caption.windows) > 1}
        settled: dict[int, object] = {t: s.caption for t, s in found.items() if t not in several}
        parts = [
            partial(self._merge, part)
            for part in split_inputs(several, takes_batches=self.takes_batches)
        ]
        return PreparedTasks(parts, settled)

    def _merge(self, captions: Mapping[int, Caption], _stopped: Callable[[], bool]) -> Outcomes:
        merged = merging.merge_captions(
            structured_answers.make_asker(cast("LanguageModel", self.backend), self.batcher),
            self.recipe.parameters["prompt"],
            [merging.WindowCaptions(self.recipe.kind, each.windows) for each in captions.values()],
            merging.MergeOptions(**self.recipe.parameters["merging"]),
        )
        return dict(zip(captions, merged, strict=True))
