"""Numbers and sentences of the page: formatted one way, and never rounded into a claim."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import fields
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from cmean.domain import is_control
from cmean.presentation import number_formats
from cmean.presentation import phrases as verdicts

if TYPE_CHECKING:
    from cmean.report.model import PairingSummary

_SPACE: Final = "\N{NO-BREAK SPACE}"


def number(value: float, decimals: int = 4) -> str:
    """As `numerals.number`, with a true minus sign."""
    return number_formats.number(value, decimals).replace("-", "−")


def score(z: float) -> str:
    """A z with one decimal, and a true minus sign."""
    return f"{z:.1f}".replace("-", "−")


def count(amount: int, noun: str) -> str:
    """A number of things.

    >>> count(1, "pair"), count(1250, "track")
    ('1 pair', '1,250 tracks')
    """
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


def cell(value: str | int | float | None, column: str = "") -> str:
    """A cell of a table."""
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    shown = number_formats.cell(value, column)
    return shown if isinstance(value, str) else shown.replace("-", "−")


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


def verdict(pairing: PairingSummary) -> str:
    """What the mean says beside its nulls."""
    names = [field.name for field in fields(verdicts.Means)]
    return verdicts.verdict(verdicts.Means(**{name: getattr(pairing, name) for name in names}))


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
    return verdicts.vectors(pairing.space)


def compared(pairing: PairingSummary) -> str:
    """What was compared where that was not the triples as they are; empty where it was."""
    if pairing.calibrate != "none":
        return "The triples were compared after they were calibrated by quantiles within each kind."
    return _COMPARED.get(pairing.space, "")


def floor(pairing: PairingSummary) -> str:
    """How many pairs were not made for lack of similarity; empty where any was good enough."""
    if pairing.min_similarity is None:
        return ""
    made = "was" if pairing.below_floor == 1 else "were"
    return (
        f"{count(pairing.below_floor, 'pair')} below the least similarity of "
        f"{pairing.min_similarity:g} {made} not made."
    )


_OF: Final = {"whole": "", "fragments": " of fragments", "concatenated": " by five {} each"}


def summary(pairing: PairingSummary) -> str:
    """The pairing in one sentence, its null included."""
    z = f"z{_SPACE}undefined" if pairing.z is None else f"z{_SPACE}={_SPACE}{score(pairing.z)}"
    of = _OF[pairing.vector].format(vectors(pairing))
    control = f"A control, {pairing.profile}: " if is_control(pairing.profile) else ""
    return (
        f"{control}{count(pairing.pairs, 'pair')}{of}, "
        f"mean {measure(pairing.metric)} {number(pairing.mean)}{_weak_end(pairing)}; "
        f"random pairing of the same items gives {chance(pairing)} ({z})"
        f"{_resampled(pairing)}."
    )


def _weak_end(pairing: PairingSummary) -> str:
    """The worst pair and the tenth percentile, and what was done to the triples before."""
    if pairing.tenth_percentile is None:
        return ""
    how = verdicts.compared_by("", pairing.calibrate)
    tenth = number(pairing.tenth_percentile)
    return f"{how} (worst pair {number(pairing.minimum)}, tenth percentile {tenth})"


def _resampled(pairing: PairingSummary) -> str:
    """The null of the method: what it finds among vectors that belong to no one."""
    if pairing.resampled_mean is None or pairing.resampled_sd is None:
        return ""
    found = f"{number(pairing.resampled_mean)}{_SPACE}±{_SPACE}{number(pairing.resampled_sd)}"
    return f"; the same method over {vectors(pairing)} handed out at random gives {found}"
