"""Readings of sounds and pictures, fitted on people's judgements; used by `fit_perception.py`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.perception import linear_heads, mood_readings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SOUND_RIDGE, PICTURE_RIDGE = 200.0, 1500.0
FOLDS, REPEATS = 8, 3
MOODS: Final = ("excitement", "calm", "sadness")


@dataclass(frozen=True)
class Judged:
    """Items of one set: inputs (n, d), judgements (n,) by name, groups and quadrants (n,)."""

    name: str
    inputs: Floats
    judged: dict[str, Floats]
    groups: NDArray[np.int64]
    quadrants: NDArray[np.str_]

    def take(self, rows: NDArray[np.intp]) -> Judged:
        """Some of the items."""
        judged = {name: values[rows] for name, values in self.judged.items()}
        return replace(
            self,
            inputs=self.inputs[rows],
            judged=judged,
            groups=self.groups[rows],
            quadrants=self.quadrants[rows],
        )


@dataclass(frozen=True)
class Reading:
    """A fitted reading: middle and spread (d,), weights (d, k), base (k,)."""

    middle: Floats
    spread: Floats
    weights: Floats
    base: Floats

    def read(self, inputs: Floats) -> Floats:
        """The readings of items, shape (n, k)."""
        scaled = np.clip(
            (inputs - self.middle) / self.spread, -linear_heads.FARTHEST, linear_heads.FARTHEST
        )
        return np.asarray(self.base + scaled @ self.weights)

    def combine(self, mixing: Floats) -> Reading:
        """Readings that are sums of these: `mixing` has the shape (k, new k)."""
        return replace(self, weights=self.weights @ mixing, base=self.base @ mixing)

    def standardise(self, scores: Floats) -> Reading:
        """Raise and scale each reading so that these scores of it have mean 0 and spread 1."""
        spread = scores.std(axis=0)
        base = (self.base - scores.mean(axis=0)) / spread
        return replace(self, weights=self.weights / spread, base=base)


def fit_ridge(sets: Sequence[Judged], names: Sequence[str], strength: float) -> Reading:
    """Ridge regression of judgements on inputs, of which there are more than items."""
    plain, x, y = _standardised(sets, names)
    weights = x.T @ np.linalg.solve(x @ x.T + strength * np.eye(len(x)), y)
    return replace(plain, weights=weights)


def _standardised(sets: Sequence[Judged], names: Sequence[str]) -> tuple[Reading, Floats, Floats]:
    """A reading without weights yet, standardised inputs (n, d), standardised judgements (n, k).

    Each set is centred by itself: what differs between sets (a piano, a record company) is not
    what people judged within one.
    """
    centred = np.concatenate([each.inputs - each.inputs.mean(axis=0) for each in sets])
    spread = centred.std(axis=0) + 1e-6
    x = np.clip(centred / spread, -linear_heads.FARTHEST, linear_heads.FARTHEST)
    judged = [np.stack([each.judged[name] for name in names], axis=1) for each in sets]
    y = np.concatenate([standardise(values) for values in judged])
    middle = np.mean([each.inputs.mean(axis=0) for each in sets], axis=0)
    nothing = np.zeros((x.shape[1], len(names)))
    return Reading(middle, spread, nothing, np.zeros(len(names))), x, y


def standardise(values: Floats) -> Floats:
    """Mean 0 and spread 1 in each column."""
    return np.asarray((values - values.mean(axis=0)) / values.std(axis=0))


def hold_out(
    target: Judged, others: Sequence[Judged], fit: Callable[[Sequence[Judged]], Reading]
) -> list[Floats]:
    """Readings of a set by fits that saw none of an item's group, a repeat each."""
    found = []
    for repeat in range(REPEATS):
        random = np.random.default_rng(repeat)
        fold = (random.permutation(target.groups.max() + 1) % FOLDS)[target.groups]
        scores = []
        for number in range(FOLDS):
            test = np.flatnonzero(fold == number)
            reading = fit([target.take(np.flatnonzero(fold != number)), *others])
            scores.append((test, reading.read(target.inputs[test])))
        merged = np.empty((len(fold), scores[0][1].shape[1]))
        for test, values in scores:
            merged[test] = values
        found.append(merged)
    return found


ACTIVE: Final = (
    *("fast", "loud", "dance", "drums", "beat", "beats", "techno", "party*", "catchy*", "dance*"),
    *("onsets_per_second", "motion_db", "percussive_share", "noisiness", "fullness"),
    *("centroid_hz", "beat_clarity"),
)
HARD: Final = ("hard rock*", "metal*", "metal", "weird")
QUIET: Final = ("slow", "soft", "quiet", "solo", "Mellow*", "beautiful*", "chill*", "acoustic*")
SPACIOUS: Final = ("ambient*", "chillout*")

SOUND_SIGNS: Final[Mapping[str, tuple[Sequence[str], Sequence[str]]]] = {
    "excitement": (
        (*ACTIVE, *HARD, "happy*", "mode", "majorness"),
        (*QUIET, *SPACIOUS, "sad*", "key_strength", "range_db"),
    ),
    "calm": (
        (*QUIET, *SPACIOUS, "sad*", "key_strength", "mode", "majorness"),
        (*ACTIVE, *HARD),
    ),
    "sadness": (
        (*QUIET, "sad*", "range_db"),
        (*ACTIVE, "happy*", "mode", "majorness", "chillout*"),
    ),
}
"""What may raise each mood, and what may lower it; anything else has no part in it.

Signs that the studies named in `cmean.perception.sound_mood` agree on, and that the tags
mean by themselves. Weights of free sign fit a set better and the next one worse.
"""


def fit_signed_ridge(sets: Sequence[Judged], strength: float) -> Reading:
    """Ridge regression of the moods of sounds, each weight of the sign that `SOUND_SIGNS` gives."""
    from scipy.optimize import nnls

    plain, x, y = _standardised(sets, MOODS)
    inputs = [*mood_readings.MOOD_TAGS, *mood_readings.SOUND_MEASURES]
    weights = np.zeros((len(inputs), len(MOODS)))
    for column, (raise_it, lower_it) in enumerate(SOUND_SIGNS.values()):
        signs = np.array([float(name in raise_it) - (name in lower_it) for name in inputs])
        system = np.vstack([x * signs, np.sqrt(strength) * np.eye(len(inputs))])
        target = np.concatenate([y[:, column], np.zeros(len(inputs))])
        weights[:, column] = signs * nnls(system, target)[0]
    return replace(plain, weights=weights)


SOUND_MIXING: Final = np.array(
    # to excitement, calm, sadness
    [[1.0, 0.3, 0.4], [0.15, 1.0, 0.0], [0.25, 0.0, 1.0]]
)
"""What of each standardised reading is added to the others: excitement, calm, sadness, a row each.

Regressions on few labels oppose the three more than listeners do: excitement and sadness by -0.87
instead of -0.7, excitement and calm by -0.96 instead of -0.7. Tense music must not read as sad.
"""


def fit_sound(sets: Sequence[Judged], scores: Floats | None = None) -> Reading:
    """The mood of sounds.

    Args:
        sets: what to fit on.
        scores: of items held out, by `fit_signed_ridge`, which say where a reading's middle lies
            and how far it spreads; None: those of the items that are fitted on.
    """
    plain = fit_signed_ridge(sets, SOUND_RIDGE)
    if scores is None:
        scores = plain.read(np.concatenate([each.inputs for each in sets]))
    mixed = standardise(scores) @ SOUND_MIXING
    return plain.standardise(scores).combine(SOUND_MIXING).standardise(mixed)


PICTURE_PRIOR: Final = np.array(
    # arousal, valence: of family valence, family arousal, colourfulness, activity, lightness
    [[0.0, 1.2], [0.6, 0.0], [0.25, 0.8], [0.25, 0.0], [0.0, 0.3]]
)
"""What is added to the fitted readings, in spreads of them: none of it needed a label.

The studies named in `cmean.perception.picture_mood` tie saturated and active colours to
arousal, saturated and light ones to pleasure. On photographs they add little; on prints and
drawings, which the network knows least, they are most of what there is.
"""

MEASURES: Final = len(PICTURE_PRIOR)

PICTURE_MIXING: Final = np.array(
    # excitement, calm, sadness, valence
    [[1.0, -0.8, -0.1, 0.0], [0.2, 1.0, -1.0, 1.0]]  # of arousal, of valence
)


WIDER: Final = 1.25
"""How much farther than photographs other pictures lie, or most paintings would be extreme."""


def fit_picture(sets: Sequence[Judged], scores: Floats | None = None) -> Reading:
    """The mood of pictures, from arousal and valence; `scores` as of `fit_sound`, by `fit_ridge`.

    The last inputs, `mood.PICTURE_MEASURES`, are not fitted, but added with `PICTURE_PRIOR`.
    """
    plain = fit_arousal_and_valence(sets)
    every = np.concatenate([each.inputs for each in sets])
    if scores is None:
        scores = plain.read(every[:, :-MEASURES])
    plain = plain.standardise(scores)
    middle = np.concatenate([plain.middle, every[:, -MEASURES:].mean(axis=0)])
    spread = np.concatenate([plain.spread, every[:, -MEASURES:].std(axis=0)])
    joined = Reading(middle, spread, np.concatenate([plain.weights, PICTURE_PRIOR]), plain.base)
    both = (scores - scores.mean(axis=0)) / scores.std(axis=0)
    both = both + standardise(every[:, -MEASURES:]) @ PICTURE_PRIOR
    mixed = standardise(both) @ PICTURE_MIXING
    return joined.standardise(both).combine(PICTURE_MIXING).standardise(WIDER * mixed)


def fit_contents(sets: Sequence[Judged]) -> Reading:
    """Whether a picture shows a person, an animal, scenery: shares of 0..1, about."""
    names = mood_readings.CONTENTS
    fitted = [replace(each, inputs=each.inputs[:, :-MEASURES]) for each in sets]
    plain = fit_ridge(fitted, names, PICTURE_RIDGE)
    judged = np.concatenate([np.stack([s.judged[n] for n in names], axis=1) for s in sets])
    weights = plain.weights * judged.std(axis=0)
    nothing = np.zeros((MEASURES, len(names)))
    return Reading(
        np.concatenate([plain.middle, np.zeros(MEASURES)]),
        np.concatenate([plain.spread, np.ones(MEASURES)]),
        np.concatenate([weights, nothing]),
        judged.mean(axis=0),
    )


def fit_arousal_and_valence(sets: Sequence[Judged]) -> Reading:
    """Arousal and valence of pictures from the network's features alone."""
    fitted = [replace(each, inputs=each.inputs[:, :-MEASURES]) for each in sets]
    return fit_ridge(fitted, ("arousal", "valence"), PICTURE_RIDGE)
