"""How often pairs join items of the same quadrant: balanced draws of both sides, paired anew each.

Every draw has equally many items of each quadrant on both sides, so that random pairing joins the
same quadrants in one of as many pairs as there are quadrants, whatever the sets hold.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from truth_labels import QUADRANTS

from cmean.errors import InputError
from cmean.matching import CALIBRATIONS, METHODS, METRICS, calibrate_vectors, match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Triples = NDArray[np.int64]
    Indices = NDArray[np.intp]

TRUE_TRIPLES: Final = {
    "Q1": (255, 128, 0),
    "Q2": (255, 0, 128),
    "Q3": (0, 128, 255),
    "Q4": (0, 255, 128),
}
"""A quadrant as a triple, by what the channels are held against: red is arousal, green and blue are
the calm and the sad corner, each from its least value to its largest."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How triples are paired."""

    method: str
    metric: str
    calibrate: str


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The labelled items of one kind: triples of shape (n, 3), and n quadrants."""

    triples: Triples
    quadrants: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Spread:
    """The share of pairs in the same quadrant over the draws: mean, standard deviation, ends."""

    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PairFigures:
    """What one way of pairing gives, beside its ceilings.

    Attributes:
        choice: the way.
        share: with the triples of both sides.
        true_tracks: with the true quadrants of the tracks as triples.
        true_artworks: with those of the artworks.
    """

    choice: Choice
    share: Spread
    true_tracks: Spread
    true_artworks: Spread


@dataclass(frozen=True, slots=True)
class PairTruth:
    """All figures of some triples.

    Attributes:
        quadrants: those that both sides have.
        each: items of each quadrant, on each side, in a draw.
        draws: how many.
        chance: the share that is expected of random pairing.
        random: what random pairing of the same draws gives.
        rows: one a way of pairing.
    """

    quadrants: Sequence[str]
    each: int
    draws: int
    chance: float
    random: Spread
    rows: Sequence[PairFigures]

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)


def list_choices(
    methods: Sequence[str] = tuple(METHODS),
    metrics: Sequence[str] = tuple(METRICS),
    calibrations: Sequence[str] = tuple(CALIBRATIONS),
) -> list[Choice]:
    """Every combination."""
    return [Choice(*each) for each in product(methods, metrics, calibrations)]


def assess_pairs(
    tracks: Side, artworks: Side, choices: Sequence[Choice], draws: int = 20, seed: int = 0
) -> PairTruth:
    """Pair balanced draws of both sides, and count the pairs whose quadrants are the same.

    Args:
        tracks: the labelled tracks; those without a quadrant ("") are left out.
        artworks: the same of artworks.
        choices: the ways of pairing.
        draws: how many.
        seed: of the draws; all ways and profiles share them.

    Raises:
        InputError: the two sides share fewer than two quadrants.
    """
    sides = tracks, artworks
    counts = {
        quadrant: min(int((side.quadrants == quadrant).sum()) for side in sides)
        for quadrant in QUADRANTS
    }
    shared = [quadrant for quadrant, count in counts.items() if count]
    if len(shared) < 2:
        raise InputError(
            "pairs need items of two quadrants or more on both sides; the two share "
            f"{', '.join(shared) or 'none'}"
        )
    each = min(counts[quadrant] for quadrant in shared)
    drawn = [draw_balanced(sides, shared, each, (seed, number)) for number in range(draws)]
    at_random = [
        _share(draw, Choice("random", "cosine", "none"), (seed, n)) for n, draw in enumerate(drawn)
    ]
    rows = []
    for choice in choices:
        found = [
            [_share(draw, choice) for draw in each_draw]
            for each_draw in (
                drawn,
                [(_tell_truth(one), other) for one, other in drawn],
                [(one, _tell_truth(other)) for one, other in drawn],
            )
        ]
        rows.append(PairFigures(choice, *map(summarise_shares, found)))
    return PairTruth(shared, each, draws, 1 / len(shared), summarise_shares(at_random), rows)


def draw_balanced(
    sides: tuple[Side, Side], quadrants: Sequence[str], each: int, seed: Sequence[int]
) -> tuple[Side, Side]:
    """So many items of each quadrant of both sides, without replacement, in a random order.

    The order matters: ties go by it, and must not tell the quadrants.
    """
    random = np.random.default_rng(seed)
    drawn = []
    for side in sides:
        places = [np.flatnonzero(side.quadrants == quadrant) for quadrant in quadrants]
        chosen = np.concatenate([random.choice(some, each, replace=False) for some in places])
        random.shuffle(chosen)
        drawn.append(Side(side.triples[chosen], side.quadrants[chosen]))
    return drawn[0], drawn[1]


def summarise_shares(shares: Sequence[float]) -> Spread:
    """Some shares in four numbers; the deviation is that of a population."""
    found = np.array(shares)
    return Spread(float(found.mean()), float(found.std()), float(found.min()), float(found.max()))


def _tell_truth(side: Side) -> Side:
    """A side whose triples are those of its true quadrants."""
    true = [TRUE_TRIPLES[quadrant] for quadrant in side.quadrants.tolist()]
    return Side(np.array(true, np.int64), side.quadrants)


def _share(sides: tuple[Side, Side], choice: Choice, seed: Sequence[int] = (0,)) -> float:
    """The share of pairs in the same quadrant."""
    tracks, artworks = (calibrate_vectors(side.triples, choice.calibrate) for side in sides)
    found = match(tracks, artworks, choice.method, choice.metric, seed=seed)
    one, other = sides[0].quadrants[found.track_index], sides[1].quadrants[found.artwork_index]
    return float(np.mean(one == other))
