"""How well fitted readings do on items kept back from the fit; used by `fit_perception.py`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from perception_readings import (
    MEASURES,
    MOODS,
    PICTURE_RIDGE,
    SOUND_RIDGE,
    Judged,
    fit_contents,
    fit_picture,
    fit_ridge,
    fit_signed_ridge,
    fit_sound,
    hold_out,
    standardise,
)
from truth_pairs import Side, assess_pairs, list_choices
from truth_statistics import Sampling, estimate, statistic_of

from cmean.domain import CHANNELS
from cmean.perception import mood_readings
from cmean.perception.linear_heads import grade_score
from cmean.perception.mood_sentence import STEP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from perception_readings import Floats

SAMPLING: Final = Sampling(resamples=1000, seed=0)


def report(sounds: Sequence[Judged], pictures: Judged) -> tuple[Floats, Floats]:
    """Print figures of items held out; returns plain scores of them, of sounds and of pictures."""
    print("Items of groups that were not fitted on, Spearman with 95 % intervals over groups:")
    plain = [report_sounds(target, sounds) for target in sounds]
    of_pictures = report_pictures(pictures)
    report_pairs(sounds, pictures)
    return np.concatenate(plain), of_pictures


def report_sounds(target: Judged, sets: Sequence[Judged]) -> Floats:
    """Print figures of a set of sounds, fitted on with the others, and on the others alone."""
    others = [each for each in sets if each is not target]
    print_figures(target.name, target, hold_out(target, others, fit_sound)[0])
    alone = fit_sound(others).read(target.inputs)
    print_figures(f"{target.name}, fitted on {others[0].name} alone", target, alone)
    return hold_out(target, others, lambda s: fit_signed_ridge(s, SOUND_RIDGE))[0]


def report_pictures(target: Judged) -> Floats:
    """Print figures of a set of pictures."""
    v, a = (standardise(target.judged[name]) for name in ("valence", "arousal"))
    judged = replace(target, judged={"excitement": a, "calm": v - a, "sadness": -v})
    print_figures(target.name, judged, hold_out(target, [], fit_picture)[0])
    contents = hold_out(target, [], fit_contents)[0]
    for k, name in enumerate(mood_readings.CONTENTS):
        print_figure(f"{target.name}: AUC of {name}", target, contents[:, k], name, two=True)
    plain = replace(target, inputs=target.inputs[:, :-MEASURES])
    return hold_out(plain, [], lambda s: fit_ridge(s, ("arousal", "valence"), PICTURE_RIDGE))[0]


def print_figures(title: str, target: Judged, scores: Floats) -> None:
    """A line a mood, and how the channels go with one another."""
    for k, name in enumerate(MOODS):
        print_figure(f"{title}: {name}", target, scores[:, k], name)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        channels = replace(target, judged={"other": scores[:, other]})
        names = f"{CHANNELS[one]} with {CHANNELS[other]}"
        print_figure(f"{title}: {names}", channels, scores[:, one], "other")


def print_figure(
    title: str, target: Judged, scores: Floats, name: str, *, two: bool = False
) -> None:
    """A figure with its interval."""
    statistic = statistic_of(scores, target.judged[name], two_valued=two)
    found = estimate(statistic, target.groups, SAMPLING)
    print(f"  {title} {found.value:.2f} ({found.low:.2f} to {found.high:.2f})")


def report_pairs(sounds: Sequence[Judged], pictures: Judged) -> None:
    """Print how often pairs of items held out share a quadrant."""
    target = next(each for each in sounds if each.quadrants[0])
    others = [each for each in sounds if each is not target]
    sides = [
        Side(write_triples(hold_out(judged, rest, fit)[0]), judged.quadrants)
        for judged, rest, fit in ((target, others, fit_sound), (pictures, [], fit_picture))
    ]
    found = assess_pairs(sides[0], sides[1], list_choices())
    print(f"Pairs of {target.name} with {pictures.name} in the same quadrant:")
    print(f"  random {found.random.mean:.3f} (sd {found.random.sd:.3f})")
    for row in found.rows:
        choice = f"{row.choice.method} {row.choice.metric} {row.choice.calibrate}"
        print(f"  {choice}: {row.share.mean:.3f} (sd {row.share.sd:.3f})")


def write_triples(scores: Floats) -> NDArray[np.int64]:
    """Triples as the mapper reads them from the graded words of these scores."""
    degrees = np.vectorize(grade_score)(scores[:, : len(MOODS)])
    steps: NDArray[np.int64] = np.rint(255 * np.rint(degrees / STEP) * STEP).astype(np.int64)
    return steps
