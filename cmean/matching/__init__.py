"""Numbers in, pairs out: exact one-to-one matching of emotion vectors, and its null distribution.

The names listed here are the interface for notebooks (docs/pairing.md).
"""

from cmean.matching.calibration import CALIBRATIONS, calibrate_vectors
from cmean.matching.methods import METHODS, Matching, match
from cmean.matching.pair_similarity import compute_similarities as similarities
from cmean.matching.random_pairing_null import compute_random_pairing_null as random_pairing
from cmean.matching.random_pairing_null import draw_random_similarities as sample
from cmean.matching.summary import MatchingSummary as Summary
from cmean.matching.summary import summarise_matching as summarise
from cmean.matching.vectors import METRICS
from cmean.stats.null_distribution import NullDistribution as Null

__all__ = [
    "CALIBRATIONS",
    "METHODS",
    "METRICS",
    "Matching",
    "Null",
    "Summary",
    "calibrate_vectors",
    "match",
    "random_pairing",
    "sample",
    "similarities",
    "summarise",
]
