"""What random one-to-one pairings must be like, whatever is summed over them."""

from __future__ import annotations

import math

import numpy as np
import pytest


def assert_every_pairing_equally_often(drawn, every):
    """Each mean that some pairing has comes up as often as any, by chi-square.

    Args:
        drawn: the means of random pairings.
        every: the mean of each pairing that there can be, no two alike.
    """
    ways, counts = np.unique(drawn.round(9), return_counts=True)
    assert ways == pytest.approx(np.unique(every.round(9)), abs=2e-9)
    expected = len(drawn) / len(ways)
    free = len(ways) - 1
    assert np.sum((counts - expected) ** 2) / expected < free + 4 * math.sqrt(2 * free)
    assert drawn.std() == pytest.approx(every.std(), rel=0.05)
    assert drawn.mean() == pytest.approx(every.mean(), abs=4 * every.std() / math.sqrt(len(drawn)))
