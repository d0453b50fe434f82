"""Families of ImageNet's classes: how pleasant and how arousing each is to look at, and its name.

Valence and arousal of a family, -1..1, are judgements of this project, made without any labelled
picture. Classes of flat things (book jacket, jigsaw puzzle, prayer rug, …) are left out: that is
what the network calls a painting when it does not see through to what is painted.

A name is said from the threshold on at which it was right for the photographs of the development
set and for the paintings that were looked at.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FAMILIES: Final = "picture_families.csv"

FLAT: Final = (
    *(446, 539, 549, 611, 664, 681, 692, 741, 782, 794, 851, 854),
    *(904, 905, 916, 917, 918, 921, 922),
)
"""Classes of flat things."""

SOFTNESS: Final = 2.0
"""Temperature of the softmax for valence and arousal: less likely classes count, too."""


class NamedFamily(NamedTuple):
    """A phrase, used where the shares of some families together reach a threshold."""

    phrase: str
    families: Sequence[str]
    threshold: float


NAMED: Final[Sequence[NamedFamily]] = (
    NamedFamily("a dog", ("dogs",), 0.55),
    NamedFamily("a cat", ("cats",), 0.55),
    NamedFamily("a big cat", ("big cats",), 0.6),
    NamedFamily(
        "a bird", ("birds", "bright birds", "water birds", "birds of prey", "poultry"), 0.45
    ),
    NamedFamily("a snake", ("snakes",), 0.45),
    NamedFamily("an insect", ("flies", "bees", "beetles", "dragonflies"), 0.65),
    NamedFamily("a butterfly", ("butterflies",), 0.6),
    NamedFamily("a monkey", ("monkeys",), 0.65),
    NamedFamily("an elephant", ("elephants",), 0.5),
    NamedFamily("a horse", ("horses",), 0.45),
    NamedFamily("grazing animals", ("farm animals", "antelopes and camels"), 0.8),
    NamedFamily("a fish", ("fish", "sharks", "lionfish"), 0.6),
    NamedFamily("a boat", ("boats",), 0.3),
    NamedFamily("open land or water", ("coast", "lake", "mountains", "cliffs", "valley"), 0.4),
    NamedFamily("a large building", ("churches", "castles and palaces"), 0.5),
    NamedFamily("flowers", ("flowers",), 0.55),
    NamedFamily("food", ("food", "sweets", "fruit", "vegetables"), 0.6),
    NamedFamily("cups and drinks", ("drinks",), 0.65),
    NamedFamily("vehicles", ("streets", "emergency", "speed"), 0.6),
)
"""The vetted names, of which at most one or two are said of a picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Families:
    """The families of the table.

    Args:
        classes: the classes of each family.
        valence: of each class, -1..1, shape (1000,).
        arousal: the same.
    """

    classes: Mapping[str, Sequence[int]]
    valence: Floats
    arousal: Floats

    def estimate_valence_and_arousal(self, logits: NDArray[np.floating]) -> tuple[float, float]:
        """Estimate valence and arousal of a picture, -1..1, from its logits of shape (1000,)."""
        shares = _compute_class_shares(logits, SOFTNESS)
        return float(shares @ self.valence), float(shares @ self.arousal)

    def name_contents(self, logits: NDArray[np.floating]) -> list[str]:
        """Return the phrases whose threshold a picture reaches, the surest first."""
        shares = _compute_class_shares(logits, 1.0)
        found = []
        for phrase, families, threshold in NAMED:
            share = sum(float(shares[self.classes[name]].sum()) for name in families)
            if share >= threshold:
                found.append((share, phrase))
        return [phrase for _, phrase in sorted(found, reverse=True)]


@cache
def load_families() -> Families:
    """Read the table."""
    text = files(__package__).joinpath(FAMILIES).read_text(encoding="utf-8")
    classes: dict[str, list[int]] = {}
    valence, arousal = np.zeros(1000), np.zeros(1000)
    for row in csv.DictReader(io.StringIO(text)):
        members = [number for part in row["classes"].split() for number in _expand_range(part)]
        classes[row["family"]] = members
        valence[members], arousal[members] = float(row["valence"]), float(row["arousal"])
    return Families(classes, valence, arousal)


def _expand_range(part: str) -> range:
    """Parse class numbers from ``7`` or ``7-12``."""
    first, _, last = part.partition("-")
    return range(int(first), int(last or first) + 1)


def _compute_class_shares(logits: NDArray[np.floating], softness: float) -> Floats:
    """Compute the shares of the classes, without the flat ones; their sum is 1."""
    kept = np.array(logits, np.float64) / softness
    kept[list(FLAT)] = -np.inf
    shares = np.exp(kept - kept.max())
    return np.asarray(shares / shares.sum())
