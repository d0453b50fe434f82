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

from cmean.backends.mappers.embedded import WEIGHTS
from cmean.backends.mappers.word_table import BASE, split_lexicon_words
from cmean.domain import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

HERE = Path(__file__).resolve().parent
MAPPERS = HERE.parent / "cmean" / "backends" / "mappers"

RIDGE = 8.0  # strength of the pull towards the lexicon; 4 to 12 score alike in cross-validation
OUTSIDE = 0.5  # variance of the effect of a word outside the lexicon; one inside has 1
RAREST = 10  # captions: a rarer word's idf is capped here, and here the lexicon counts half
FEWEST = 10  # a word outside the lexicon is kept if it stands in so many captions
SIGNED = 0.5  # a lexicon score this far from 0 keeps its sign,
KEPT = 0.1  # and at least this share of itself, whatever the captions say
FOLDS = 10


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
    """Read captions and triples; the triples' file wraps each line in quotes of its own.

    Words without an emotion of their own, and those that only say which part was described, are
    dropped: the correlations rise, and texts of other origin are not judged by their grammar.
    """
    audio = folder / "Modulo Qwen Audio"
    function_words = set((HERE / "function_words.txt").read_text(encoding="utf-8").split())
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
        [
            [w for w in split_lexicon_words(text) if w not in function_words]
            for n in names
            for text in captions[n]
        ],
        np.concatenate([triples[n] for n in names]),
        np.repeat(np.arange(len(names)), [len(captions[n]) for n in names]),
    )


def read_lexicon() -> list[tuple[tuple[float, ...], list[str]]]:
    """Families of words of one meaning, each with its score of -1..1 a channel."""
    with (MAPPERS / "lexicon.csv").open(encoding="utf-8", newline="") as f:
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

    A weight is prior + effect of its family + the word's own effect, all three in standard
    deviations of the channel. The prior is the lexicon's score, less the more captions speak for
    themselves; the effects are normal, so the weights have covariance D + M M', with M the
    membership of words in families and D the variance of the words' own effects.
    """
    lexicon = read_lexicon()
    family = {word: i for i, (_, members) in enumerate(lexicon) for word in members}
    seen = Counter(word for caption in captions for word in set(caption))
    seen_families = Counter(f for c in captions for f in {family[w] for w in c if w in family})
    vocabulary = sorted({w for w in seen if seen[w] >= FEWEST} | family.keys())
    counts = np.array([seen_families[family[w]] if w in family else seen[w] for w in vocabulary])
    idf = np.log((1 + len(captions)) / (1 + np.maximum(counts, RAREST))) + 1

    member = np.zeros((len(vocabulary), len(lexicon)))
    for j, word in enumerate(vocabulary):
        if word in family:
            member[j, family[word]] = 1
    scores = member @ np.array([score for score, _ in lexicon])
    prior = scores * (RAREST / (RAREST + counts))[:, None]
    own = np.where(member.any(axis=1), 1.0, OUTSIDE)

    x, y = design(captions, vocabulary, idf), normal_scores(triples)
    centred = x - x.mean(axis=0)
    spread = own[:, None] * centred.T + member @ (member.T @ centred.T)
    kernel = centred @ spread + RIDGE * np.eye(len(captions))
    weights = prior + spread @ np.linalg.solve(kernel, y - y.mean(axis=0) - centred @ prior)

    sign = np.sign(scores)
    kept = sign * np.maximum(sign * weights, KEPT * np.abs(scores))
    weights = np.where(np.abs(scores) >= SIGNED, kept, weights)
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
    from scipy.stats import spearmanr

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
        with (MAPPERS / WEIGHTS).open("w", encoding="utf-8", newline="") as f:
            csv.writer(f, lineterminator="\n").writerows(
                table(fit(corpus.captions, corpus.triples))
            )


if __name__ == "__main__":
    main()
