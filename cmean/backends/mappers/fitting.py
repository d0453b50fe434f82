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
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.backends.mappers.agreement import correlate_ranks, measure_agreement
from cmean.backends.mappers.embedded import EmbeddedMapper
from cmean.backends.mappers.word_table import BASE, WordTable, WordWeight, split_lexicon_words
from cmean.domain import CHANNELS
from cmean.errors import EmotionError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from cmean.backends.mappers.agreement import Guess
    from cmean.domain import RGB

    Array = NDArray[np.float64]

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
    weights: Mapping[str, WordWeight]

    def save(self, path: Path) -> None:
        """Write the file that `DistilledMapper` reads: a line of JSON, then CSV."""
        rows = [
            ",".join([word, f"{weight.idf:.3f}", *(f"{points:.2f}" for points in weight[1:])])
            for word, weight in self.weights.items()
        ]
        head = [json.dumps(self.about, ensure_ascii=False), ",".join(["word", "idf", *CHANNELS])]
        path.write_text("\n".join([*head, *rows, ""]), encoding="utf-8")


@dataclass(frozen=True, slots=True, eq=False)
class _Examples:
    """Captions, their triples of shape (n, 3), and their items as 0..m-1.

    `terms`, of shape (n, words of the vocabulary), has 1 + ln tf, or 0 where a word is not there.
    """

    texts: Sequence[str]
    vocabulary: Sequence[str]
    terms: csr_array
    triples: Array
    items: NDArray[np.int64]

    def take_where(self, mask: NDArray[np.bool_]) -> _Examples:
        texts = [self.texts[i] for i in np.flatnonzero(mask).tolist()]
        terms = self.terms[np.flatnonzero(mask)]
        return _Examples(texts, self.vocabulary, terms, self.triples[mask], self.items[mask])


@dataclass(frozen=True, slots=True, eq=False)
class _Words:
    """The words that weights are fitted for: their columns of `terms`, and their rarity."""

    columns: NDArray[np.int64]
    idf: Array


def fit_word_weights(
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
    examples = _collect_examples(captions, triples, items)
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
    guesses = _map_held_out(examples, rank, min(count, round(1 / held_out)))
    ridge = _choose(examples, rank % FOLDS)
    weights = _make_weights(examples, ridge)
    about = {
        "captions": len(examples.texts),
        "items": count,
        "words": len(weights) - 1,
        "seed": seed,
        "ridge": dict(zip(CHANNELS, ridge, strict=True)),
        "source": dict(source or {}),
        "held_out": held_out,
        "agreement": _measure_agreement(examples, guesses),
    }
    return DistilledWeights(about, weights)


def _collect_examples(
    captions: Sequence[str], triples: NDArray[Any], items: Sequence[Hashable]
) -> _Examples:
    from scipy.sparse import csr_array

    counts = [Counter(split_lexicon_words(text)) for text in captions]
    vocabulary = sorted(set().union(*counts))
    column = {word: j for j, word in enumerate(vocabulary)}
    terms = csr_array(
        (
            np.array([1 + math.log(count) for found in counts for count in found.values()]),
            np.array([column[word] for found in counts for word in found], dtype=np.int64),
            np.cumsum([0, *map(len, counts)]),
        ),
        shape=(len(captions), len(vocabulary)),
    )
    numbers = {item: i for i, item in enumerate(dict.fromkeys(items))}
    return _Examples(
        list(captions),
        vocabulary,
        terms,
        np.asarray(triples, dtype=np.float64).reshape(len(captions), len(CHANNELS)),
        np.array([numbers[item] for item in items], dtype=np.int64),
    )


def _choose(examples: _Examples, folds: NDArray[np.int64]) -> list[float]:
    """Choose the ridge of each channel that ranks the captions of held-out folds best."""
    guesses = np.zeros((len(RIDGES), *examples.triples.shape))
    for fold in np.unique(folds):
        train, test = examples.take_where(folds != fold), examples.take_where(folds == fold)
        chosen = _choose_words(train)
        x, unseen = _make_design_matrix(train, chosen), _make_design_matrix(test, chosen)
        for i, ridge in enumerate(RIDGES):
            base, weights = _solve(x, train.triples, [ridge] * len(CHANNELS))
            guesses[i, folds == fold] = base + unseen @ weights
    scores = [
        [correlate_ranks(guess[:, j], truth) or 0.0 for guess in guesses]
        for j, truth in enumerate(examples.triples.T)
    ]
    return [RIDGES[int(np.argmax(by_ridge))] for by_ridge in scores]


def _make_weights(examples: _Examples, ridge: Sequence[float]) -> dict[str, WordWeight]:
    chosen = _choose_words(examples)
    base, weights = _solve(_make_design_matrix(examples, chosen), examples.triples, ridge)
    rows = zip(chosen.columns.tolist(), chosen.idf.tolist(), weights.tolist(), strict=True)
    return {BASE: WordWeight(0.0, *base.tolist())} | {
        examples.vocabulary[column]: WordWeight(idf, *points) for column, idf, points in rows
    }


def _choose_words(examples: _Examples) -> _Words:
    """Choose the words that are frequent enough, in alphabetical order."""
    seen = np.bincount(examples.terms.indices, minlength=len(examples.vocabulary))
    columns = np.flatnonzero(seen >= FEWEST_CAPTIONS)
    if not len(columns):
        raise InputError(f"no word stands in {FEWEST_CAPTIONS} captions: caption more items first")
    return _Words(columns, np.log((1 + len(examples.texts)) / (1 + seen[columns])) + 1)


def _make_design_matrix(examples: _Examples, chosen: _Words) -> csr_array:
    """Make the design matrix, the x of the table's formula, shape (captions, words)."""
    from scipy.sparse import csr_array, diags_array

    x = examples.terms[:, chosen.columns] @ diags_array(chosen.idf)
    lengths = np.sqrt(np.asarray(x.multiply(x).sum(axis=1)))
    shares = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return csr_array(diags_array(shares) @ x)


def _solve(x: csr_array, y: Array, ridge: Sequence[float]) -> tuple[Array, Array]:
    """Solve for base, shape (3,), and weights, shape (words, 3), of least penalised error.

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
        lsqr(centred, values - values.mean(), damp=math.sqrt(strength), atol=1e-6, btol=1e-6)[0]
        for values, strength in zip(y.T, ridge, strict=True)
    ]
    weights = np.stack(columns, axis=1)
    return y.mean(axis=0) - mean @ weights, weights


def _map_held_out(examples: _Examples, rank: NDArray[np.int64], parts: int) -> list[Guess]:
    """Map each caption by weights that were fitted without its item."""
    guesses: list[Guess] = [None] * len(examples.texts)
    for part in range(parts):
        aside = rank % parts == part
        train = examples.take_where(~aside)
        ridge = _choose(train, rank[~aside] // parts % FOLDS)
        table = WordTable(_make_weights(train, ridge), "the distilled mapper")
        for i in np.flatnonzero(aside).tolist():
            guesses[i] = _guess(table.triple, examples.texts[i])
    return guesses


def _guess(mapper: Callable[[str], RGB], text: str) -> Guess:
    try:
        return tuple(mapper(text))
    except EmotionError:
        return None  # a text without a word that it knows


def _measure_agreement(examples: _Examples, guesses: Sequence[Guess]) -> dict[str, dict[str, Any]]:
    """Measure how far the distilled, embedded and constant mappers agree with the triples."""
    embedded = EmbeddedMapper()
    embedded.load()
    mean: Guess = tuple(examples.triples.mean(axis=0).round().tolist())
    by_mapper = {
        "distilled": guesses,
        "embedded": [_guess(lambda t: embedded.map([t])[0], text) for text in examples.texts],
        "constant": [mean] * len(examples.texts),
    }
    return {name: measure_agreement(found, examples.triples) for name, found in by_mapper.items()}
