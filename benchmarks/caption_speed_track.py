"""Seconds to caption a 30 s track and its four quarters, decoding included, on this machine.

    python benchmarks/caption_speed_track.py [FILE]

Without FILE a stereo FLAC of 30 s at 44.1 kHz is made and measured. Run it with one core
(`taskset -c 0`) to compare with the figures in `docs/decisions/0003-embedded-track-captioner.md`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
import soxr

from cmean.backends.captioners.embedded_track import EmbeddedTrackCaptioner
from cmean.domain import Excerpt, Kind, Sound

RATE = 16_000
SECONDS = 30
REPEATS = 5


def decode(path: Path) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The first 30 s of a file as mono at 16 kHz."""
    with soundfile.SoundFile(path) as file:
        stereo = file.read(SECONDS * file.samplerate, dtype="float32", always_2d=True)
        mono = soxr.resample(stereo.mean(axis=1), file.samplerate, RATE)
    return np.asarray(mono, dtype=np.float32)


def excerpts(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> list[Excerpt]:
    """The whole and its four quarters."""
    parts = [samples, *np.array_split(samples, 4)]
    return [Excerpt(Kind.TRACK, place, Sound(part, RATE)) for place, part in enumerate(parts)]


def make(folder: Path) -> Path:
    """Write 30 s of drums over a chord."""
    clock = np.arange(SECONDS * 44_100) / 44_100
    beat = np.exp(-20 * ((2 * clock) % 1)) * np.random.default_rng(0).normal(size=len(clock))
    chord = sum(np.sin(2 * np.pi * hertz * clock) for hertz in (220.0, 261.6, 329.6))
    path = folder / "made.flac"
    soundfile.write(path, 0.1 * np.stack((beat + chord, beat - chord), axis=1), 44_100)
    return path


def main() -> None:
    """Print the best of five runs, after one to warm up."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else make(Path(folder))
        captioner = EmbeddedTrackCaptioner()
        captioner.load()
        decoding, captioning = [], []
        for _ in range(REPEATS + 1):
            start = time.perf_counter()
            samples = decode(path)
            middle = time.perf_counter()
            captioner.caption(excerpts(samples))
            decoding.append(middle - start)
            captioning.append(time.perf_counter() - middle)
    floor, work = min(decoding[1:]), min(captioning[1:])
    print(f"decoding   {floor:.3f} s ({floor / (floor + work):.0%} of all)")
    print(f"captioning {work:.3f} s for five captions")
    print(f"together   {floor + work:.3f} s")


if __name__ == "__main__":
    main()
