"""Numbers and sentences of the page: formatted one way, and never rounded into a claim."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from cmean.domain import is_control

if TYPE_CHECKING:
    from cmean.report.model import PairingSummary

_FINEST: Final = 12  # decimals; beyond them a float cosine is rounding noise
_SPACE: Final = "\N{NO-BREAK SPACE}"
_TABLE_WHOLE: Final = 10  # from here on two decimals say enough in a table
CLEAR, SOME = 3, 2
"""Standard deviations from chance that the page calls clear, and the least that it mentions."""


def number(value: float, decimals: int = 4) -> str:
    """A number with as many decimals as asked, and more where rounding would make it a whole one.

    >>> number(0.98712), number(0.99996), number(1.0), number(0.00002)
    ('0.9871', '0.99996', '1.0000', '0.00002')
    """
    exact = round(value, _FINEST)
    while decimals < _FINEST and exact % 1 and not round(exact, decimals) % 1:
        decimals += 1
    return f"{exact:.{decimals}f}".replace("-", "−")


def percent(share: float) -> str:
    """A share 0..1 as a percentage that says 0 or 100 only when it is so.

    One half is `50 %`, 0.9999 `over 99.9 %`, 0.0002 `under 0.1 %`.
    """
    least = 0.001
    if 0 < share < least:
        return f"under 0.1{_SPACE}%"
    if 1 - least < share < 1:
        return f"over 99.9{_SPACE}%"
    fine = 0 < share < 10 * least or 1 - 10 * least < share < 1
    return f"{share * 100:.{int(fine)}f}{_SPACE}%"


def score(z: float) -> str:
    """A z with one decimal, and a true minus sign."""
    return f"{z:.1f}".replace("-", "−")


def count(amount: int, noun: str) -> str:
    """A number of things.

    >>> count(1, "pair"), count(1250, "track")
    ('1 pair', '1,250 tracks')
    """
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


def cell(value: str | int | float | None) -> str:
    """A cell of a table."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    return number(value, 2 if abs(value) >= _TABLE_WHOLE else 4)


def setting(value: object) -> str:
    """A parameter of a recipe: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def plain(value: object) -> object:
    """What the page prints for a value: titles come from files, so they may hold characters that no
    page can (controls, halves of a surrogate pair); each becomes U+FFFD."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t"
        else c
        for c in value
    )


def measure(metric: str) -> str:
    """What the similarity is called in a sentence: `cosine`, or `euclidean similarity`."""
    return metric if metric == "cosine" else f"{metric} similarity"


def chance(pairing: PairingSummary) -> str:
    """The null of the mean: `0.9340 ± 0.0120`, in one line."""
    return f"{number(pairing.null_mean)}{_SPACE}±{_SPACE}{number(pairing.null_sd)}"


def unit(noun: str, pairing: PairingSummary) -> str:
    """What was paired: a track or an artwork, or a fragment of one."""
    return f"{noun} fragment" if pairing.vector == "fragments" else noun


def method(pairing: PairingSummary) -> str:
    """How the pairs were found, in one sentence."""
    return "Paired at random." if pairing.method == "random" else f"Method {pairing.method}."


_COMPARED: Final = {
    "imagebind": "Compared were not the triples but ImageBind's embeddings of sound and picture.",
    "captions": "Compared were not the triples but embeddings of the captions.",
}


def vectors(pairing: PairingSummary) -> str:
    """What the numbers of an item are that were compared."""
    return "triples" if pairing.space == "emotion" else "embeddings"


def compared(pairing: PairingSummary) -> str:
    """What was compared where that was not the triples; empty where it was."""
    return _COMPARED.get(pairing.space, "")


_OF: Final = {"whole": "", "fragments": " of fragments", "concatenated": " by five {} each"}


def summary(pairing: PairingSummary) -> str:
    """The pairing in one sentence, its null included."""
    z = f"z{_SPACE}undefined" if pairing.z is None else f"z{_SPACE}={_SPACE}{score(pairing.z)}"
    of = _OF[pairing.vector].format(vectors(pairing))
    control = f"A control, {pairing.profile}: " if is_control(pairing.profile) else ""
    return (
        f"{control}{count(pairing.pairs, 'pair')}{of}, "
        f"mean {measure(pairing.metric)} {number(pairing.mean)}; "
        f"random pairing of the same items gives {chance(pairing)} ({z})"
        f"{_resampled(pairing)}."
    )


def _resampled(pairing: PairingSummary) -> str:
    """The null of the method: what it finds among vectors that belong to no one."""
    if pairing.resampled_mean is None or pairing.resampled_sd is None:
        return ""
    found = f"{number(pairing.resampled_mean)}{_SPACE}±{_SPACE}{number(pairing.resampled_sd)}"
    return f"; the same method over {vectors(pairing)} drawn at random gives {found}"


def verdict(pairing: PairingSummary) -> str:
    """What that means, no more than it means."""
    return " ".join(filter(None, (_beside_chance(pairing), _beside_method(pairing))))


def _beside_method(pairing: PairingSummary) -> str:
    if pairing.resampled_mean is None or pairing.resampled_sd is None:
        return ""
    if pairing.mean > pairing.resampled_mean + SOME * pairing.resampled_sd:
        return f"Among {vectors(pairing)} of no one the same method finds less."
    return (
        f"But the method finds pairs as alike among {vectors(pairing)} of no one, so this says "
        "nothing of which item has which; labels, ImageBind and people may."
    )


def _beside_chance(pairing: PairingSummary) -> str:
    if pairing.z is None:
        return (
            "Random pairings of these items do not vary, so there is no chance to stand out from."
        )
    if pairing.z >= CLEAR:
        return "The pairs are clearly more alike than random pairs of the same items."
    if pairing.z >= SOME:
        return "The pairs are somewhat more alike than random pairs of the same items."
    if pairing.z > -SOME:
        return "The pairs are not clearly more alike than random pairs of the same items."
    return "The pairs are less alike than random pairs of the same items."
