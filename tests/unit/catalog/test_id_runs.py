"""Sets of ids: what is stored is what comes back, and it is small."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmean.catalog.id_runs import build_runs, decode_runs, encode_runs


def runs_of(ids):
    """The runs of some ascending ids, found the slow way."""
    bounds = []
    for key in ids:
        if bounds and bounds[-1][1] == key - 1:
            bounds[-1] = (bounds[-1][0], key)
        else:
            bounds.append((key, key))
    return build_runs(bounds)


@settings(deadline=None)
@given(st.sets(st.integers(1, 60) | st.integers(2**40, 2**62)), st.lists(st.integers(0, 2**62)))
def test_what_is_stored_comes_back(ids, others):
    runs = decode_runs(encode_runs(runs_of(sorted(ids))))
    assert len(runs) == len(ids)
    assert runs.highest == max(ids, default=-1)
    asked = np.array([*ids, *others, *(key + 1 for key in ids)], np.int64)
    assert runs.contains(asked).tolist() == [key in ids for key in asked.tolist()]


@pytest.mark.parametrize(("step", "most"), [(1, 100), (2, 200_000)])
def test_a_million_ids_stay_small(step, most):
    """Entered at once, and at worst: every second id belongs to another recipe."""
    ids = np.arange(1, 1_000_001 * step, step, dtype=np.int64)[:1_000_000]
    runs = build_runs([(1, 1_000_000)]) if step == 1 else build_runs([*zip(ids, ids, strict=True)])
    encoded = encode_runs(runs)
    assert len(encoded) < most
    assert decode_runs(encoded).contains(ids).all()
