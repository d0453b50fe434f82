"""How statistics sample: permutations, resamples, bootstrap resamples and their seed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choices:
    """How an evaluation samples.

    Attributes:
        permutations: random pairings that a null is drawn from.
        resamples: how often the pairing is made anew of vectors without identity.
        bootstraps: resamples behind an interval.
        seed: of all that is drawn.
    """

    permutations: int = 1000
    resamples: int = 20
    bootstraps: int = 1000
    seed: int = 0
