"""Versions of a pairing in words: what an extension added, and what a second pairing changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.presentation.number_formats import format_count, format_difference
from cmean.presentation.pairing_phrases import name_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.presentation.pairing_phrases import PairingSummary


def describe_extension(pairing: PairingSummary, extended_id: int, kept: int, added: int) -> str:
    """Describe how many pairs an extension kept and added, or why it could add none.

    Args:
        pairing: the extension.
        extended_id: the pairing that it extends.
        kept: pairs of that.
        added: new pairs.
    """
    line = f"extends pairing {extended_id}: {kept} kept, {added} added"
    if pairing.method == "optimal":
        line += " (optimal among the unpaired items)"
    return line if added else f"{line}; {_explain_no_addition(pairing)}"


def _explain_no_addition(pairing: PairingSummary) -> str:
    unpaired = {"track": pairing.unpaired_tracks, "artwork": pairing.unpaired_artworks}
    counts = [
        format_count(number, name_unit(kind, pairing))
        for kind, number in unpaired.items()
        if number
    ]
    if not counts:
        return "all items are paired already"
    stay = f"{' and '.join(counts)} {'stays' if sum(unpaired.values()) == 1 else 'stay'} unpaired"
    if len(counts) > 1:
        return f"no position has both an unpaired track and an unpaired artwork: {stay}"
    exhausted = next(kind for kind, number in unpaired.items() if not number)
    return f"no unpaired {name_unit(exhausted, pairing)}: {stay}"


def describe_comparison(comparison: Mapping[str, Any]) -> str:
    """Describe what a second pairing of all items changed, and the difference in similarity.

    Args:
        comparison: the document that `cmean pair --compare --json` prints as `compared`.
    """
    line = (
        f"compared with pairing {comparison['pairing']}: {comparison['kept']} of its pairs kept, "
        f"{comparison['changed']} changed; total similarity "
        f"{format_difference(comparison['gained'])}"
    )
    if comparison["new"]:
        by_both = format_difference(comparison["gained_by_tracks_of_both"])
        line += f", of which {by_both} by tracks paired in both; {comparison['new']} newly paired"
    return line
