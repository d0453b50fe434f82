"""The tables of `truth.py`, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from truth_assessment import RED_WITH_BLUE

from cmean.domain import CHANNELS
from cmean.presentation.text_tables import print_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from truth_assessment import Assessment
    from truth_pairs import PairTruth, Spread

    from cmean.stats.estimate import Estimate


def print_assessment(found: Assessment) -> None:
    """All tables of one profile."""
    own = "best single measurement *"
    header = [
        "label",
        "channel",
        "statistic",
        "figure",
        own,
        "ridge on the triple",
        "chance",
        "items",
    ]
    rows = [
        [
            row.label,
            row.channel,
            row.statistic,
            estimate_text(row.figure),
            f"{row.best[0]} {row.best[1]:.2f}" if row.best else "–",
            estimate_text(row.ridge),
            f"{row.chance:g}",
            row.figure.n,
        ]
        for row in found.figures
    ]
    print_table(f"{found.profile}: channels against labels", header, rows)
    print(
        "* chosen on the same items, so it looks better than it is; a negative correlation, or an"
    )
    print("  AUC below 0.5, counts as much as its opposite")
    _print_reasons(
        (f"{row.label}, {what}", each)
        for row in found.figures
        for what, each in (("figure", row.figure), ("ridge", row.ridge))
    )
    _print_channels(found)
    _print_shares(found)
    _print_worst(found)


def print_changes(
    first: str, figures: Sequence[Assessment], changes: Mapping[str, Mapping[str, Estimate]]
) -> None:
    """Several profiles side by side, and by how much each differs from the first.

    Args:
        first: the profile that the others are compared with.
        figures: of all profiles.
        changes: by profile and label.
    """
    others = [each.profile for each in figures if each.profile != first]
    header = ["label", "channel", "statistic", *(each.profile for each in figures)]
    rows = []
    for number, row in enumerate(figures[0].figures):
        cells = [estimate_text(each.figures[number].figure) for each in figures]
        differences = [estimate_text(changes[name][row.label]) for name in others]
        rows.append([row.label, row.channel, row.statistic, *cells, *differences])
    print_table("Side by side", [*header, *(f"{name} − {first}" for name in others)], rows)


def print_pairs(profile: str, found: PairTruth) -> None:
    """The table of pairs of one profile."""
    title = (
        f"{profile}: share of pairs in the same quadrant, {found.draws} draws of {found.each} "
        f"items of each of {', '.join(found.quadrants)} a side"
    )
    rows = [
        [
            row.choice.method,
            row.choice.metric,
            row.choice.calibrate,
            *map(spread_text, (row.share, row.true_tracks, row.true_artworks)),
        ]
        for row in found.rows
    ]
    truths = ["tracks' true quadrants", "artworks' true quadrants"]
    print_table(title, ["method", "metric", "calibrate", "share", *truths], rows)
    print(f"random pairing: {found.chance:.3f} expected, {spread_text(found.random)} drawn")


def estimate_text(estimate: Estimate) -> str:
    """A figure with its interval: `0.52 [0.41, 0.62]`.

    >>> from cmean.stats.estimate import Estimate
    >>> estimate_text(Estimate(0.523, 9, 0.4, 0.6)), estimate_text(Estimate(None, 9))
    ('0.52 [0.40, 0.60]', '–')
    """
    if estimate.value is None:
        return "–"
    if estimate.low is None:
        return f"{estimate.value:.2f}"
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def spread_text(spread: Spread) -> str:
    """A share with its standard deviation over the draws: `0.249 ± 0.031`."""
    return f"{spread.mean:.3f} ± {spread.sd:.3f}"


def _print_reasons(figures: Iterable[tuple[str, Estimate]]) -> None:
    """Why figures or their intervals are missing, each reason once."""
    reasons: dict[str, list[str]] = {}
    for name, estimate in figures:
        if estimate.why:
            reasons.setdefault(estimate.why, []).append(name)
    for why, names in reasons.items():
        more = f" and {len(names) - 2} more" if len(names) > 2 else ""
        print(f"{'; '.join(names[:2])}{more}: {why}")


def _print_channels(found: Assessment) -> None:
    means = "; ".join(f"{name} {mean:.0f} ± {sd:.0f}" for name, (mean, sd) in found.means.items())
    print(f"\nchannels, mean ± deviation: {means}")
    pairs = "; ".join(
        f"{name} {'–' if each.value is None else f'{each.value:.2f}'}"
        for name, each in found.correlations.items()
    )
    kept = {None: "undefined", True: "yes", False: "NO"}[found.red_with_blue_kept]
    low, high = RED_WITH_BLUE
    print(f"rank correlations of channels: {pairs}")
    print(f"red with blue between {low} and {high}: {kept}")


def _print_shares(found: Assessment) -> None:
    for named, shares in found.shares.items():
        text = "; ".join(f"{name} {share:.2f} ({by:.2f})" for name, (share, by) in shares.items())
        print(f"share of variance that {named} explains (chance level): {text}")


def _print_worst(found: Assessment) -> None:
    if not found.worst:
        return
    header = ["item", *CHANNELS, "channel", "its percentile", "label", "its percentile"]
    rows = [
        [
            each.item,
            *each.triple,
            each.channel,
            round(each.channel_percentile),
            each.label,
            round(each.label_percentile),
        ]
        for each in found.worst
    ]
    print_table(f"{found.profile}: the {len(rows)} worst items", header, rows)
