"""Every captioner that is a chat model, with a tiny checkpoint and what it is to caption."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from checkpoints import audio_flamingo, llava, qwen2_5_omni, qwen2_5_vl, qwen2_audio, qwen3_omni
from cmean.backends import registry
from cmean.domain import Excerpt, Kind, Picture, Prompt, Sound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RATE = 16_000
SMALL = {"min_pixels": 56 * 56, "max_pixels": 112 * 112}
LONGEST = 14


@dataclass(frozen=True)
class Case:
    """A back-end: what builds its checkpoint, its parameters, seconds and sides that it takes."""

    build: Callable[[Path], Path]
    parameters: dict[str, Any]
    seconds: tuple[float, ...] = ()
    sides: tuple[tuple[int, int], ...] = ()


HEARD = (0.5, 2.0, 1.3, 0.04)
SEEN = ((60, 90), (100, 40), (3, 3))
CASES = {
    "qwen2-audio": Case(qwen2_audio.build, {}, HEARD),
    "qwen2.5-vl": Case(qwen2_5_vl.build, SMALL, (), SEEN),
    "qwen2.5-omni": Case(qwen2_5_omni.build, SMALL, HEARD, SEEN),
    "qwen3-omni": Case(qwen3_omni.build, SMALL, HEARD, SEEN),
    "audio-flamingo-3": Case(audio_flamingo.build, {}, (*HEARD, 5.5)),
    "music-flamingo": Case(audio_flamingo.build_music, {}, (*HEARD, 5.5)),
    "llava": Case(llava.build, {}, (), SEEN),
    "llava-next": Case(llava.build_next, {}, (), SEEN),
    "llava-next-interleave": Case(llava.build_interleave, {}, (), SEEN),
}


def sound(seconds, rate=RATE, seed=0):
    noise = np.random.default_rng([seed, int(seconds * 1000)])
    return Sound((noise.standard_normal(int(seconds * rate)) * 0.2).astype(np.float32), rate)


def picture(height, width, seed=0):
    noise = np.random.default_rng([seed, height, width])
    return Picture(noise.integers(0, 256, (height, width, 3), dtype=np.uint8))


def excerpt(media, user="Describe it.", system="", prefix=""):
    kind = Kind.TRACK if isinstance(media, Sound) else Kind.ARTWORK
    return Excerpt(kind, 0, media, Prompt(user, system), prefix)


class Subject:
    """One back-end with its tiny checkpoint, and excerpts of unequal lengths for it."""

    def __init__(self, name, folder):
        case = CASES[name]
        self.name, self.case, self.folder = name, case, case.build(folder)
        media = [*map(sound, case.seconds), *(picture(*sides) for sides in case.sides)]
        self.excerpts = [
            excerpt(one, "Describe it" + "!" * (7 * n), "You are a critic." * (n % 2))
            for n, one in enumerate(media)
        ]

    def new(self, **parameters):
        """A loaded captioner."""
        given = {"model": str(self.folder), "dtype": "float32", "max_new_tokens": LONGEST}
        captioner = registry.captioner(self.name, given | self.case.parameters | parameters)
        captioner.load()
        return captioner
