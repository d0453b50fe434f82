"""musicnn: 100 tags of a sound, from windows of three seconds that cover it.

A sound is tagged quarter by quarter, so that a track's whole and its fragments have the same
windows, and each is tagged once a call. A quarter of n times three seconds has n windows, n
rounded, from its first second to its last, evenly spaced; one of a long track `MOST_WINDOWS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.domain import Sound, cut_quarters
from cmean.perception.networks import musicnn
from cmean.perception.networks.mel import HOP, RATE, TRANSFORM, compute_musicnn_mel, load_librosa
from cmean.perception.networks.sessions import Network

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MOST_WINDOWS: Final = 6
"""Of a quarter: all of it in tracks of up to 72 s, 18 s of it in longer ones."""

_WINDOW: Final = (musicnn.FRAMES - 1) * HOP + TRANSFORM
_SURE: Final = 1e-4  # how near to 0 or 1 a tag may come before its logarithm is taken

TAGS: Final[Sequence[str]] = (
    *("guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast"),
    *("piano", "ambient", "beat", "violin", "vocal", "synth", "female", "indian", "opera", "male"),
    *("singing", "vocals", "no vocals", "harpsichord", "loud", "quiet", "flute", "woman"),
    *("male vocal", "no vocal", "pop", "soft", "sitar", "solo", "man", "classic", "choir", "voice"),
    *("new age", "dance", "male voice", "female vocal", "beats", "harp", "cello", "no voice"),
    *("weird", "country", "metal", "female voice", "choral"),
    *("rock*", "pop*", "alternative*", "indie*", "electronic*", "female vocalists*", "dance*"),
    *("00s*", "alternative rock*", "jazz*", "beautiful*", "metal*", "chillout*"),
    *("male vocalists*", "classic rock*", "soul*", "indie rock*", "Mellow*", "electronica*"),
    *("80s*", "folk*", "90s*", "chill*", "instrumental*", "punk*", "oldies*", "blues*"),
    *("hard rock*", "ambient*", "acoustic*", "experimental*", "female vocalist*", "guitar*"),
    *("Hip-Hop*", "70s*", "party*", "country*", "easy listening*", "sexy*", "catchy*", "funk*"),
    *("electro*", "heavy metal*", "Progressive rock*", "60s*", "rnb*", "indie pop*", "sad*"),
    *("House*", "happy*"),
)
"""The tags in the order of the networks' outputs; a star marks those of the vocabulary MSD."""


@dataclass(frozen=True, slots=True, eq=False)
class SoundTags:
    """The tags of a sound in the order of `TAGS`.

    Args:
        shares: the mean over the windows of how sure the network is, 0..1, shape (100,).
        odds: the mean over the windows of its logarithmic odds, shape (100,).
    """

    shares: Floats
    odds: Floats

    def share(self, *tags: str) -> float:
        """Return the largest share of some tags."""
        return float(max(self.shares[_index_tags(tag)] for tag in tags))


class Tagger:
    """Tags sounds; caches the tags of each quarter until `clear_cache`.

    Args:
        folder: where `cmean setup` put the graphs.
    """

    def __init__(self, folder: Path) -> None:
        load_librosa()  # here rather than with the first sound: it takes a second or two
        names = map(musicnn.name_graph_file, musicnn.VOCABULARIES)
        self._networks = [Network(folder / name) for name in names]
        self._tags_by_quarter: dict[tuple[int, int], Floats] = {}

    def tag(self, samples: Floats, *, whole: bool) -> SoundTags:
        """Compute the tags of mono `samples` at 16 kHz.

        Args:
            samples: float32 of shape (n,), n > 0, finite.
            whole: of a track, which is tagged quarter by quarter; else it is one of its quarters.
        """
        sound = Sound(samples, RATE)
        parts = cut_quarters(sound) if whole else [sound]
        window_tags = np.concatenate(
            [self._tag_quarter(p.samples) for p in parts if len(p.samples)]
        )
        sure = np.clip(window_tags, _SURE, 1 - _SURE)
        odds = np.log(sure / (1 - sure)).mean(axis=0)
        return SoundTags(window_tags.mean(axis=0), odds)

    def clear_cache(self) -> None:
        """Clear the cache: its keys are memory addresses, which later sounds may reuse."""
        self._tags_by_quarter.clear()

    def _tag_quarter(self, quarter: Floats) -> Floats:
        """Compute the tags of each window of a quarter, shape (windows, 100)."""
        key = quarter.__array_interface__["data"][0], len(quarter)
        if key not in self._tags_by_quarter:
            found = []
            for window in _cut_windows(quarter):
                spectrogram = compute_musicnn_mel(window)
                found.append(np.concatenate([each.run(spectrogram)[0] for each in self._networks]))
            self._tags_by_quarter[key] = np.array(found)
        return self._tags_by_quarter[key]


@cache
def _index_tags(tag: str) -> int:
    return TAGS.index(tag)


def _cut_windows(quarter: Floats) -> list[Floats]:
    """Cut evenly spaced windows of a quarter; a quarter shorter than one is repeated to fill it."""
    if len(quarter) < _WINDOW:
        return [np.resize(quarter, _WINDOW)]
    count = min(max(round(len(quarter) / _WINDOW), 1), MOST_WINDOWS)
    starts = np.linspace(0, len(quarter) - _WINDOW, count).astype(int)
    return [quarter[start : start + _WINDOW] for start in starts]
