"""How far guessed triples agree with others of the same captions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from cmean.domain import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Guess: TypeAlias = tuple[float, ...] | None
    """A triple, or None where a mapper refuses the text."""


def measure_agreement(guesses: Sequence[Guess], triples: Array) -> dict[str, Any]:
    """Measure agreement of guesses with triples of shape (n, 3); refused texts are left out.

    Returns:
        `captions` (how many were not refused), `spearman` and `mean_absolute_error` a channel, and
        `mean_cosine`; None where there is no such figure.
    """
    answered = [i for i, guess in enumerate(guesses) if guess is not None]
    guess = np.array([guesses[i] for i in answered], dtype=np.float64).reshape(-1, len(CHANNELS))
    truth = triples[answered]
    errors = np.abs(guess - truth).mean(axis=0).tolist() if answered else [None] * len(CHANNELS)
    return {
        "captions": len(answered),
        "spearman": {c: correlate_ranks(guess[:, j], truth[:, j]) for j, c in enumerate(CHANNELS)},
        "mean_absolute_error": {
            c: error and round(error, 3) for c, error in zip(CHANNELS, errors, strict=True)
        },
        "mean_cosine": _compute_cosine(guess, truth),
    }


def correlate_ranks(guess: Array, truth: Array) -> float | None:
    """Compute Spearman's rank correlation of two vectors; None where one of them does not vary."""
    from scipy.stats import spearmanr

    if len(guess) < 2 or np.ptp(guess) == 0 or np.ptp(truth) == 0:  # noqa: PLR2004 - a line needs two
        return None
    return round(float(spearmanr(guess, truth).statistic), 4)


def _compute_cosine(guess: Array, truth: Array) -> float | None:
    norms = np.linalg.norm(guess, axis=1) * np.linalg.norm(truth, axis=1)
    if not norms.any():
        return None
    return round(float(((guess * truth).sum(axis=1)[norms > 0] / norms[norms > 0]).mean()), 4)
