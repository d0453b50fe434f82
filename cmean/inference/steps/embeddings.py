"""The step that embeds fragments or captions."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cmean.catalog import captions, results
from cmean.domain import Excerpt
from cmean.errors import ItemError
from cmean.inference import embedding
from cmean.inference.steps.step import PreparedTasks, Step
from cmean.media.excerpts import decode_items

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.job_queue import Claim
    from cmean.inference.steps.step import Outcomes, Outputs
    from cmean.protocols import Embedder


class EmbeddingStep(Step):
    """Embeds media or, where the recipe reads captions, texts."""

    def prepare_claim(self, catalog: Catalog, claim: Claim) -> PreparedTasks:
        """Decode the media, or read the captions."""
        if "preprocessing" in self.recipe.parameters:
            return self._prepare_media(catalog, claim)
        return self._prepare_texts(catalog, claim)

    def write_results(self, connection: Connection, claim: Claim, outputs: Outputs) -> int:
        """Write the vectors of the tasks that are still held."""
        return results.commit_embeddings(connection, claim, outputs)

    @property
    def _embedder(self) -> Embedder:
        return cast("Embedder", self.backend)

    def _prepare_media(self, catalog: Catalog, claim: Claim) -> PreparedTasks:
        with catalog.read() as connection:
            located = results.locate_tasks(connection, claim.work)
        decoded = decode_items(list(located), self.recipe.parameters["preprocessing"], self.threads)
        errors: dict[int, ItemError] = {}
        excerpts: dict[int, Excerpt] = {}
        for (item, positions), media in zip(located.items(), decoded, strict=True):
            for task, position in positions.items():
                if isinstance(media, ItemError):
                    errors[task] = media
                else:
                    excerpts[task] = Excerpt(item.kind, position, media[position])

        def run(_is_stopped: Callable[[], bool]) -> Outcomes:
            vectors = embedding.embed_excerpts(
                self._embedder, self.batcher, list(excerpts.values())
            )
            return {
                task: vector if isinstance(vector, ItemError) else (None, vector)
                for task, vector in zip(excerpts, vectors, strict=True)
            }

        return PreparedTasks([run], errors)

    def _prepare_texts(self, catalog: Catalog, claim: Claim) -> PreparedTasks:
        with catalog.read() as connection:
            texts = captions.read_caption_texts(connection, claim)

        def run(_is_stopped: Callable[[], bool]) -> Outcomes:
            vectors = embedding.embed_texts(
                self._embedder, self.batcher, [text for _, text in texts.values()]
            )
            return {
                task: vector if isinstance(vector, ItemError) else (caption_id, vector)
                for (task, (caption_id, _)), vector in zip(texts.items(), vectors, strict=True)
            }

        return PreparedTasks([run])
