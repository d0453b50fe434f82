"""Every back-end that runs a checkpoint, with a tiny one of its kind and what it is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from checkpoints import (
    audio_flamingo,
    blip,
    blip2,
    clap,
    clip,
    gemma4,
    imagebind,
    instructblip,
    internvl,
    llava,
    lp_musiccaps,
    metaclip2,
    pe_av,
    qwen2_5_omni,
    qwen2_5_vl,
    qwen2_audio,
    qwen3,
    qwen3_5,
    qwen3_omni,
    qwen3_vl,
    siglip,
    smolvlm,
)
from cmean.backends import registry
from cmean.domain import Excerpt, Kind, Picture, Prompt, Question, Role, Sound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RATE = 16_000
LONGEST = 14
CLOSE = 1e-5
HEARD = (0.5, 2.0, 1.3, 0.04)
SEEN = ((60, 90), (100, 40), (3, 3))
TEXTS = ("a calm sea", "thunder", "a long, slow and quiet song of the evening, " * 8)
ASKED = (
    Question(Prompt("A slow and gentle piano over soft strings.", "You rate."), 40, r"\d{2}"),
    Question(Prompt("Be brief."), 5),
    Question(Prompt("Drums and bass join. " * 30), 9, temperature=3.0, seed=1),
)
PROCESSOR, TOKENIZER = "processor_config.json", "tokenizer.json"
FEATURES = "preprocessor_config.json"


@dataclass(frozen=True)
class Case:
    """A back-end as it is tried out.

    Args:
        build: writes a checkpoint into a folder.
        backend: its name, where that is not the case's.
        role: of it.
        parameters: beside model and number format.
        seconds: of the sounds that it is given; none: it takes none.
        sides: of the pictures.
        rate: of the sounds, in Hz.
        window: the most that it hears at once, in seconds; None: all.
        files: without which it does not load, beside configuration and weights.
    """

    build: Callable[[Path], Path]
    backend: str = ""
    role: Role = Role.CAPTIONER
    parameters: dict[str, Any] = field(default_factory=lambda: {"max_new_tokens": LONGEST})
    seconds: tuple[float, ...] = ()
    sides: tuple[tuple[int, int], ...] = ()
    rate: int = RATE
    window: float | None = None
    files: tuple[str, ...] = (PROCESSOR, TOKENIZER)


def _embedder(build, **facts):
    return Case(build, role=Role.EMBEDDER, **({"parameters": {}} | facts))


_seer = partial(Case, sides=SEEN, files=(FEATURES, TOKENIZER))
_qwen = partial(
    _seer,
    parameters={"min_pixels": 56 * 56, "max_pixels": 112 * 112, "max_new_tokens": LONGEST},
)
_omni = partial(_qwen, seconds=HEARD, window=2)
_pictures = partial(_embedder, sides=((40, 50), (3, 9), (200, 30)), files=(FEATURES, TOKENIZER))
_clap = partial(_embedder, seconds=(1, 0.001, 3.3), rate=clap.RATE, files=(FEATURES, TOKENIZER))

CHATTING = {
    "qwen2-audio": Case(qwen2_audio.build, seconds=HEARD, window=2),
    "qwen2.5-vl": _qwen(qwen2_5_vl.build),
    "qwen2.5-omni": _omni(qwen2_5_omni.build),
    "qwen3-omni": _omni(qwen3_omni.build),
    "qwen3-omni-captioner": _omni(qwen3_omni.build),
    "audio-flamingo-3": Case(audio_flamingo.build, seconds=(*HEARD, 5.5), window=6),
    "music-flamingo": Case(audio_flamingo.build_music, seconds=(*HEARD, 5.5), window=6),
    "llava": Case(llava.build, sides=SEEN),
    "llava-next": Case(llava.build_next, sides=SEEN),
    "llava-next-interleave": Case(llava.build_interleave, sides=SEEN),
    "qwen3-vl": _qwen(qwen3_vl.build, "chat"),
    "qwen3.5-seeing": _qwen(qwen3_5.build, "chat"),
    "gemma4": Case(gemma4.build, "chat", seconds=HEARD, sides=SEEN, window=2),
    "smolvlm": Case(smolvlm.build, "chat", sides=SEEN),
    "internvl": Case(internvl.build, "chat", sides=SEEN),
    "audio-flamingo-next": Case(
        audio_flamingo.build_music, "chat", seconds=(*HEARD, 5.5), window=6
    ),
}
"""Those that are chat models: they go on with a caption that was cut."""

CASES = CHATTING | {
    "blip": _seer(blip.build),
    "blip-2": _seer(blip2.build),
    "blip-2-t5": _seer(partial(blip2.build, encoder_decoder=True), "blip-2"),
    "instructblip": _seer(instructblip.build),
    "lp-musiccaps": Case(
        lp_musiccaps.build, seconds=(10, 3, 0.01), window=10, files=("vocab.json", "merges.txt")
    ),
    "qwen3": Case(qwen3.build, role=Role.MAPPER, parameters={}, files=(TOKENIZER,)),
    "qwen3.5": Case(qwen3_5.build, "qwen3", Role.MAPPER, {}, files=(TOKENIZER,)),
    "clip": _pictures(clip.build),
    "clap": _clap(clap.build),
    "clap-fused": _clap(partial(clap.build, fusion=True), backend="clap"),
    "siglip-2": _pictures(siglip.build),
    "siglip-2-naflex": _pictures(siglip.build_naflex, backend="siglip-2"),
    "metaclip-2": _pictures(metaclip2.build),
    "pe-av": _embedder(
        pe_av.build,
        seconds=(1, 0.001, 10.5),
        sides=((40, 50), (3, 9)),
        rate=pe_av.RATE,
        files=(FEATURES, TOKENIZER, "video_preprocessor_config.json"),
    ),
    "imagebind": _embedder(
        imagebind.build,
        seconds=(5, 0.4),
        sides=((50, 70), (300, 240)),
        files=("vocab.json", "merges.txt"),
    ),
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
    """A case with its tiny checkpoint, and things of unequal lengths for it."""

    def __init__(self, name, folder):
        case = CASES[name]
        self.name, self.case, self.folder = name, case, case.build(folder)
        self.backend = case.backend or name
        media = [*(sound(s, case.rate) for s in case.seconds), *(picture(*s) for s in case.sides)]
        self.excerpts = [
            excerpt(one, "Describe it" + "!" * (7 * n), "You are a critic." * (n % 2))
            for n, one in enumerate(media)
        ]

    @property
    def things(self):
        """All that it is given: excerpts, then texts; or questions."""
        if self.case.role is Role.MAPPER:
            return [*ASKED]
        return [*self.excerpts, *(TEXTS if self.case.role is Role.EMBEDDER else ())]

    def created(self, **parameters):
        """A back-end that is not loaded."""
        given = {"model": str(self.folder), "dtype": "float32"} | self.case.parameters
        return registry.create_backend(self.backend, self.case.role, given | parameters)

    def new(self, **parameters):
        """A loaded back-end."""
        backend = self.created(**parameters)
        backend.load()
        return backend

    @cached_property
    def ready(self):
        """A loaded back-end, for tests that do no more than use it."""
        return self.new()


def use(backend, things):
    """What a back-end makes of things, in their order: captions, answers, vectors as arrays."""
    if hasattr(backend, "caption"):
        return backend.caption(things)
    if hasattr(backend, "write"):
        return backend.write(things)
    media = [one for one in things if not isinstance(one, str)]
    texts = [one for one in things if isinstance(one, str)]
    vectors = {id(one): vector for one, vector in zip(media, backend.embed(media), strict=True)}
    vectors |= zip(map(id, texts), backend.embed_texts(texts), strict=True)
    return [vectors[id(one)] for one in things]


def same(one, other):
    """Whether results are the same, vectors but for rounding."""
    if not len(one) or not isinstance(one[0], np.ndarray):
        return one == other
    return len(one) == len(other) and np.allclose(np.stack(one), np.stack(other), 0, CLOSE)
