"""The step that merges the captions of a long sound's windows into one."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cmean.catalog import captions
from cmean.inference import merging, structured_answers
from cmean.inference.steps.captions import WritingStep

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmean.catalog.engine import Catalog
    from cmean.catalog.job_queue import Claim
    from cmean.inference.steps.step import Outcomes, RunClaim
    from cmean.protocols import LanguageModel


class MergingStep(WritingStep):
    """Merges the captions that have several windows; others are copied."""

    def prepare_claim(self, catalog: Catalog, claim: Claim) -> RunClaim:
        """Read the captions."""
        with catalog.read() as connection:
            found = captions.read_captions(connection, claim)
        several = {t: s.caption for t, s in found.items() if len(s.caption.windows) > 1}
        settled: dict[int, object] = {t: s.caption for t, s in found.items() if t not in several}

        def run(_stopped: Callable[[], bool]) -> Outcomes:
            merged = merging.merge_captions(
                structured_answers.make_asker(cast("LanguageModel", self.backend), self.batcher),
                self.recipe.parameters["prompt"],
                [
                    merging.WindowCaptions(self.recipe.kind, each.windows)
                    for each in several.values()
                ],
                merging.MergeOptions(**self.recipe.parameters["merging"]),
            )
            return settled | dict(zip(several, merged, strict=True))

        return run
