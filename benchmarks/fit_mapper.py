"""Fit the embedded mapper's word weights on a folder of published results; run by hand.

    python benchmarks/fit_mapper.py FOLDER            # print cross-validated rank correlations
    python benchmarks/fit_mapper.py FOLDER --write    # and write the weights fitted on everything

FOLDER is laid out as the study published it (`Modulo Qwen Audio/…`). What the method is, and why,
stands in `docs/decisions/0002-embedded-mapper.md`. The same folder gives the same file, byte for
byte: nothing is random, and the weights are rounded far above the noise of the linear algebra.
"""

from __future__ import annotations

import argparse
import csv
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from cmean.backends.mappers.embedded import BASE, WEIGHTS, words
from cmean.domain import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

HERE = Path(__file__).resolve().parent.parent / "cmean" / "backends" / "mappers"

RIDGE = 6.0  # strength of the pull towards the lexicon; 4 to 8 score alike in cross-validation
PRIOR = np.array([1.0, 0.5, 0.5])  # standard deviations that a lexicon score of 1 stands for
RAREST = 10  # a word in fewer captions than this counts as if it were in so many
FEWEST = 5  # a word outside the lexicon is kept if it stands in so many captions
FOLDS = 10

# Words without an emotion of their own, and those that only say which part was described. Without
# them the correlations rise, and texts of other origin are not judged by their grammar.
STOP = frozenset(
    """
    about above across after again against all almost along already also although always am among an
    and another any anyone anything are around as at back be became because become becomes been before
    being below between both but by can cannot could do does done down due during each either else
    enough etc even ever every everyone everything few first for found four fourth from full further
    get give go had has have he hence her here hers herself him himself his how however if in indeed
    into is it its itself keep last least less made many may me might mine more moreover most mostly
    much must my myself name neither never next no none nor not nothing now of off often on once one
    only onto or other others otherwise our ours out over own part per perhaps please put quarter
    fragment excerpt rather re same second see seem seemed seems several she should show since so some
    somehow someone something sometimes such take than that the their them themselves then there
    therefore these they third this those though three through throughout thus to together too toward
    towards two under until up upon us very via was we well were what when where whether which while
    who whole whom whose why will with within without would yet you your yours yourself
    """.split()
)


@dataclass(frozen=True)
class Corpus:
    """Captions as words, their triples of shape (n, 3), and the track each belongs to."""

    captions: list[list[str]]
    triples: Array
    tracks: NDArray[np.int64]


@dataclass(frozen=True)
class Model:
    """Words with idf of shape (w,) and weights of shape (w, 3), and the base of shape (3,)."""

    vocabulary: list[str]
    idf: Array
    weights: Array
    base: Array


def read_corpus(folder: Path) -> Corpus:
    """Read captions and triples; the triples' file wraps each line in quotes of its own."""
    audio = folder / "Modulo Qwen Audio"
    captions: dict[str, list[str]] = {}
    name = ""
    with (audio / "audio_analysis_full_folder_500_1000.csv").open(
        encoding="utf-8", newline=""
    ) as f:
        for row in csv.DictReader(f):
            name = row["Song Name"] or name
            captions.setdefault(name, []).append(row["Description"])
    triples = {}
    for line in (audio / "valutazione_rgb_segmenti.csv").read_text(encoding="utf-8").splitlines():
        found = re.findall(r"rgb\((\d+), *(\d+), *(\d+)\)", line)
        triples[line.lstrip('"').split(",")[0]] = np.array(found, dtype=np.float64)
    names = sorted(n for n in captions if len(captions[n]) == len(triples.get(n, ())))
    return Corpus(
        [[w for w in words(text) if w not in STOP] for n in names for text in captions[n]],
        np.concatenate([triples[n] for n in names]),
        np.repeat(np.arange(len(names)), [len(captions[n]) for n in names]),
    )


def read_lexicon() -> list[tuple[tuple[float, ...], list[str]]]:
    """Families of words of one meaning, each with its score of -1..1 a channel."""
    with (HERE / "lexicon.csv").open(encoding="utf-8", newline="") as f:
        return [
            (tuple(float(r[c]) for c in CHANNELS), r["words"].split()) for r in csv.DictReader(f)
        ]


def normal_scores(triples: Array) -> Array:
    """Replace each channel by the normal quantile of its mid-rank: Qwen's triples are lumpy."""
    scores = np.empty_like(triples)
    for j, column in enumerate(triples.T):
        ordered = np.sort(column)
        rank = np.searchsorted(ordered, column) + np.searchsorted(ordered, column, side="right") + 1
        scores[:, j] = [NormalDist().inv_cdf(r / 2 / (len(column) + 1)) for r in rank]
    return scores


def design(captions: Sequence[list[str]], vocabulary: Sequence[str], idf: Array) -> Array:
    """The x of the mapper's formula, of shape (captions, words)."""
    column = {word: j for j, word in enumerate(vocabulary)}
    x = np.zeros((len(captions), len(vocabulary)))
    for i, caption in enumerate(captions):
        for word, count in Counter(w for w in caption if w in column).items():
            x[i, column[word]] = (1 + math.log(count)) * idf[column[word]]
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(np.divide(x, length, where=length > 0, out=x))


def fit(captions: list[list[str]], triples: Array) -> Model:
    """Ridge regression towards the lexicon, with an effect shared by the words of a family.

    A weight is prior + family effect + the word's own effect; both effects are normal with the
    same variance, so their sum has covariance I + M M' with M the membership of words in families.
    """
    lexicon = read_lexicon()
    family = {word: i for i, (_, members) in enumerate(lexicon) for word in members}
    seen = Counter(word for caption in captions for word in set(caption))
    seen_families = Counter(f for c in captions for f in {family[w] for w in c if w in family})
    vocabulary = sorted({w for w in seen if seen[w] >= FEWEST} | family.keys())
    counts = [seen_families[family[w]] if w in family else seen[w] for w in vocabulary]
    idf = np.log((1 + len(captions)) / (1 + np.maximum(counts, RAREST))) + 1

    member = np.zeros((len(vocabulary), len(lexicon)))
    prior = np.zeros((len(vocabulary), len(CHANNELS)))
    for j, word in enumerate(vocabulary):
        if word in family:
            member[j, family[word]] = 1
            prior[j] = PRIOR * lexicon[family[word]][0]

    x, y = design(captions, vocabulary, idf), normal_scores(triples)
    centred = x - x.mean(axis=0)
    residual = y - y.mean(axis=0) - centred @ prior
    spread = centred.T + member @ (member.T @ centred.T)
    weights = prior + spread @ np.linalg.solve(
        centred @ spread + RIDGE * np.eye(len(captions)), residual
    )
    # a regression's guesses are shrunk: give them back the mean and the spread of the triples
    scale = triples.std(axis=0) / (x @ weights).std(axis=0)
    base = triples.mean(axis=0) - scale * (x.mean(axis=0) @ weights)
    return Model(vocabulary, idf, weights * scale, base)


def predict(model: Model, captions: list[list[str]]) -> Array:
    """Triples before rounding and clamping, of shape (n, 3)."""
    return np.asarray(model.base + design(captions, model.vocabulary, model.idf) @ model.weights)


def cross_validate(corpus: Corpus) -> Array:
    """Predictions for each caption by a model that saw none of its track."""
    guesses = np.empty_like(corpus.triples)
    for fold in range(FOLDS):
        test = corpus.tracks % FOLDS == fold
        train = [c for c, held_out in zip(corpus.captions, test, strict=True) if not held_out]
        model = fit(train, corpus.triples[~test])
        guesses[test] = predict(model, [corpus.captions[i] for i in np.flatnonzero(test)])
    return guesses


def table(model: Model) -> Iterable[list[object]]:
    """The rows of the weights file: the base, then the words in order."""
    yield ["word", "idf", *CHANNELS]
    yield [BASE, 0, *(f"{value:.1f}" for value in model.base)]
    for word, idf, weights in zip(model.vocabulary, model.idf, model.weights, strict=True):
        yield [word, f"{idf:.2f}", *(f"{value:.1f}" for value in weights)]


def main() -> None:
    """Print how well the method does on tracks it never saw; with --write, fit and write."""
    from scipy.stats import spearmanr  # noqa: PLC0415 - may be absent where the file is only imported

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true", help="write the weights file")
    arguments = parser.parse_args()

    corpus = read_corpus(arguments.folder)
    guesses = np.clip(cross_validate(corpus).round(), 0, 255)
    print(f"{len(corpus.captions)} captions, {FOLDS} folds by track, Spearman:")
    for j, channel in enumerate(CHANNELS):
        print(f"  {channel:5} {spearmanr(guesses[:, j], corpus.triples[:, j]).statistic:.3f}")
    if arguments.write:
        with (HERE / WEIGHTS).open("w", encoding="utf-8", newline="") as f:
            csv.writer(f, lineterminator="\n").writerows(
                table(fit(corpus.captions, corpus.triples))
            )


if __name__ == "__main__":
    main()
