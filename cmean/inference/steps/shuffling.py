"""The step of a control that gives each item the captions of another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cmean.catalog import captions, items
from cmean.errors import CaptionError
from cmean.failure_reasons import FailureReason
from cmean.inference import shuffling
from cmean.inference.steps.captions import WritingStep
from cmean.inference.steps.step import PreparedTasks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cmean.catalog.captions import ControlItem
    from cmean.catalog.engine import Catalog
    from cmean.catalog.job_queue import Claim
    from cmean.domain import Recipe
    from cmean.inference.batching import Batcher
    from cmean.protocols import Backend


class ShufflingStep(WritingStep):
    """Permutes the captions of a kind's items, all five of an item going to one other.

    The donor of an item depends only on the items whose tasks were entered before or at the same
    time. So neither batches nor workers nor repetition change it, and stored results stay valid
    when items are added later. Only an item that had no other at that time takes a donor from those
    added since.
    """

    def __init__(self, recipe: Recipe, backend: Backend, batcher: Batcher | None = None) -> None:
        super().__init__(recipe, backend, batcher)
        self._known: Mapping[int, ControlItem] = {}
        self._donors: dict[datetime, dict[int, int]] = {}

    def prepare_claim(self, catalog: Catalog, claim: Claim) -> PreparedTasks:
        """Find the donors, and read their captions."""
        with catalog.read() as connection:
            where = items.locate_fragments(connection, [work.fragment_id for work in claim.work])
            mine = {item.id for _, item in where.values()}
            if not mine <= self._known.keys():
                self._known = captions.read_control_items(connection, claim.recipe_id)
            donor = {item_id: self._find_donor(item_id) for item_id in mine}
            if alone := [item_id for item_id, donor_id in donor.items() if donor_id is None]:
                since = shuffling.assign_donors(
                    captions.read_item_keys(connection, claim.recipe_id), self._seed
                )
                donor |= {item_id: since.get(item_id) for item_id in alone}
            wanted = [item_id for item_id in donor.values() if item_id is not None]
            theirs = captions.read_donor_captions(connection, claim.recipe_id, wanted)
        outcomes: dict[int, object] = {}
        for work in claim.work:
            position, item = where[work.fragment_id]
            donor_id = donor[item.id]
            if donor_id is None:
                outcomes[work.task_id] = CaptionError(
                    FailureReason.NO_DONOR,
                    f"there is no other {self.recipe.kind.value} with all five captions to get "
                    "them from: ingest another, then: cmean retry",
                    retryable=True,
                )
                continue
            outcomes[work.task_id] = replace(
                theirs[donor_id, position], measurements={"donor": donor_id}, seconds=None
            )
        return PreparedTasks([], outcomes)

    @property
    def _seed(self) -> int:
        return int(self.recipe.parameters["seed"])

    def _find_donor(self, item_id: int) -> int | None:
        """Find the donor among the items that were entered by then; None for the only one."""
        till = self._known[item_id].entered
        if till not in self._donors:
            keys = {each: item.key for each, item in self._known.items() if item.entered <= till}
            self._donors[till] = shuffling.assign_donors(keys, self._seed)
        return self._donors[till].get(item_id)
