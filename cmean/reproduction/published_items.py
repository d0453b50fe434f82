"""Items that the published files name, and which of them are in no pair."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmean.catalog import published_results
from cmean.domain import Kind
from cmean.media import tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cmean.datasets.published.model import (
        PublishedPair,
        PublishedPairScore,
        PublishedResults,
        PublishedTable,
    )


def find_unpaired(published: PublishedResults, kind: Kind) -> set[str]:
    """Find the published items of a kind that are in no pair.

    Those of tracks are the ones with a triple, those of artworks the ones with a caption.
    """
    sheets = (published.triples,) if kind is Kind.TRACK else (published.clip,)
    there = {row.name for sheet in sheets for row in sheet.rows}
    return there - {getattr(pair, kind.value) for pair in published.pairs.rows}


def list_published_items(published: PublishedResults) -> Iterator[published_results.UnseenItem]:
    """List every item that is named anywhere, once, in the order of the files."""
    seen = set()
    for kind, name in _list_names(published):
        if (kind, name) not in seen:
            seen.add((kind, name))
            parsed = tags.parse_file_name(Path(name))
            yield published_results.UnseenItem(
                kind, name, parsed.title or name, parsed.creator, parsed.year
            )


def _list_names(published: PublishedResults) -> Iterator[tuple[Kind, str]]:
    tracks: Iterable[PublishedTable[Any]] = (
        published.captions,
        published.triples,
        published.clap,
        published.clap_aggregated,
        published.earlier_tracks,
    )
    artworks: Iterable[PublishedTable[Any]] = (
        published.clip,
        published.clip_aggregated,
        published.earlier_artworks,
    )
    for kind, sheets in ((Kind.TRACK, tracks), (Kind.ARTWORK, artworks)):
        yield from ((kind, row.name) for sheet in sheets for row in sheet.rows)
    both: Sequence[PublishedPair | PublishedPairScore] = (
        *published.pairs.rows,
        *published.imagebind.rows,
    )
    for row in both:
        yield Kind.TRACK, row.track
        yield Kind.ARTWORK, row.artwork
