"""How models pick tokens: no row knows of another, nor of its own padding."""

from __future__ import annotations

import numpy as np
import pytest

from cmean.backends.captioners.decoding import RepetitionPenalty
from cmean.backends.writing import SamplingProcessor

torch = pytest.importorskip("torch")

PADDING = 0


def test_what_was_said_is_made_less_likely_whatever_the_sign_of_its_score():
    scores = torch.tensor([[1.0, 2.0, -2.0, 3.0]])
    penalised = RepetitionPenalty(2.0, PADDING)(torch.tensor([[1, 2, 1]]), scores)
    assert penalised.tolist() == [[1.0, 1.0, -4.0, 3.0]]
    assert scores.tolist() == [[1.0, 2.0, -2.0, 3.0]]


def test_padding_was_not_said():
    scores = torch.tensor([[5.0, 2.0, 1.0]])
    penalty = RepetitionPenalty(2.0, PADDING)
    padded = penalty(torch.tensor([[PADDING, PADDING, 1]]), scores)
    assert padded.tolist() == penalty(torch.tensor([[1]]), scores).tolist() == [[5.0, 1.0, 1.0]]


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_draws_have_the_probabilities_of_the_softmax(temperature):
    """4,000 draws; five standard deviations of each frequency."""
    scores, count = torch.tensor([1.0, 0.0, -1.0, 0.5]), 4_000
    draws = SamplingProcessor([temperature] * count, range(count), torch.device("cpu"))
    drawn = draws(torch.zeros(count, 1), scores.repeat(count, 1))
    found = np.bincount(drawn.argmax(dim=1).numpy(), minlength=4) / count
    wanted = (scores / temperature).softmax(0).numpy()
    assert np.all(np.abs(found - wanted) < 5 * np.sqrt(wanted * (1 - wanted) / count))


def test_each_step_of_a_row_is_another_draw():
    draws = SamplingProcessor([1.0], [1], torch.device("cpu"))
    steps = [draws(torch.zeros(1, 1), torch.zeros(1, 50)).argmax().item() for _ in range(20)]
    assert len(set(steps)) > 10


def test_rows_without_a_temperature_are_left_as_they_are():
    scores = torch.tensor([[1.0, 2.0], [3.0, 0.0]])
    drawn = SamplingProcessor([0.0, 1.0], [0, 0], torch.device("cpu"))(
        torch.zeros(2, 1), scores.clone()
    )
    assert drawn[0].tolist() == scores[0].tolist()
    assert sorted(drawn[1].tolist()) == [float("-inf"), 0.0]
