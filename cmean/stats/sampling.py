"""Sampling options of statistics: permutations, resamples, bootstrap resamples and their seed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SamplingOptions:
    """How an evaluation samples.

    Attributes:
        permutations: random one-to-one pairings behind a null distribution.
        resamples: pairings by the same method of resampled vectors.
        bootstraps: bootstrap resamples behind an interval.
        seed: of all draws.
    """

    permutations: int = 1000
    resamples: int = 20
    bootstraps: int = 1000
    seed: int = 0
