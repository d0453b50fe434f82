"""Fit the learned mapper's sentence head on the lexicon of mood words; run by hand.

    python benchmarks/fit_reading.py                      # print how well it reads
    python benchmarks/fit_reading.py --write              # and write the head
    python benchmarks/fit_reading.py --published FOLDER   # and hold it against the study's captions

The sentence encoder's weights come from the store, or from `--model FILE`. Plain sentences, without
words of mood, are in `plain_sentences.csv`: the constants of the method were chosen on the half
named "development"; the other was kept back. `docs/decisions/0012-learned-mapper.md` has the rest.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from fit_mapper import FOLDS, MAPPERS, cross_validate, read_corpus, read_lexicon

from cmean.backends.mappers.embedded import EmbeddedMapper
from cmean.backends.mappers.learned import ENOUGH, LearnedMapper
from cmean.backends.mappers.sentence_head import HEAD, SentenceHead
from cmean.domain import CHANNELS
from cmean.errors import EmotionError
from cmean.perception.networks.sentence_encoder import SentenceEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmean.protocols import EmotionMapper

    Array = NDArray[np.float64]

HERE = Path(__file__).resolve().parent

FRAMES = ("{}", "a {} picture", "{} music")
"""A mood word alone, and as captions of both kinds have it."""
RIDGE = 5.0  # a frame; 1 to 10 read plain sentences alike
BASE = np.array([149.8, 117.8, 71.6])  # what the word table's triples start from,
SPREAD = np.array([65.5, 55.5, 41.5])  # and their spread, in points


def main() -> None:
    """Print how well the mapper reads; with --write, fit the head and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="the ONNX file of the sentence encoder")
    parser.add_argument("--write", action="store_true", help="write the head")
    parser.add_argument("--published", type=Path, metavar="FOLDER", help="the study's results")
    arguments = parser.parse_args()

    encoder = SentenceEncoder(arguments.model)
    families = [score for score, _ in read_lexicon()]
    owner = np.array([i for i, (_, words) in enumerate(read_lexicon()) for _ in words])
    lexicon = [word for _, words in read_lexicon() for word in words]
    scores = np.array(families)[owner]
    vectors = np.stack([encode(encoder, [f.format(w) for w in lexicon]) for f in FRAMES])
    print_cross_validated(vectors, scores, owner)
    if arguments.write:
        head = fit(vectors, scores, encode(encoder, [text for text, _ in sentences("development")]))
        with (MAPPERS / HEAD).open("w", encoding="utf-8", newline="") as f:
            csv.writer(f, lineterminator="\n").writerows(head.rows())
    print_plain(encoder)
    if arguments.published:
        print_published(arguments.published, encoder)


def encode(encoder: SentenceEncoder, texts: Sequence[str]) -> Array:
    """Vectors of shape (texts, width)."""
    return np.array([encoder.encode(text) for text in texts], dtype=np.float64)


def sentences(half: str) -> list[tuple[str, int]]:
    """Plain sentences of a half, each with the channel that a person would name."""
    with (HERE / "plain_sentences.csv").open(encoding="utf-8", newline="") as f:
        rows = [row for row in csv.DictReader(f) if row["half"] == half]
    return [(row["text"], CHANNELS.index(row["channel"])) for row in rows]


def solve(vectors: Array, scores: Array) -> tuple[Array, Array]:
    """Ridge regression of scores on vectors of shape (frames, words, width): start, weights."""
    x, y = np.concatenate(vectors), np.tile(scores, (len(vectors), 1))
    centred = x - x.mean(axis=0)
    gram = centred.T @ centred + RIDGE * len(vectors) * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, centred.T @ (y - y.mean(axis=0)))
    return y.mean(axis=0) - x.mean(axis=0) @ weights, weights


def fit(vectors: Array, scores: Array, plain: Array) -> SentenceHead:
    """The head, scaled so that its points of plain sentences spread as the word table's do.

    A score of 0 is the base of the word table.
    """
    start, weights = solve(vectors, scores)
    gain = SPREAD / (plain @ weights).std(axis=0)
    return SentenceHead(BASE + gain * start, gain * weights)


def print_cross_validated(vectors: Array, scores: Array, owner: NDArray[np.int64]) -> None:
    """Correlation with the lexicon's scores, of words whose family was left out."""
    guesses = np.empty_like(scores)
    for fold in range(FOLDS):
        aside = owner % FOLDS == fold
        start, weights = solve(vectors[:, ~aside], scores[~aside])
        guesses[aside] = start + vectors[0, aside] @ weights
    found = [np.corrcoef(g, s)[0, 1] for g, s in zip(guesses.T, scores.T, strict=True)]
    print(f"lexicon, {FOLDS} folds by family, Pearson: {'  '.join(f'{r:.2f}' for r in found)}")


def print_plain(encoder: SentenceEncoder) -> None:
    """How well plain sentences are read, by the mapper of today and by the learned one."""
    for half in ("development", "kept back"):
        texts, truth = zip(*sentences(half), strict=True)
        for name, mapper in (("table", EmbeddedMapper()), ("learned", LearnedMapper(encoder))):
            mapper.load()
            print(f"plain, {half}, {name}: {judge(mapper, texts, np.array(truth))}")


def judge(mapper: EmotionMapper, texts: Sequence[str], truth: NDArray[np.int64]) -> str:
    """AUC a channel, and how often the right channel stands out most, refusals counted wrong."""
    read: dict[int, tuple[int, ...]] = {}
    for i, text in enumerate(texts):
        try:
            read[i] = tuple(mapper.map([text])[0])
        except EmotionError:
            continue
    triples, right = np.array(list(read.values()), dtype=np.float64), truth[list(read)]
    areas = [
        area_under_curve(column[right == j], column[right != j])
        for j, column in enumerate(triples.T)
    ]
    standard = (triples - triples.mean(axis=0)) / triples.std(axis=0)
    hits = int((standard.argmax(axis=1) == right).sum())
    return (
        f"AUC {' '.join(f'{area:.2f}' for area in areas)}, right channel {hits} of {len(texts)},"
        f" refused {len(texts) - len(read)}, mean {triples.mean(axis=0).round()},"
        f" spread {triples.std(axis=0).round()}"
    )


def area_under_curve(of_it: Array, of_others: Array) -> float:
    """How often a channel is higher where it is the right one: the area under the ROC curve."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(of_it, of_others).statistic / (len(of_it) * len(of_others)))


def print_published(folder: Path, encoder: SentenceEncoder) -> None:
    """Spearman with the study's triples: the table by folds, alone and mixed as the mapper does."""
    from scipy.stats import spearmanr

    corpus = read_corpus(folder)
    table, mapper = EmbeddedMapper(), LearnedMapper(encoder)
    table.load()
    mapper.load()
    texts = [" ".join(caption) for caption in corpus.captions]
    guesses = np.clip(cross_validate(corpus).round(), 0, 255)
    mixed = guesses.copy()
    changed = [i for i, t in enumerate(texts) if mapper.map([t]) != table.map([t])]
    mixed[changed] = [list(mapper.map([texts[i]])[0]) for i in changed]
    for name, found in (("table", guesses), ("learned", mixed)):
        figures = [
            spearmanr(g, t).statistic for g, t in zip(found.T, corpus.triples.T, strict=True)
        ]
        print(f"study, {name}, Spearman: {'  '.join(f'{r:.3f}' for r in figures)}")
    print(f"  {len(changed)} of {len(texts)} captions have less than {ENOUGH} known words")


if __name__ == "__main__":
    main()
