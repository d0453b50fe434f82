"""The layout of the published files: names, columns, and places under a folder."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAMED: Final = re.compile(r'"*[^",;\t\n]+\.\w{1,5}"*[,;\t]')
"""The beginning of a record whose first cell is a file's name."""
_ANY_LINE: Final = re.compile("")
"""For a file without line breaks in its cells: every line is a record."""
_DESCRIBED: Final = re.compile(
    r'"*[^",;\t\n]*"*[,;\t]"*(fragment|frammento|total)[^",;\t\n]*"*[,;\t]', re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class FileLayout:
    """A published file.

    Attributes:
        folder: in the study's own layout; empty: none.
        name: of the file.
        columns: field → the names that its column may have, the published one first.
        record_start: matches the first line of any record.
    """

    folder: str
    name: str
    columns: Mapping[str, Sequence[str]]
    record_start: re.Pattern[str] = _ANY_LINE


_TRACKS, _ARTWORKS, _BOTH = "Modulo Qwen Audio", "Modulo Qwen Immagini", "Confronto"
_SONG: Final = ("Song Name",)
_COSINE: Final = ("Similarita Coseno",)
_TRACK_TRIPLES: Final = {
    "name": _SONG,
    **{str(number): (f"Frammento {number}",) for number in range(1, 5)},
    "0": ("Descrizione Totale",),
}
_ARTWORK_TRIPLES: Final = {
    "name": ("Image Name",),
    **{str(number): (f"Fragment {number} RGB",) for number in range(1, 5)},
    "0": ("Total Description RGB",),
}
_CLAP: Final = {"name": ("Filename Audio",), "value": _COSINE}


def _name_clip_columns(which: str) -> dict[str, tuple[str, ...]]:
    text = (f"Descrizione Originale ({which})",)
    return {"name": ("Filename Immagine",), "text": text, "value": _COSINE}


FILES: Final[Mapping[str, FileLayout]] = {
    "captions": FileLayout(
        _TRACKS,
        "audio_analysis_full_folder_500_1000.csv",
        {"name": _SONG, "type": ("Description Type",), "text": ("Description",)},
        _DESCRIBED,
    ),
    "triples": FileLayout(_TRACKS, "valutazione_rgb_segmenti.csv", _TRACK_TRIPLES),
    "clap": FileLayout(_TRACKS, "clap_individual_similaritis.csv", _CLAP),
    "clap_aggregated": FileLayout(_TRACKS, "clap_individual_similarities_sumfrag.csv", _CLAP),
    "clip": FileLayout(
        _ARTWORKS,
        "clip_individual_similarities_TOTAL_1000_images.csv",
        _name_clip_columns("Total"),
        _NAMED,
    ),
    "clip_aggregated": FileLayout(
        _ARTWORKS,
        "clip_individual_similarities_fragment_sum_1000_images.csv",
        _name_clip_columns("Combinata Frammenti"),
        _NAMED,
    ),
    "pairs": FileLayout(
        _BOTH,
        "classifica_abbinamenti_canzoni_immagini.csv",
        {
            "rank": ("Posizione",),
            "value": ("Similarità Coseno",),
            "track": ("Canzone",),
            "artwork": ("Immagine Abbinata",),
        },
    ),
    "imagebind": FileLayout(
        _BOTH,
        "imagebind_individual_similarities1000.csv",
        {
            "artwork": ("Image Filename",),
            "track": ("Audio Filename",),
            "value": ("ImageBind Score",),
        },
    ),
    "earlier_tracks": FileLayout("", "valutazione_rgb_segmenti_100.csv", _TRACK_TRIPLES),
    "earlier_artworks": FileLayout("", "valutazione_rgb_immagini_100.csv", _ARTWORK_TRIPLES),
}
"""The published files, by the field of `Published` that holds what is in them."""


def find_published_files(folder: Path) -> dict[str, list[Path]]:
    """Find each file under a folder, by name in any case; the likeliest place comes first.

    Raises:
        InputError: there is no such folder, or none of the files in it.
    """
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "there is no such folder"
        raise InputError(f"{folder}: {what}; name the folder that holds the study's CSV files")
    wanted = {file.name.casefold(): key for key, file in FILES.items()}
    found: dict[str, list[Path]] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if (key := wanted.get(name.casefold())) is not None and path.is_file():
                found.setdefault(key, []).append(path)
    if not found:
        listed = ", ".join(file.name for file in FILES.values())
        raise InputError(f"{folder} holds none of the study's files; looked for {listed}")
    return {
        key: sorted(paths, key=lambda p: _sort_key(key, folder, p)) for key, paths in found.items()
    }


def _sort_key(key: str, folder: Path, path: Path) -> tuple[bool, int, str]:
    """Sort the study's own layout first, then the files that lie least deep."""
    below = path.relative_to(folder)
    own = Path(FILES[key].folder, FILES[key].name)
    return str(below).casefold() != str(own).casefold(), len(below.parts), str(below)
