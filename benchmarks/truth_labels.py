"""What people said of items: the labels file, and the channel that each label is meant for.

A channel is held against a label in the label's own sense: the values here are turned so that more
always means more of the channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.datasets.labels.columns import is_missing, parse_number
from cmean.domain import CHANNELS
from cmean.errors import InputError, UsageError
from cmean.library.name_resolution import ItemNames
from cmean.util.tabular import read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from cmean.catalog.labels import KnownItem
    from cmean.util.tabular import CsvTable

    Floats = NDArray[np.float64]

_RED: Final = (
    "arousal energy excited excitement joy joyful joyful_activation happy happiness amusement "
    "amazement power powerful tense tension anger angry fear"
)
_GREEN: Final = (
    "calm calmness still stillness content contentment tender tenderness peaceful peacefulness "
    "relaxed relaxation serene serenity"
)
_BLUE: Final = (
    "sad sadness sad_nostalgic nostalgic nostalgia melancholic melancholy depressed depression"
)

MEANT: Final[Mapping[str, tuple[str, int]]] = {
    **dict.fromkeys(_RED.split(), ("red", 1)),
    **dict.fromkeys(_GREEN.split(), ("green", 1)),
    **dict.fromkeys(_BLUE.split(), ("blue", 1)),
    "valence": ("blue", -1),
}
"""The channel of a label by its name, and its sign."""

QUADRANTS: Final = {"Q1": "red", "Q2": "red", "Q3": "blue", "Q4": "green"}
"""The channel of each quadrant: excited or happy, tense or angry, sad, calm."""

_CORNERS: Final = {"calm corner (v − a)": ("green", 1), "sad corner (−v − a)": ("blue", -1)}
"""The channel of a corner of the circumplex, and the sign of valence in it."""

_NO_LABELS: Final = frozenset({"path", "group", "genre", "quadrant", ""})


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """One label of n items.

    Attributes:
        name: as it is printed; with a minus sign before it where the values are turned.
        channel: the one that is meant for it.
        values: shape (n,), the more the more of the channel there should be; NaN: not labelled.
    """

    name: str
    channel: str
    values: Floats

    @property
    def two_valued(self) -> bool:
        """Whether it is one of two things."""
        return len(np.unique(self.values[np.isfinite(self.values)])) == 2


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A line of the file: the item as it is called there, and what is said of it.

    `group` and `genre` are empty where they are not given.
    """

    line: int
    name: str
    numbers: Mapping[str, float]
    quadrant: str = ""
    group: str = ""
    genre: str = ""


@dataclass(frozen=True, slots=True)
class LabelFile:
    """A labels file.

    Attributes:
        path: of the file.
        rows: its lines.
        meant: the channel and the sign of each column of numbers that has one.
        unassigned: the columns that no channel is meant for.
        notes: what could not be used.
    """

    path: Path
    rows: Sequence[LabelRow]
    meant: Mapping[str, tuple[str, int]]
    unassigned: Sequence[str]
    notes: Sequence[str]


def parse_channel(text: str) -> tuple[str, tuple[str, int]]:
    """A label and its channel, as the command line gives them: ``power=red``, ``pleasure=-blue``.

    Raises:
        UsageError: it is not of this form.
    """
    name, _, channel = text.rpartition("=")
    if not name or channel.removeprefix("-") not in CHANNELS:
        raise UsageError(
            f"--channel takes LABEL=CHANNEL, a channel being {', '.join(CHANNELS)}, with a minus "
            f"sign where less of the label means more of it; not {text!r}"
        )
    return _key(name), (channel.removeprefix("-"), -1 if channel[0] == "-" else 1)


def read_labels(path: Path, channels: Mapping[str, tuple[str, int]] | None = None) -> LabelFile:
    """Read a labels file.

    Args:
        path: a CSV or TSV file with a column `path`, and any of `valence`, `arousal`, `quadrant`
            (Q1 to Q4), other columns of numbers, `group` and `genre`.
        channels: the channels of labels, by name, besides `MEANT` and before it.

    Raises:
        InputError: it cannot be read, names no items, has no label that a channel is meant for, or
            a cell does not hold what its column promises; the message names the line.
    """
    table = read_table(path)
    places = {_key(name): at for at, name in reversed(list(enumerate(table.header)))}
    if "path" not in places:
        raise InputError(f"{path} has no column 'path'; it names items by the end of their paths")
    known = {**MEANT, **(channels or {})}
    lacking = [name for name in channels or {} if name not in places]
    if lacking:
        raise InputError(f"{path} has no column {lacking[0]!r}, which --channel names")
    meant = {table.header[at]: known[key] for key, at in places.items() if key in known}
    if not meant and "quadrant" not in places:
        raise InputError(
            f"{path} has no label that a channel is meant for, but {', '.join(table.header)}; "
            "name one with --channel LABEL=CHANNEL"
        )
    rows = [_row(table, places, meant, *each) for each in table.rows]
    notes = [*table.notes]
    if table.rejected:
        first = table.rejected[0]
        notes.append(
            f"lines that cannot be read: {len(table.rejected)}, first {first.line}: {first.detail}"
        )
    others = [n for n in table.header if n not in meant and _key(n) not in _NO_LABELS]
    unassigned = [name for name in others if _holds_numbers(table, name)]
    return LabelFile(path, [row for row in rows if row.name], meant, unassigned, notes)


def match_rows(
    file: LabelFile, items: Iterable[KnownItem], media: Path
) -> tuple[dict[int, LabelRow], list[str]]:
    """The line of each item, and what became of the other lines, in words.

    Raises:
        InputError: no line names an item.
    """
    names = ItemNames(items, media)
    found: dict[int, LabelRow] = {}
    lost: dict[str, list[str]] = {}
    for row in file.rows:
        ids = names.find_items((row.name,))
        if not ids:
            lost.setdefault("name no item", []).append(row.name)
        elif len(ids) > 1:
            lost.setdefault("may mean several items", []).append(row.name)
        elif ids[0] in found:
            lost.setdefault("name an item that an earlier line names", []).append(row.name)
        else:
            found[ids[0]] = row
    if not found:
        example = f", e.g. {file.rows[0].name!r}" if file.rows else ""
        raise InputError(
            f"no line of {file.path} names an item of {media}{example}; its column 'path' must "
            "hold the ends of their paths"
        )
    return found, [f"{len(some)} lines {why}, e.g. {some[0]!r}" for why, some in lost.items()]


def build_labels(rows: Sequence[LabelRow], meant: Mapping[str, tuple[str, int]]) -> list[Label]:
    """The labels of some items, by channel: numbers, corners of the circumplex, quadrants.

    A corner is a sum of standardised valence and arousal, over the items that have both: calm is
    v − a, sad is −v − a. A quadrant is held against the others; items without one are left out.
    """
    labels = []
    columns = {_key(name): _column(rows, name) for name in meant}
    for name, (channel, sign) in meant.items():
        label = Label(name if sign > 0 else f"−{name}", channel, sign * columns[_key(name)])
        if np.isfinite(label.values).any():
            labels.append(label)
    if {"valence", "arousal"} <= columns.keys():
        labels += _corners(columns["valence"], columns["arousal"])
    quadrants = np.array([row.quadrant for row in rows])
    for quadrant, channel in QUADRANTS.items():
        if (quadrants == quadrant).any():
            values = np.where(quadrants == "", np.nan, quadrants == quadrant)
            labels.append(Label(f"{quadrant} against the others", channel, values))
    return sorted(labels, key=lambda label: CHANNELS.index(label.channel))


def _corners(valence: Floats, arousal: Floats) -> list[Label]:
    both = np.isfinite(valence) & np.isfinite(arousal)
    if not both.any() or not (np.ptp(valence[both]) and np.ptp(arousal[both])):
        return []
    v, a = (np.where(both, each, np.nan) for each in (valence, arousal))
    v, a = ((each - np.nanmean(each)) / np.nanstd(each) for each in (v, a))
    return [Label(name, channel, sign * v - a) for name, (channel, sign) in _CORNERS.items()]


def _column(rows: Sequence[LabelRow], name: str) -> Floats:
    return np.array([row.numbers.get(name, np.nan) for row in rows], np.float64)


def _row(
    table: CsvTable,
    places: Mapping[str, int],
    meant: Mapping[str, tuple[str, int]],
    line: int,
    cells: Sequence[str],
) -> LabelRow:
    numbers = {}
    for name in meant:
        cell = cells[places[_key(name)]]
        if is_missing(cell):
            continue
        value = parse_number(cell, table.decimal)
        if value is None:
            raise InputError(f"{table.path}, line {line}: {name} must be a number, not {cell!r}")
        numbers[name] = value
    texts = {name: cells[places[name]] for name in ("quadrant", "group", "genre") if name in places}
    texts = {name: "" if is_missing(text) else text for name, text in texts.items()}
    quadrant = texts.pop("quadrant", "").upper()
    if quadrant and quadrant not in QUADRANTS:
        raise InputError(
            f"{table.path}, line {line}: quadrant must be {', '.join(QUADRANTS)} or empty, "
            f"not {quadrant!r}"
        )
    return LabelRow(line, cells[places["path"]], numbers, quadrant, **texts)


def _holds_numbers(table: CsvTable, name: str) -> bool:
    cells = [row[table.find_column(name)] for _, row in table.rows]
    known = [cell for cell in cells if not is_missing(cell)]
    return bool(known) and all(parse_number(cell, table.decimal) is not None for cell in known)


def _key(name: str) -> str:
    """A column's name as it is looked up: `Joyful activation` is `joyful_activation`."""
    return name.strip().lower().replace(" ", "_").replace("-", "_")
