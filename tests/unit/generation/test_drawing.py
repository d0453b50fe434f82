"""How tokens are drawn: no row knows of another."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from cmean.generation.drawing import draw_tokens, penalise_repetition
from cmean.generation.sampling import Sampling

torch = pytest.importorskip("torch")


def generators(samplings):
    return [Random(one.seed).random for one in samplings]  # noqa: S311 - no secret


def penalised(scores, said, *penalties):
    scores = torch.tensor(scores)
    seen = torch.zeros_like(scores, dtype=bool).scatter_(1, torch.tensor(said), value=True)
    return penalise_repetition(scores, seen, [Sampling(penalty=one) for one in penalties]).tolist()


def test_what_was_said_is_made_less_likely_whatever_the_sign_of_its_score():
    assert penalised([[1.0, 2.0, -2.0, 3.0]], [[1, 2, 1]], 2.0) == [[1.0, 1.0, -4.0, 3.0]]


def test_each_row_has_its_own_penalty():
    rows = [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]
    found = penalised(rows, [[0], [1], [1]], 1.0, 2.0, 4.0)
    assert found == [[1.0, 2.0], [1.0, 1.0], [1.0, 0.5]]


def drawn(scores, count=4_000, **sampling):
    """How often each token is drawn."""
    rows = torch.tensor(scores).repeat(count, 1)
    samplings = [Sampling(**sampling, seed=seed) for seed in range(count)]
    tokens = draw_tokens(rows, samplings, generators(samplings))
    return np.bincount(tokens, minlength=len(scores)) / count


def near(found, wanted, count=4_000):
    """Whether frequencies are within five standard deviations of probabilities."""
    wanted = np.array(wanted)
    return np.all(np.abs(found - wanted) <= 5 * np.sqrt(wanted * (1 - wanted) / count))


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_draws_have_the_probabilities_of_the_softmax(temperature):
    scores = [1.0, 0.0, -1.0, 0.5]
    wanted = (torch.tensor(scores) / temperature).softmax(0).numpy()
    assert near(drawn(scores, temperature=temperature), wanted)


def test_only_the_most_probable_are_drawn():
    scores = np.log([0.1, 0.4, 0.2, 0.3]).tolist()
    assert near(drawn(scores, temperature=1.0, top_k=2), [0, 4 / 7, 0, 3 / 7])
    assert near(drawn(scores, temperature=1.0, top_p=0.71), [0, 4 / 9, 2 / 9, 3 / 9])
    assert near(drawn(scores, temperature=1.0, top_p=0.69), [0, 4 / 7, 0, 3 / 7])
    # top_p counts among those that top_k has left
    assert near(drawn(scores, temperature=1.0, top_k=2, top_p=0.56), [0, 1, 0, 0])


def test_each_step_of_a_row_is_another_draw():
    scores, sampling = torch.zeros(1, 50), [Sampling(1.0)]
    row = generators(sampling)
    assert len({draw_tokens(scores, sampling, row)[0] for _ in range(20)}) > 10


def test_rows_of_all_kinds_are_drawn_as_each_alone():
    scores = torch.randn(6, 40, generator=torch.Generator().manual_seed(0))
    samplings = [
        Sampling(),
        Sampling(1.0, seed=5),
        Sampling(2.0, top_k=3, seed=5),
        Sampling(2.0, top_p=0.4, seed=7),
        Sampling(),
        Sampling(0.5, 30, 0.9, seed=8),
    ]
    together = draw_tokens(scores, samplings, generators(samplings))
    alone = [
        draw_tokens(scores[row : row + 1], [one], generators([one]))[0]
        for row, one in enumerate(samplings)
    ]
    assert together == alone
    assert together[0] == scores[0].argmax()
