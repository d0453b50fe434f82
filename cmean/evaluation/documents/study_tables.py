"""Tables I to VI of the study as an evaluation holds them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from cmean.stats.coherence import Coherence, DescriptiveStatistics
from cmean.stats.text_lengths import TextLengths
from cmean.util.dataclass_json import make_json_options


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionLengthRow(TextLengths):
    """Lengths of captions in words, and how many captions ended for each finish reason."""

    finish_reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CaptionLengthTable:
    """Table I or II: captions of whole items, and of their four fragments joined."""

    total: CaptionLengthRow
    aggregated: CaptionLengthRow

    @property
    def rows(self) -> Mapping[str, CaptionLengthRow]:
        """Both rows by name."""
        return {"total": self.total, "aggregated": self.aggregated}


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarityRow(DescriptiveStatistics):
    """A distribution of similarities, and null distributions of its mean.

    Attributes:
        null_mean: the mean over random one-to-one pairings of the same items; None: unknown.
        null_sd: its standard deviation.
        z: how many standard deviations the mean lies above `null_mean`.
        p: one-sided, of the permutation test.
        resampled_mean: the mean over pairings by the same method of resampled vectors.
        resampled_sd: its standard deviation.
        constant_mean: the mean where one triple stands for all artworks.
        why: why something is None; empty where nothing is.
    """

    null_mean: float | None = None
    null_sd: float | None = None
    z: float | None = None
    p: float | None = None
    resampled_mean: float | None = None
    resampled_sd: float | None = None
    constant_mean: float | None = None
    why: str = ""

    @classmethod
    def from_coherence(cls, found: Coherence) -> Self:
        """Flatten a distribution and its nulls."""
        return cls(**found.as_dict())

    @property
    def has_null(self) -> bool:
        """Whether the vectors behind the similarities are known, and so their null."""
        return self.null_mean is not None


@dataclass(frozen=True, slots=True)
class CoherenceTable:
    """Table V: similarities of the pairs by name of the row, and the numbers of unpaired items."""

    rows: Mapping[str, SimilarityRow] = field(metadata=make_json_options(inline=True))
    unpaired_tracks: int
    unpaired_artworks: int


@dataclass(frozen=True, slots=True)
class StudyTables:
    """The study's tables of a pairing; of embeddings None where these are missing."""

    track_caption_lengths: CaptionLengthTable = field(metadata=make_json_options("I"))
    artwork_caption_lengths: CaptionLengthTable = field(metadata=make_json_options("II"))
    coherence: CoherenceTable = field(metadata=make_json_options("V"))
    track_caption_similarity: Mapping[str, SimilarityRow] | None = field(
        metadata=make_json_options("III")
    )
    artwork_caption_similarity: Mapping[str, SimilarityRow] | None = field(
        metadata=make_json_options("IV")
    )
    pair_media_similarity: Mapping[str, SimilarityRow] | None = field(
        metadata=make_json_options("VI")
    )

    @property
    def embedding_similarity(self) -> Mapping[str, Mapping[str, SimilarityRow] | None]:
        """The tables that need embeddings, by number; None where these are missing."""
        return {
            "III": self.track_caption_similarity,
            "IV": self.artwork_caption_similarity,
            "VI": self.pair_media_similarity,
        }
