"""What an evaluation holds about people's ratings of the pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cmean.stats.estimate import Estimate
from cmean.stats.null_distribution import NullComparison


@dataclass(frozen=True, slots=True)
class CongruenceComparison:
    """Mean congruence (1 to 5) of the pairs compared with that of random pairs.

    Attributes:
        mean: of the pairs.
        control_mean: of random pairs of the same items.
        difference: of both; None without ratings of random pairs.
        null: comparison of the difference with its permutation null.
        rated_pairs: how many pairs were rated.
        rated_controls: how many random pairs were rated.
        raters: how many people rated pairs.
    """

    mean: Estimate
    control_mean: Estimate
    difference: float | None
    null: NullComparison
    rated_pairs: int
    rated_controls: int
    raters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CongruenceCorrelation(Estimate):
    """Spearman's correlation of a pair's mean congruence with its similarity."""

    null: NullComparison


@dataclass(frozen=True, slots=True)
class BinomialNull:
    """Comparison of a share with that of a fair coin; None where there is no answer."""

    mean: float
    sd: float | None
    z: float | None
    p: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceShare:
    """How often the pair was preferred to the same track with a random artwork."""

    won: int
    win_rate: Estimate
    null: BinomialNull


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPreferenceShare(PreferenceShare):
    """The same with each pair counted once, by the majority of its answers; ties are left out."""

    tied: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceSummary(PreferenceShare):
    """Preferences over all answers and over pairs."""

    pairs: PairPreferenceShare
    rated_pairs: int
    raters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RaterAgreement(Estimate):
    """Krippendorff's alpha; `units` were rated by two raters or more."""

    units: int


@dataclass(frozen=True, slots=True)
class RaterSummary:
    """What one rater did; `mean` and `std` are of congruence over pairs and random pairs."""

    rater: str
    pairs: int
    controls: int
    mean: float | None
    std: float | None
    choices: int
    won: int
    median_seconds: float | None


@dataclass(frozen=True, slots=True)
class RatingSummary:
    """People's ratings of the pairs of a pairing.

    Attributes:
        congruence: over `ratings` and over `pairs`; None where congruence is not rated.
        similarity: correlation of congruence with similarity; None likewise.
        choice: preferences; None where there is no choice.
        agreement: by question and level of measurement.
        raters: by name.
    """

    congruence: Mapping[str, CongruenceComparison] | None
    similarity: CongruenceCorrelation | None
    choice: PreferenceSummary | None
    agreement: Mapping[str, Mapping[str, RaterAgreement]]
    raters: Sequence[RaterSummary]
