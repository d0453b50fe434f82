"""The demo corpus: twelve tracks and twelve artworks, three of each in four intended emotions."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cmean.datasets.demo.music import calm as calm_music
from cmean.datasets.demo.music import excited as excited_music
from cmean.datasets.demo.music import mixed as mixed_music
from cmean.datasets.demo.music import ogg
from cmean.datasets.demo.music import sad as sad_music
from cmean.datasets.demo.pictures import calm as calm_pictures
from cmean.datasets.demo.pictures import excited as excited_pictures
from cmean.datasets.demo.pictures import mixed as mixed_pictures
from cmean.datasets.demo.pictures import sad as sad_pictures
from cmean.domain import Kind
from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

Intended = Literal["excited", "calm", "sad", "mixed"]
"""What a work was composed to evoke."""

CREATOR = "cmean demo"
YEAR = "2026"
LICENCE = "Apache-2.0 (composed by code)"
_COLUMNS = ("kind", "path", "title", "creator", "year", "licence", "intended")


@dataclass(frozen=True, slots=True)
class DemoItem:
    """One work of the demo corpus, written to `path`."""

    path: Path
    kind: Kind
    title: str
    creator: str
    intended: Intended


TRACKS: tuple[tuple[str, Intended, Callable[[], NDArray[np.float32]]], ...] = (
    ("Rooftop Pursuit", "excited", excited_music.compose_chase),
    ("Barefoot Round", "excited", excited_music.compose_dance),
    ("Banners at Noon", "excited", excited_music.compose_march),
    ("Cradle of Reeds", "calm", calm_music.compose_lullaby),
    ("Bells across the Valley", "calm", calm_music.compose_bells),
    ("Slow Water", "calm", calm_music.compose_water),
    ("The Empty Chair", "sad", sad_music.compose_lament),
    ("Ashes in Snow", "sad", sad_music.compose_elegy),
    ("Unsent Letter", "sad", sad_music.compose_letter),
    ("October Train", "mixed", mixed_music.compose_train),
    ("Photograph of a Summer", "mixed", mixed_music.compose_photograph),
    ("Last Waltz on the Pier", "mixed", mixed_music.compose_waltz),
)
"""Title, intended emotion and composer of each track."""

ARTWORKS: tuple[tuple[str, Intended, Callable[[], Image.Image]], ...] = (
    ("Midsummer Fire", "excited", excited_pictures.paint_bonfire),
    ("Street of Lanterns", "excited", excited_pictures.paint_lanterns),
    ("Fairground Wheels", "excited", excited_pictures.paint_wheels),
    ("Lake before Breakfast", "calm", calm_pictures.paint_lake),
    ("Meadow in May", "calm", calm_pictures.paint_meadow),
    ("Raked Sand", "calm", calm_pictures.paint_sand),
    ("Lower Town", "sad", sad_pictures.paint_rain),
    ("After the Leaves", "sad", sad_pictures.paint_tree),
    ("No One on the Road", "sad", sad_pictures.paint_road),
    ("Boats Going Home", "mixed", mixed_pictures.paint_boats),
    ("The Long Alley", "mixed", mixed_pictures.paint_alley),
    ("A Gap in the Clouds", "mixed", mixed_pictures.paint_clearing),
)
"""Title, intended emotion and painter of each artwork."""


def compose_corpus(folder: Path, progress: Callable[[str], None] | None = None) -> list[DemoItem]:
    """Compose the corpus into `folder`: ``tracks``, ``artworks`` and ``metadata.csv``.

    The same code on the same machine writes the same bytes every time, so that the items keep
    their identity. Files of an earlier composition are overwritten.

    Args:
        folder: made if it is missing.
        progress: called with the title of each work before it is composed.

    Returns:
        The items, tracks first, in the order of `TRACKS` and `ARTWORKS`.

    Raises:
        InputError: the folder cannot be written.
    """
    items = []
    try:
        for kind in Kind:
            (folder / f"{kind}s").mkdir(parents=True, exist_ok=True)
        for title, intended, play in TRACKS:
            if progress:
                progress(title)
            path = folder / "tracks" / f"{_make_slug(title)}.ogg"
            path.write_bytes(ogg.encode_ogg(play()))
            items.append(DemoItem(path, Kind.TRACK, title, CREATOR, intended))
        for title, intended, paint in ARTWORKS:
            if progress:
                progress(title)
            path = folder / "artworks" / f"{_make_slug(title)}.jpg"
            path.write_bytes(_encode_jpeg(paint()))
            items.append(DemoItem(path, Kind.ARTWORK, title, CREATOR, intended))
        _write_metadata(folder, items)
    except OSError as error:
        msg = f"cannot write the demo corpus to {folder}: {error.strerror or error}"
        raise InputError(msg) from error
    return items


def _make_slug(title: str) -> str:
    return "-".join(title.lower().split())


def _encode_jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def _write_metadata(folder: Path, items: list[DemoItem]) -> None:
    """Write ``metadata.csv``; paths are relative to `folder`."""
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(_COLUMNS)
        for item in items:
            path = item.path.relative_to(folder).as_posix()
            row = (item.kind, path, item.title, item.creator, YEAR, LICENCE, item.intended)
            table.writerow(row)
