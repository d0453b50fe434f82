"""The row of a pairing, typed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from cmean.domain import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingChoices:
    """What a pairing compares, and how: shared by a request and the row that comes of it.

    Attributes:
        profile: whose recipes.
        method: the matching method.
        vector: ``whole``, ``fragments`` or ``concatenated``.
        metric: ``cosine`` or ``euclidean``.
        space: what items are compared by: emotion triples, or the embeddings of an embedder.
        calibrate: how the vectors of each kind are calibrated.
        min_similarity: the minimum similarity of a pair; None: any.
        track_recipe_id: the emotion mapper's recipe of tracks.
        artwork_recipe_id: that of artworks.
        track_embedding_recipe_id: the embedder's recipe of tracks; None in the space of emotions.
        artwork_embedding_recipe_id: that of artworks.
    """

    profile: str
    method: str
    vector: str
    metric: str
    space: str = "emotion"
    calibrate: str = "none"
    min_similarity: float | None = None
    track_recipe_id: int
    artwork_recipe_id: int
    track_embedding_recipe_id: int | None = None
    artwork_embedding_recipe_id: int | None = None

    def recipe_id(self, kind: Kind) -> int:
        """Return the emotion mapper's recipe of a kind."""
        return self.track_recipe_id if kind is Kind.TRACK else self.artwork_recipe_id

    def embedding_recipe_id(self, kind: Kind) -> int | None:
        """Return the embedder's recipe of a kind; None in the space of emotions."""
        if kind is Kind.TRACK:
            return self.track_embedding_recipe_id
        return self.artwork_embedding_recipe_id

    @property
    def recipe_ids(self) -> list[int]:
        """The emotion mappers' recipes, of tracks and of artworks."""
        return [self.recipe_id(kind) for kind in Kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingColumns(PairingChoices):
    """The columns of a pairing that is not yet stored.

    Attributes:
        digest: of inputs and parameters: equal pairings are stored once.
        parent_id: the pairing that it extends.
        parameters: everything that determines it.
        pairs: number of pairs (of fragments: over all positions).
        unpaired_tracks: tracks without a partner.
        unpaired_artworks: artworks without one.
        below_floor: pairs not made because they would be below `min_similarity`.
        mean: mean similarity of the pairs.
        tenth_percentile: their 0.1 quantile.
        minimum: the smallest.
        maximum: the largest.
        null_mean: mean under random one-to-one pairing; None: the items' vectors are not known.
        null_sd: standard deviation of that mean.
        z: (mean − null_mean) / null_sd; None where the null does not vary or is not known.
        gap: upper bound of what the total similarity lacks of the optimum; None: not known.
    """

    digest: str
    parent_id: int | None = None
    parameters: Mapping[str, Any]
    pairs: int
    unpaired_tracks: int
    unpaired_artworks: int
    below_floor: int = 0
    mean: float
    tenth_percentile: float
    minimum: float
    maximum: float
    null_mean: float | None = None
    null_sd: float | None = None
    z: float | None = None
    gap: float | None = None

    def unpaired(self, kind: Kind) -> int:
        """Count the items (or fragments) of a kind that have no partner."""
        return self.unpaired_tracks if kind is Kind.TRACK else self.unpaired_artworks

    def as_columns(self) -> dict[str, Any]:
        """Return the values by column name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class PairingKey:
    """What identifies a stored pairing: its key here, and its digest in every catalog."""

    id: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingRow(PairingColumns):
    """A stored pairing.

    Attributes:
        id: its key.
        created_at: when it was stored.
    """

    id: int
    created_at: datetime

    @property
    def key(self) -> PairingKey:
        """What identifies it."""
        return PairingKey(self.id, self.digest)
