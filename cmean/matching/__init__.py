"""Numbers in, pairs out: exact one-to-one matching of emotion vectors, and what chance gives."""

from cmean.matching.calibration import CALIBRATIONS, calibrate_vectors
from cmean.matching.methods import METHODS, Matching, match
from cmean.matching.null import Null, random_pairing, sample, similarities
from cmean.matching.summary import Summary, summarise
from cmean.matching.vectors import METRICS

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
