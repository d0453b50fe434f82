"""Reads the published files of a folder: what is good is used, the rest is listed."""

from __future__ import annotations

import filecmp
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cmean.datasets.published.files import FILES, find
from cmean.datasets.published.model import (
    Captions,
    Pair,
    PairScore,
    Problem,
    Published,
    Score,
    Scored,
    Sheet,
    Triples,
)
from cmean.datasets.published.published_file import NAME, SHOWN, Reader, bare
from cmean.domain import POSITIONS, RGB, WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_RGB: Final = re.compile(
    r"rgb\s*\(\s*(\d{1,9})\s*,\s*(\d{1,9})\s*,\s*(\d{1,9})\s*\)", re.IGNORECASE
)
_TYPE: Final = re.compile(r"(?:fragment|frammento)\s*([1-4])|(total)e?", re.IGNORECASE)
_RANK: Final = re.compile("0*[1-9][0-9]{0,8}")
_IN_ORDER: Final = (*POSITIONS[1:], WHOLE)
"""The positions as the files have them: the total comes last."""


def read(folder: Path) -> Published:
    """Read all published files that lie under a folder.

    Raises:
        InputError: there is no such folder, or none of the files in it.
    """
    places = find(folder)
    problems: list[Problem] = []
    sheets: dict[str, Sheet[Any]] = {}
    for key, take in _TAKE.items():
        file, paths = FILES[key], places.get(key, [])
        if not paths:
            sheets[key] = Sheet(file.name, None, ())
            continue
        reader = Reader(file, paths[0], str(paths[0].relative_to(folder)))
        for path in paths[1:]:
            if not filecmp.cmp(paths[0], path, shallow=False):
                reader.refuse(None, f"differs from {path.relative_to(folder)}, which is not used")
        rows = tuple(take(reader))
        reader.problems.sort(key=lambda problem: problem.line or 0)
        sheets[key] = Sheet(file.name, reader.sha256, rows, len(reader.problems))
        problems += reader.problems
    return Published(**sheets, problems=problems)


@dataclass(slots=True)
class _Track:
    """The rows of a track as they come: the name stands on the first one only."""

    name: str
    line: int
    last: int = 0
    texts: dict[int, str] = field(default_factory=dict)


def _captions(reader: Reader) -> Iterator[Captions]:
    for track in _tracks(reader):
        if not track.name:
            reader.refuse(track.line, "rows of a track whose name is missing: not used")
            continue
        if not NAME.fullmatch(track.name):
            reader.refuse(track.line, f"{track.name[:SHOWN]!r} is not the name of a file")
            continue
        first = reader.lines.setdefault(track.name, track.line)
        if first != track.line:
            reader.refuse(track.line, f"{track.name!r} stands on line {first} already; not used")
            continue
        if lacking := [p for p in _IN_ORDER if p not in track.texts]:
            listed = ", ".join(f"Fragment {p}" if p else "Total" for p in lacking)
            has = len(track.texts)
            reader.refuse(track.line, f"{track.name!r} has {has} of five captions: no {listed}")
        if track.texts:
            yield Captions(track.name, track.texts)


def _tracks(reader: Reader) -> list[_Track]:
    tracks: list[_Track] = []
    for row in reader.rows():
        said = _TYPE.fullmatch(bare(row.cells["type"]))
        name = bare(row.cells["name"])
        if said is None:
            if not row.cut:
                found = bare(row.cells["type"])[:SHOWN]
                reader.refuse(row.line, f"{found!r} is neither Fragment 1 to 4 nor Total")
            if not name:
                continue
        position = int(said[1] or WHOLE) if said else _IN_ORDER[0]
        order = _IN_ORDER.index(position) + 1
        new = not tracks or order <= tracks[-1].last or name not in {"", tracks[-1].name}
        if new:
            tracks.append(_Track(name, row.line))
        tracks[-1].last = order
        text = row.cells["text"].strip()
        if said is not None and text and not row.cut:
            tracks[-1].texts[position] = text
    return tracks


def _triples(reader: Reader) -> Iterator[Triples]:
    for row in reader.whole_rows():
        name = reader.name(row)
        if name is None or not reader.first(row, name):
            continue
        rgb = {}
        for position in _IN_ORDER:
            cell = bare(row.cells[str(position)])
            found = _rgb(cell)
            if found is not None:
                rgb[position] = found
                continue
            column = reader.file.columns[str(position)][0]
            shown = repr(cell[:SHOWN]) if cell else "nothing"
            reader.refuse(
                row.line, f"{name}: {column} is {shown}, not rgb(r, g, b) of integers 0..255"
            )
        if rgb:
            yield Triples(name, rgb)


def _rgb(cell: str) -> RGB | None:
    found = _RGB.fullmatch(cell)
    try:
        return RGB(*map(int, found.groups())) if found else None
    except ValueError:  # a channel is too large
        return None


def _scores(reader: Reader) -> Iterator[Score]:
    for row in reader.whole_rows():
        name, value = reader.name(row), reader.cosine(row)
        if name is not None and value is not None and reader.first(row, name):
            yield Score(name, value)


def _scored(reader: Reader) -> Iterator[Scored]:
    for row in reader.whole_rows():
        name = reader.name(row)
        if name is None or not reader.first(row, name):
            continue
        text = row.cells["text"].strip() or None
        if text is None:
            reader.refuse(row.line, f"{name}: no caption")
        value = reader.cosine(row)
        if text is not None or value is not None:
            yield Scored(name, text, value)


def _pairs(reader: Reader) -> Iterator[Pair]:
    ranks: dict[int, int] = {}
    for row in reader.whole_rows():
        rank, value = bare(row.cells["rank"]), reader.cosine(row)
        track, artwork = reader.name(row, "track"), reader.name(row, "artwork")
        if not _RANK.fullmatch(rank):
            reader.refuse(row.line, f"{rank[:SHOWN]!r} is not a position")
        elif value is not None and track is not None and artwork is not None:
            line = ranks.setdefault(int(rank), row.line)
            if line != row.line:
                reader.refuse(row.line, f"position {rank} stands on line {line} already; not used")
            elif reader.first(row, track) and reader.first(row, artwork):
                yield Pair(int(rank), value, track, artwork)


def _pair_scores(reader: Reader) -> Iterator[PairScore]:
    for row in reader.whole_rows():
        track, artwork = reader.name(row, "track"), reader.name(row, "artwork")
        value = reader.cosine(row)
        if track is None or artwork is None or value is None:
            continue
        if reader.first(row, f"{track}, {artwork}"):
            yield PairScore(track, artwork, value)


_TAKE: Final[dict[str, Callable[[Reader], Iterator[Any]]]] = {
    "captions": _captions,
    "triples": _triples,
    "clap": _scores,
    "clap_aggregated": _scores,
    "clip": _scored,
    "clip_aggregated": _scored,
    "pairs": _pairs,
    "imagebind": _pair_scores,
    "earlier_tracks": _triples,
    "earlier_artworks": _triples,
}
