"""What an evaluation holds about one label set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cmean.stats.estimate import Estimate
from cmean.stats.null_distribution import NullComparison
from cmean.util.dataclass_json import make_json_options


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAssociation(Estimate):
    """The association of one emotion channel with one label dimension or category.

    Attributes:
        dimension: of the labels.
        category: the category that is compared with all others; None: labels are numbers.
        channel: a name of `CHANNELS`.
        expected: the sign that the channel's meaning implies, "+" or "−"; empty: none.
        statistic: "Spearman" or "AUC".
        null: the value without association.
        p: two-sided, of the permutation test; None where the value is undefined.
    """

    dimension: str
    category: str | None
    channel: str
    expected: str
    statistic: str
    null: float
    p: float | None


@dataclass(frozen=True, slots=True)
class OmittedCategories:
    """Categories of a dimension that were not compared: some by name, how many in all, and why."""

    dimension: str
    categories: Sequence[str]
    count: int
    why: str


@dataclass(frozen=True, slots=True)
class ChannelValidity:
    """The associations of one kind's triples with the labels."""

    rows: Sequence[ChannelAssociation]
    left_out: Sequence[OmittedCategories]


@dataclass(frozen=True, slots=True)
class ResampledAgreement:
    """A statistic over pairings of resampled vectors; `mean` and `sd` are None where undefined."""

    mean: float | None
    sd: float | None
    resamples: int
    why: str


@dataclass(frozen=True, slots=True)
class ConstantAgreement:
    """A statistic where one label stands for all artworks; `value` is None where undefined."""

    value: float | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAgreement(Estimate):
    """The agreement of a dimension across the pairs, and its null models.

    Attributes:
        dimension: of the labels.
        statistic: "Spearman", "difference" or "equal".
        random: comparison with random one-to-one pairings; None where the value is undefined, as
            are the next two.
        resampled: the statistic over pairings of resampled vectors.
        constant: the statistic where one label stands for all artworks.
    """

    dimension: str
    statistic: str
    random: NullComparison | None = field(default=None, metadata=make_json_options(omit_none=True))
    resampled: ResampledAgreement | None = field(
        default=None, metadata=make_json_options(omit_none=True)
    )
    constant: ConstantAgreement | None = field(
        default=None, metadata=make_json_options(omit_none=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalFigure(Estimate):
    """A retrieval statistic, and its expectation under random ranks."""

    chance: float | None


@dataclass(frozen=True, slots=True)
class RetrievalDirection:
    """Retrieval of labelled partners in one direction.

    Attributes:
        queries: the kind of the items that search.
        targets: the kind of the items that are searched.
        labelled_pairs: how many pairs the label set has.
        figures: R@1, R@5, R@10 and MRR by name; empty where nothing could be searched.
        permuted: comparison of MRR with that of queries whose partners are permuted.
        why: why there are no figures; empty where there are.
    """

    queries: str
    targets: str
    labelled_pairs: int
    figures: Mapping[str, RetrievalFigure]
    permuted: NullComparison | None
    why: str


@dataclass(frozen=True, slots=True)
class LabelValidity:
    """A pairing and its triples compared with one label set.

    Attributes:
        name: of the label set.
        triples: validity of the channels, by kind; only kinds that have labels.
        agreement: across the pairs, for each dimension that both kinds have.
        retrieval: both directions; empty without labelled pairs.
    """

    name: str
    triples: Mapping[str, ChannelValidity]
    agreement: Sequence[LabelAgreement]
    retrieval: Sequence[RetrievalDirection]
