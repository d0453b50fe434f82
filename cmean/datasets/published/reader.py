"""Read the study's published files: usable rows, and a list of what cannot be used."""

from __future__ import annotations

import filecmp
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cmean.datasets.published.files import FILES, find_published_files
from cmean.datasets.published.model import (
    Problem,
    PublishedCaptions,
    PublishedPair,
    PublishedPairScore,
    PublishedResults,
    PublishedScore,
    PublishedScoredCaption,
    PublishedTable,
    PublishedTriples,
)
from cmean.datasets.published.published_file import FILE_NAME, PublishedFileReader, strip_quotes
from cmean.domain import POSITIONS, RGB, WHOLE
from cmean.util.tabular import SHOWN_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_RGB: Final = re.compile(
    r"rgb\s*\(\s*(\d{1,9})\s*,\s*(\d{1,9})\s*,\s*(\d{1,9})\s*\)", re.IGNORECASE
)
_TYPE: Final = re.compile(r"(?:fragment|frammento)\s*([1-4])|(total)e?", re.IGNORECASE)
_RANK: Final = re.compile("0*[1-9][0-9]{0,8}")
_IN_ORDER: Final = (*POSITIONS[1:], WHOLE)
"""The positions in the order of the files: the total comes last."""


def read_published_files(folder: Path) -> PublishedResults:
    """Read all published files that lie under a folder.

    Raises:
        InputError: there is no such folder, or none of the files in it.
    """
    places = find_published_files(folder)
    problems: list[Problem] = []
    sheets: dict[str, PublishedTable[Any]] = {}
    for key, read_table in _READERS.items():
        file, paths = FILES[key], places.get(key, [])
        if not paths:
            sheets[key] = PublishedTable(file.name, None, ())
            continue
        reader = PublishedFileReader(file, paths[0], str(paths[0].relative_to(folder)))
        for path in paths[1:]:
            if not filecmp.cmp(paths[0], path, shallow=False):
                reader.add_problem(
                    None, f"differs from {path.relative_to(folder)}, which is not used"
                )
        rows = tuple(read_table(reader))
        reader.problems.sort(key=lambda problem: problem.line or 0)
        sheets[key] = PublishedTable(file.name, reader.sha256, rows, len(reader.problems))
        problems += reader.problems
    return PublishedResults(**sheets, problems=problems)


@dataclass(slots=True)
class _Track:
    """The rows of one track, whose name stands on the first one only."""

    name: str
    line: int
    last: int = 0
    texts: dict[int, str] = field(default_factory=dict)


def _read_captions(reader: PublishedFileReader) -> Iterator[PublishedCaptions]:
    for track in _group_tracks(reader):
        if not track.name:
            reader.add_problem(track.line, "rows of a track whose name is missing: not used")
            continue
        if not FILE_NAME.fullmatch(track.name):
            reader.add_problem(
                track.line, f"{track.name[:SHOWN_CHARACTERS]!r} is not the name of a file"
            )
            continue
        first = reader.lines.setdefault(track.name, track.line)
        if first != track.line:
            reader.add_problem(
                track.line, f"{track.name!r} stands on line {first} already; not used"
            )
            continue
        if missing := [p for p in _IN_ORDER if p not in track.texts]:
            listed = ", ".join(f"Fragment {p}" if p else "Total" for p in missing)
            has = len(track.texts)
            reader.add_problem(
                track.line, f"{track.name!r} has {has} of five captions: no {listed}"
            )
        if track.texts:
            yield PublishedCaptions(track.name, track.texts)


def _group_tracks(reader: PublishedFileReader) -> list[_Track]:
    tracks: list[_Track] = []
    for row in reader.read_rows():
        stated_type = _TYPE.fullmatch(strip_quotes(row.cells["type"]))
        name = strip_quotes(row.cells["name"])
        if stated_type is None:
            if not row.is_cut:
                found = strip_quotes(row.cells["type"])[:SHOWN_CHARACTERS]
                reader.add_problem(row.line, f"{found!r} is neither Fragment 1 to 4 nor Total")
            if not name:
                continue
        position = int(stated_type[1] or WHOLE) if stated_type else _IN_ORDER[0]
        order = _IN_ORDER.index(position) + 1
        new = not tracks or order <= tracks[-1].last or name not in {"", tracks[-1].name}
        if new:
            tracks.append(_Track(name, row.line))
        tracks[-1].last = order
        text = row.cells["text"].strip()
        if stated_type is not None and text and not row.is_cut:
            tracks[-1].texts[position] = text
    return tracks


def _read_triples(reader: PublishedFileReader) -> Iterator[PublishedTriples]:
    for row in reader.read_whole_rows():
        name = reader.get_file_name(row)
        if name is None or not reader.is_first(row, name):
            continue
        rgb = {}
        for position in _IN_ORDER:
            cell = strip_quotes(row.cells[str(position)])
            found = _parse_rgb(cell)
            if found is not None:
                rgb[position] = found
                continue
            column = reader.layout.columns[str(position)][0]
            shown = repr(cell[:SHOWN_CHARACTERS]) if cell else "nothing"
            reader.add_problem(
                row.line, f"{name}: {column} is {shown}, not rgb(r, g, b) of integers 0..255"
            )
        if rgb:
            yield PublishedTriples(name, rgb)


def _parse_rgb(cell: str) -> RGB | None:
    found = _RGB.fullmatch(cell)
    try:
        return RGB(*map(int, found.groups())) if found else None
    except ValueError:  # a channel is too large
        return None


def _read_scores(reader: PublishedFileReader) -> Iterator[PublishedScore]:
    for row in reader.read_whole_rows():
        name, value = reader.get_file_name(row), reader.get_cosine(row)
        if name is not None and value is not None and reader.is_first(row, name):
            yield PublishedScore(name, value)


def _read_scored_captions(reader: PublishedFileReader) -> Iterator[PublishedScoredCaption]:
    for row in reader.read_whole_rows():
        name = reader.get_file_name(row)
        if name is None or not reader.is_first(row, name):
            continue
        text = row.cells["text"].strip() or None
        if text is None:
            reader.add_problem(row.line, f"{name}: no caption")
        value = reader.get_cosine(row)
        if text is not None or value is not None:
            yield PublishedScoredCaption(name, text, value)


def _read_pairs(reader: PublishedFileReader) -> Iterator[PublishedPair]:
    ranks: dict[int, int] = {}
    for row in reader.read_whole_rows():
        rank, value = strip_quotes(row.cells["rank"]), reader.get_cosine(row)
        track, artwork = reader.get_file_name(row, "track"), reader.get_file_name(row, "artwork")
        if not _RANK.fullmatch(rank):
            reader.add_problem(row.line, f"{rank[:SHOWN_CHARACTERS]!r} is not a position")
        elif value is not None and track is not None and artwork is not None:
            line = ranks.setdefault(int(rank), row.line)
            if line != row.line:
                reader.add_problem(
                    row.line, f"position {rank} stands on line {line} already; not used"
                )
            elif reader.is_first(row, track) and reader.is_first(row, artwork):
                yield PublishedPair(int(rank), value, track, artwork)


def _read_pair_scores(reader: PublishedFileReader) -> Iterator[PublishedPairScore]:
    for row in reader.read_whole_rows():
        track, artwork = reader.get_file_name(row, "track"), reader.get_file_name(row, "artwork")
        value = reader.get_cosine(row)
        if track is None or artwork is None or value is None:
            continue
        if reader.is_first(row, f"{track}, {artwork}"):
            yield PublishedPairScore(track, artwork, value)


_READERS: Final[dict[str, Callable[[PublishedFileReader], Iterator[Any]]]] = {
    "captions": _read_captions,
    "triples": _read_triples,
    "clap": _read_scores,
    "clap_aggregated": _read_scores,
    "clip": _read_scored_captions,
    "clip_aggregated": _read_scored_captions,
    "pairs": _read_pairs,
    "imagebind": _read_pair_scores,
    "earlier_tracks": _read_triples,
    "earlier_artworks": _read_triples,
}
