"""Captions per second of the embedded mapper on one core, compared with only splitting into words.

python benchmarks/mapper_speed.py
"""

from __future__ import annotations

import time
from itertools import cycle, islice
from typing import TYPE_CHECKING

from cmean.backends.mappers.embedded import EmbeddedMapper
from cmean.backends.mappers.word_table import split_lexicon_words

if TYPE_CHECKING:
    from collections.abc import Callable

CAPTIONS = 5_000
WORDS = 70  # a caption of the study has 70 words on average
ROUNDS = 5
SENTENCE = (
    "The piece opens with a slow and gentle piano over soft sustained strings, then drums and bass"
    " join with a driving, energetic beat that evokes excitement and movement, as on a crowded"
    " dance floor, before a melancholic voice brings back the nostalgia of the beginning."
)


def captions() -> list[str]:
    """Captions of the study's usual length, each starting at another word."""
    vocabulary = SENTENCE.split()
    return [
        " ".join(islice(cycle(vocabulary), i % len(vocabulary), i % len(vocabulary) + WORDS))
        for i in range(CAPTIONS)
    ]


def rate(work: Callable[[list[str]], object], texts: list[str]) -> float:
    """Texts per second of processor time, the best of some rounds."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work(texts)
        seconds.append(time.process_time() - start)
    return len(texts) / min(seconds)


def main() -> None:
    """Print both rates and their ratio."""
    texts = captions()
    start = time.process_time()
    mapper = EmbeddedMapper()
    mapper.load()
    print(f"load                {1000 * (time.process_time() - start):10.1f} ms")
    floor = rate(lambda batch: [split_lexicon_words(text) for text in batch], texts)
    mapped = rate(mapper.map, texts)
    print(f"split into words    {floor:10,.0f} captions/s")
    print(f"map to triples      {mapped:10,.0f} captions/s ({floor / mapped:.1f} times as long)")


if __name__ == "__main__":
    main()
