"""Fit word weights to the triples that a language model gave some captions.

Ridge regression of each channel on the sublinear tf-idf of the words, in the form that
`cmean.backends.mappers.word_table` reads. Captions of one item speak of the same thing, so whatever
is held out, to choose the ridge or to measure, is held out by whole items.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from cmean.backends.mappers.embedded import EmbeddedMapper
from cmean.backends.mappers.word_table import BASE, Weight, WordTable, tfidf, words
from cmean.domain import CHANNELS
from cmean.errors import EmotionError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from cmean.domain import RGB

    Array = NDArray[np.float64]
    Guess: TypeAlias = tuple[float, ...] | None
    """A triple, or None where a mapper refuses the text."""

RIDGES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
FOLDS = 5
FEWEST_ITEMS = 10
FEWEST_CAPTIONS = 5
"""A word is kept if it stands in so many captions."""


@dataclass(frozen=True, slots=True)
class DistilledWeights:
    """Fitted weights.

    Attributes:
        about: what they were fitted to and how well they do; JSON values.
        weights: a row a word, and the base.
    """

    about: Mapping[str, Any]
    weights: Mapping[str, Weight]

    def save(self, path: Path) -> None:
        """Write the file that `DistilledMapper` reads: a line of JSON, then CSV."""
        rows = [
            ",".join([word, f"{weight.idf:.3f}", *(f"{points:.2f}" for points in weight[1:])])
            for word, weight in self.weights.items()
        ]
        head = [json.dumps(self.about, ensure_ascii=False), ",".join(["word", "idf", *CHANNELS])]
        path.write_text("\n".join([*head, *rows, ""]), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Examples:
    """Captions as words and as text, their triples of shape (n, 3), their items as 0..m-1."""

    texts: Sequence[str]
    counts: Sequence[Counter[str]]
    triples: Array
    items: NDArray[np.int64]

    def where(self, mask: NDArray[np.bool_]) -> _Examples:
        chosen = np.flatnonzero(mask).tolist()
        return _Examples(
            [self.texts[i] for i in chosen],
            [self.counts[i] for i in chosen],
            self.triples[mask],
            self.items[mask],
        )


def fit(
    captions: Sequence[str],
    triples: NDArray[Any],
    items: Sequence[Hashable],
    *,
    held_out: float = 0.2,
    seed: int = 0,
    source: Mapping[str, Any] | None = None,
) -> DistilledWeights:
    """Fit word weights, and measure them on items that they were not fitted on.

    Agreement is measured by cross-validation: each item is held out once, and its captions are
    mapped by weights that were fitted, and whose ridge was chosen, without it. The weights that are
    returned are fitted on all items in the same way, so they have seen more than those measured.

    Args:
        captions: texts.
        triples: theirs, of shape (n, 3), each 0..255.
        items: the item that each caption is of.
        held_out: the share of items that is held out at once, above 0 and at most 0.5.
        seed: of the order in which items are held out.
        source: what gave the triples, to be written down; JSON values.

    Returns:
        The weights. `about` has `captions`, `items`, `words`, `seed`, `held_out`, `ridge` (a
        channel), `source` and `agreement`: for `distilled`, `embedded` and `constant` (the mean
        triple) the number of `captions` that they answered, Spearman's correlation and the mean
        absolute error a channel, and the mean cosine. A correlation is None where there is none, as
        of a constant.

    Raises:
        InputError: there are too few items, or no word is frequent enough.
    """
    examples = _examples(captions, triples, items)
    if not 0 < held_out <= 0.5:  # noqa: PLR2004 - said in the message
        raise InputError(f"the share held out is above 0 and at most 0.5, not {held_out}")
    count = len(np.unique(examples.items))
    if count < FEWEST_ITEMS:
        raise InputError(
            f"a mapper is fitted to the captions of {FEWEST_ITEMS} items or more, and here "
            f"are those of {count}; run a profile with a language model first"
        )
    order = np.random.default_rng(seed).permutation(count)
    rank = order.argsort()[examples.items]  # captions of one item have one rank
    guesses = _held_out(examples, rank, min(count, round(1 / held_out)))
    ridge = _choose(examples, rank % FOLDS)
    weights = _weights(examples, ridge)
    about = {
        "captions": len(examples.texts),
        "items": count,
        "words": len(weights) - 1,
        "seed": seed,
        "ridge": dict(zip(CHANNELS, ridge, strict=True)),
        "source": dict(source or {}),
        "held_out": held_out,
        "agreement": _agreement(examples, guesses),
    }
    return DistilledWeights(about, weights)


def _examples(
    captions: Sequence[str], triples: NDArray[Any], items: Sequence[Hashable]
) -> _Examples:
    numbers = {item: i for i, item in enumerate(dict.fromkeys(items))}
    return _Examples(
        list(captions),
        [Counter(words(text)) for text in captions],
        np.asarray(triples, dtype=np.float64).reshape(len(captions), len(CHANNELS)),
        np.array([numbers[item] for item in items], dtype=np.int64),
    )


def _choose(examples: _Examples, folds: NDArray[np.int64]) -> list[float]:
    """The ridge of each channel that ranks the captions of folds left out best."""
    guesses = np.zeros((len(RIDGES), *examples.triples.shape))
    for fold in np.unique(folds):
        train, test = examples.where(folds != fold), examples.where(folds == fold)
        idf = _idf(train)
        x, unseen = _design(train, idf), _design(test, idf)
        for i, ridge in enumerate(RIDGES):
            base, weights = _solve(x, train.triples, [ridge] * len(CHANNELS))
            guesses[i, folds == fold] = base + unseen @ weights
    scores = [
        [_spearman(guess[:, j], truth) or 0.0 for guess in guesses]
        for j, truth in enumerate(examples.triples.T)
    ]
    return [RIDGES[int(np.argmax(by_ridge))] for by_ridge in scores]


def _weights(examples: _Examples, ridge: Sequence[float]) -> dict[str, Weight]:
    idf = _idf(examples)
    base, weights = _solve(_design(examples, idf), examples.triples, ridge)
    rows = zip(idf.items(), weights.tolist(), strict=True)
    return {BASE: Weight(0.0, *base.tolist())} | {
        word: Weight(rarity, *points) for (word, rarity), points in rows
    }


def _idf(examples: _Examples) -> dict[str, float]:
    """The rarity of each word that is frequent enough, in the order of the alphabet."""
    seen = Counter(word for counts in examples.counts for word in counts)
    kept = sorted(word for word, count in seen.items() if count >= FEWEST_CAPTIONS)
    if not kept:
        raise InputError(f"no word stands in {FEWEST_CAPTIONS} captions: caption more items first")
    total = len(examples.counts)
    return {word: math.log((1 + total) / (1 + seen[word])) + 1 for word in kept}


def _design(examples: _Examples, idf: Mapping[str, float]) -> csr_array:
    """The x of the table's formula, of shape (captions, words)."""
    from scipy.sparse import csr_array

    column = {word: j for j, word in enumerate(idf)}
    ends, columns, values = [0], [], []
    for counts in examples.counts:
        known = {word: count for word, count in counts.items() if word in column}
        for word, x in tfidf(known, idf).items():
            columns.append(column[word])
            values.append(x)
        ends.append(len(columns))
    return csr_array((values, columns, ends), shape=(len(examples.counts), len(idf)))


def _solve(x: csr_array, y: Array, ridge: Sequence[float]) -> tuple[Array, Array]:
    """The base, of shape (3,), and the weights, of shape (words, 3), of least penalised error.

    The base carries no penalty: rows are centred, by an operator since they are sparse.
    """
    from scipy.sparse.linalg import LinearOperator, lsqr

    mean, transposed = np.asarray(x.mean(axis=0)), x.T.tocsr()
    centred = LinearOperator(
        x.shape,
        matvec=lambda v: x @ v - mean @ v,
        rmatvec=lambda u: transposed @ u - mean * u.sum(),
        dtype=np.float64,
    )
    columns = [
        lsqr(centred, values - values.mean(), damp=math.sqrt(strength), atol=1e-8, btol=1e-8)[0]
        for values, strength in zip(y.T, ridge, strict=True)
    ]
    weights = np.stack(columns, axis=1)
    return y.mean(axis=0) - mean @ weights, weights


def _held_out(examples: _Examples, rank: NDArray[np.int64], parts: int) -> list[Guess]:
    """What each caption is mapped to by weights that were fitted without its item."""
    guesses: list[Guess] = [None] * len(examples.texts)
    for part in range(parts):
        aside = rank % parts == part
        train = examples.where(~aside)
        ridge = _choose(train, rank[~aside] // parts % FOLDS)
        table = WordTable(_weights(train, ridge), "the distilled mapper")
        for i in np.flatnonzero(aside).tolist():
            guesses[i] = _guess(table.triple, examples.texts[i])
    return guesses


def _guess(mapper: Callable[[str], RGB], text: str) -> Guess:
    try:
        return tuple(mapper(text))
    except EmotionError:
        return None  # a text without a word that it knows


def _agreement(examples: _Examples, guesses: Sequence[Guess]) -> dict[str, dict[str, Any]]:
    """How far the distilled mapper, the embedded one and the mean triple agree with the triples."""
    embedded = EmbeddedMapper()
    embedded.load()
    mean: Guess = tuple(examples.triples.mean(axis=0).round().tolist())
    by_mapper = {
        "distilled": guesses,
        "embedded": [_guess(lambda t: embedded.map([t])[0], text) for text in examples.texts],
        "constant": [mean] * len(examples.texts),
    }
    return {name: _compared(found, examples.triples) for name, found in by_mapper.items()}


def _compared(guesses: Sequence[Guess], triples: Array) -> dict[str, Any]:
    answered = [i for i, guess in enumerate(guesses) if guess is not None]
    guess = np.array([guesses[i] for i in answered], dtype=np.float64).reshape(-1, len(CHANNELS))
    truth = triples[answered]
    errors = np.abs(guess - truth).mean(axis=0).tolist() if answered else [None] * len(CHANNELS)
    return {
        "captions": len(answered),
        "spearman": {c: _spearman(guess[:, j], truth[:, j]) for j, c in enumerate(CHANNELS)},
        "mean_absolute_error": {
            c: error and round(error, 3) for c, error in zip(CHANNELS, errors, strict=True)
        },
        "mean_cosine": _cosine(guess, truth),
    }


def _spearman(guess: Array, truth: Array) -> float | None:
    from scipy.stats import spearmanr

    if len(guess) < 2 or np.ptp(guess) == 0 or np.ptp(truth) == 0:  # noqa: PLR2004 - a line needs two
        return None
    return round(float(spearmanr(guess, truth).statistic), 4)


def _cosine(guess: Array, truth: Array) -> float | None:
    norms = np.linalg.norm(guess, axis=1) * np.linalg.norm(truth, axis=1)
    if not norms.any():
        return None
    return round(float(((guess * truth).sum(axis=1)[norms > 0] / norms[norms > 0]).mean()), 4)
