"""Seconds for a track and an artwork with five captions and triples, compared with decoding alone.

One core, after a warm-up, through the functions that the program itself uses. By default the demo
corpus is measured, with each track repeated to 30 s; `--tracks DIR --artworks DIR` measures real
files. The named baseline is decoding: no program that looks at the files can take less.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import soundfile

from cmean.backends import registry
from cmean.config import load_settings
from cmean.datasets import demo
from cmean.domain import Caption, Excerpt, Kind, Picture, Sound
from cmean.media import files
from cmean.media.excerpts import load_excerpts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.protocols import EmotionMapper

TARGETS = {Kind.TRACK: 1.5, Kind.ARTWORK: 0.25}
"""Seconds an item."""
TRACK_SECONDS = 30
REPETITIONS = 3


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=Path)
    parser.add_argument("--artworks", type=Path)
    parser.add_argument("--profile", default="learned", help="whose captioners and mappers")
    args = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):  # holds the threads of libraries to one core as well
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        given = {Kind.TRACK: args.tracks, Kind.ARTWORK: args.artworks}
        if None in given.values():
            given = composed(Path(folder))
        print("| item | decoding | captions | triples | together | target | together / decoding |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for kind, source in given.items():
            paths = [path for path in files.find_media_files([source]) if isinstance(path, Path)]
            decode, caption, mapped = measure(kind, paths, args.profile)
            whole = decode + caption + mapped
            print(
                f"| {kind.value} ({len(paths)} files) | {decode:.3f} s | {caption:.3f} s "
                f"| {mapped:.4f} s | {whole:.3f} s | {TARGETS[kind]} s | {whole / decode:.1f} |"
            )


def composed(folder: Path) -> dict[Kind, Path]:
    """The demo corpus, its tracks repeated to 30 s."""
    for item in demo.compose_corpus(folder):
        if item.kind is Kind.TRACK:
            samples, rate = soundfile.read(item.path, dtype="float32")
            times = -(-TRACK_SECONDS * rate // len(samples))
            long = np.tile(samples, (times, 1))[: TRACK_SECONDS * rate]
            soundfile.write(item.path, long, rate)
    return {Kind.TRACK: folder / "tracks", Kind.ARTWORK: folder / "artworks"}


def measure(kind: Kind, paths: list[Path], name: str) -> tuple[float, float, float]:
    """Median seconds an item of decoding, captioning, mapping, each the best of a few runs."""
    profile = load_settings({}).get_profile(name).kinds[kind]
    captioner = registry.create_captioner(profile.captioner.backend, profile.captioner.parameters)
    mapper = cast(
        "EmotionMapper", registry.create_mapper(profile.mapper.backend, profile.mapper.parameters)
    )
    captioner.load()
    mapper.load()
    best = {path: [float("inf")] * 3 for path in paths}
    for _ in range(1 + REPETITIONS):  # the first warms up; the best of all is kept anyway
        for path in paths:
            start = time.perf_counter()
            media: Sequence[Sound | Picture] = load_excerpts(path, kind, profile.preprocessing)
            decoded = time.perf_counter()
            batch = [Excerpt(kind, n, part, whole=media[0]) for n, part in enumerate(media)]
            captions = captioner.caption(batch)
            captioned = time.perf_counter()
            mapper.map([c.text for c in captions if isinstance(c, Caption)])
            done = time.perf_counter()
            taken = (decoded - start, captioned - decoded, done - captioned)
            best[path] = [min(pair) for pair in zip(best[path], taken, strict=True)]
    decode, caption, mapped = zip(*best.values(), strict=True)
    return statistics.median(decode), statistics.median(caption), statistics.median(mapped)


if __name__ == "__main__":
    main()
