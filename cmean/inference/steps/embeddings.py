"""Embedding: of the media of a claim, or of its captions."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cmean.catalog import captions, results
from cmean.domain import Excerpt
from cmean.errors import ItemError
from cmean.inference import embedding
from cmean.inference.steps.media import opened
from cmean.inference.steps.step import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.job_queue import Claim
    from cmean.inference.steps.step import Outcomes, Outputs, RunClaim
    from cmean.protocols import Embedder


class EmbeddingStep(Step):
    """Embeds media, or, where the recipe reads captions, texts."""

    def prepare_claim(self, catalog: Catalog, claim: Claim) -> RunClaim:
        """Decode the media, or read the captions."""
        if "preprocessing" in self.recipe.parameters:
            return self._of_media(catalog, claim)
        with catalog.read() as connection:
            texts = captions.texts(connection, claim)

        def run(_stopped: Callable[[], bool]) -> Outcomes:
            said = [text for _, text in texts.values()]
            found = embedding.embed_texts(self._embedder, self.batcher, said)
            return {
                task: vector if isinstance(vector, ItemError) else (caption_id, vector)
                for (task, (caption_id, _)), vector in zip(texts.items(), found, strict=True)
            }

        return run

    def write_results(self, connection: Connection, claim: Claim, outputs: Outputs) -> int:
        """Write the vectors of the tasks that are still held."""
        return results.commit_embeddings(connection, claim, outputs)

    @property
    def _embedder(self) -> Embedder:
        return cast("Embedder", self.backend)

    def _of_media(self, catalog: Catalog, claim: Claim) -> RunClaim:
        media = opened(catalog, claim.work, self.recipe.parameters["preprocessing"], self.threads)
        settled = {task: found for task, found in media.items() if isinstance(found, ItemError)}
        excerpts = {
            task: Excerpt(found.item.kind, found.position, found.media)
            for task, found in media.items()
            if not isinstance(found, ItemError)
        }

        def run(_stopped: Callable[[], bool]) -> Outcomes:
            found = embedding.embed(self._embedder, self.batcher, list(excerpts.values()))
            return settled | {
                task: vector if isinstance(vector, ItemError) else (None, vector)
                for task, vector in zip(excerpts, found, strict=True)
            }

        return run
