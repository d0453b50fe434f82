"""Items as the page shows them, with what of their media travels along."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from PIL import Image

from cmean.domain import POSITION_NAMES, RGB, WHOLE, Kind, Picture
from cmean.errors import MediaError
from cmean.media import audio, image
from cmean.media.excerpts import excerpts
from cmean.media.uris import local_path
from cmean.report.media import CLIP_RATE, audio_uri, picture_uri
from cmean.report.model import FragmentView, ItemView, MediaView

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Items:
    """Views of items; what could not be read is gathered in `notes`.

    Attributes:
        rows: title, creator, year, kind, URI and metadata by id.
        fragments: captions and triples of those that are shown with their media, by id.
        preprocessing: how the captioner of each kind had the files prepared.
    """

    rows: Mapping[int, Mapping[str, Any]]
    fragments: Mapping[int, Sequence[Mapping[str, Any]]]
    preprocessing: Mapping[Kind, Mapping[str, object]]
    notes: list[str] = field(default_factory=list)

    def title(self, item_id: int, position: int) -> str:
        """The title, and which fragment it is."""
        row = self.rows[item_id]
        title = row["title"] or "untitled"
        name = POSITION_NAMES[Kind(row["kind"])][position]
        return title if position == WHOLE else f"{title}, {name}"

    def view(self, item_id: int, rgb: RGB, position: int, *, with_media: bool) -> ItemView:
        """An item, or the fragment at a position; captions and media only when asked for."""
        row = self.rows[item_id]
        kind = Kind(row["kind"])
        plain = ItemView(
            title=row["title"] or "untitled",
            creator=row["creator"] or "",
            year=row["year"] or "",
            uri=local_path(row["uri"]).name if row["uri"] else "",  # a page may be shared
            rgb=rgb,
            intended=(row["metadata"] or {}).get("intended"),
        )
        if not with_media:
            return plain
        names = POSITION_NAMES[kind]
        fragments = [
            FragmentView(
                names[found["position"]],
                found["text"],
                RGB(found["red"], found["green"], found["blue"]),
            )
            for found in self.fragments.get(item_id, ())
        ]
        return replace(plain, fragments=fragments, media=self._media(item_id, kind, position))

    def _media(self, item_id: int, kind: Kind, position: int) -> MediaView | None:
        row = self.rows[item_id]
        if not row["uri"]:
            return None
        title = self.title(item_id, position)
        try:
            uri = self._uri(local_path(row["uri"]), kind, position)
        except MediaError as error:
            note = f"{row['title']}: {error.detail} ({error.reason})"
            if note not in self.notes:  # its fragments say the same
                self.notes.append(note)
            return None
        return MediaView(uri, "audio/mpeg" if kind is Kind.TRACK else "image/webp", title)

    def _uri(self, path: Path, kind: Kind, position: int) -> str:
        """The item itself or, of a fragment, what its captioner was given."""
        if kind is Kind.TRACK:
            sound = audio.load(path, rate=CLIP_RATE)
            if position != WHOLE:
                sound = audio.quarters(sound)[position]
            return audio_uri(sound.samples, sound.rate)
        if position == WHOLE:
            return picture_uri(image.load(path))
        fragment = excerpts(path, kind, self.preprocessing[kind])[position]
        assert isinstance(fragment, Picture)  # noqa: S101 - of an artwork
        return picture_uri(Image.fromarray(fragment.pixels))
