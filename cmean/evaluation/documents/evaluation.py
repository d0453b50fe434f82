"""The evaluation of a pairing, and several evaluations compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cmean.evaluation.documents.label_tables import LabelValidity
from cmean.evaluation.documents.rating_tables import RatingSummary
from cmean.evaluation.documents.study_tables import StudyTables
from cmean.stats.sampling import SamplingOptions
from cmean.util.dataclass_json import make_json_options


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationDocument:
    """What `cmean evaluate --json` prints, the catalog stores and the report shows.

    Attributes:
        pairing: the pairing's id.
        method: by which it was made.
        vector: what of an item was paired: whole, fragments or concatenated.
        metric: cosine or euclidean.
        calibrate: none or quantile.
        min_similarity: the minimum similarity of a pair; None: any.
        space: of the vectors.
        profile: of its recipes.
        pairs: how many.
        mean: of the similarities, as the next two.
        tenth_percentile: None of published pairs whose similarities are not known.
        minimum: of them.
        null_mean: the mean over random one-to-one pairings; None where vectors are not known.
        null_sd: its standard deviation.
        z: of `mean`.
        resampled_mean: the mean over pairings by the same method of resampled vectors.
        resampled_sd: its standard deviation.
        sampling: behind all nulls and intervals.
        tables: of the study.
        caption_models: the weights of the embedders of captions, by kind; none where there are no
            embeddings.
        finish_reasons: how captions ended, by kind and reason.
        labels: by the name of the label set.
        ratings: None where no pair is rated.
    """

    pairing: int
    method: str
    vector: str
    metric: str
    calibrate: str
    min_similarity: float | None
    space: str
    profile: str
    pairs: int
    mean: float
    tenth_percentile: float | None
    minimum: float
    null_mean: float | None
    null_sd: float | None
    z: float | None
    resampled_mean: float | None
    resampled_sd: float | None
    sampling: SamplingOptions = field(metadata=make_json_options("nulls"))
    tables: StudyTables
    caption_models: Mapping[str, str]
    finish_reasons: Mapping[str, Mapping[str, int]]
    labels: Mapping[str, LabelValidity]
    ratings: RatingSummary | None


@dataclass(frozen=True, slots=True)
class PairingOverlap:
    """Pairs that two pairings share.

    Attributes:
        pairings: the ids of both.
        shared: how many pairs; None where they pair different things, see `why`.
        of: the number of pairs of the smaller one.
        expected_by_chance: how many would be shared if the second were random.
        why: why there is no number; empty where there is.
    """

    pairings: Sequence[int]
    shared: int | None
    of: int
    expected_by_chance: float | None
    why: str


@dataclass(frozen=True, slots=True)
class ComparisonDocument:
    """Several evaluations, and the overlap of each two pairings."""

    pairings: Sequence[EvaluationDocument]
    overlap: Sequence[PairingOverlap]
