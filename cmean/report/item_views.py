"""Items as the page shows them, with their media embedded."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from PIL import Image

from cmean.domain import POSITION_NAMES, RGB, WHOLE, Kind, Picture
from cmean.errors import MediaError
from cmean.media import audio, image
from cmean.media.excerpts import load_excerpts
from cmean.media.files import parse_file_uri
from cmean.report.data_uris import CLIP_RATE, encode_picture, encode_sound
from cmean.report.model import FragmentView, ItemView, MediaView

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ItemViewBuilder:
    """Builds views of items. Files that cannot be read are collected in `notes`.

    Attributes:
        rows: title, creator, year, kind, URI and metadata by id.
        fragments: captions and triples of those that are shown with their media, by id.
        preprocessing: the parameters by which the captioner of each kind prepares files.
    """

    rows: Mapping[int, Mapping[str, Any]]
    fragments: Mapping[int, Sequence[Mapping[str, Any]]]
    preprocessing: Mapping[Kind, Mapping[str, object]]
    notes: list[str] = field(default_factory=list)

    def get_title(self, item_id: int, position: int) -> str:
        """Return the title, with the name of the fragment."""
        row = self.rows[item_id]
        title = row["title"] or "untitled"
        name = POSITION_NAMES[Kind(row["kind"])][position]
        return title if position == WHOLE else f"{title}, {name}"

    def build_view(self, item_id: int, rgb: RGB, position: int, *, with_media: bool) -> ItemView:
        """Build the view of an item or fragment; captions and media only with `with_media`."""
        row = self.rows[item_id]
        kind = Kind(row["kind"])
        plain = ItemView(
            title=row["title"] or "untitled",
            creator=row["creator"] or "",
            year=row["year"] or "",
            uri=parse_file_uri(row["uri"]).name
            if row["uri"]
            else "",  # a shared page must not reveal the path
            rgb=rgb,
            intended=(row["metadata"] or {}).get("intended"),
        )
        if not with_media:
            return plain
        names = POSITION_NAMES[kind]
        fragments = [
            FragmentView(
                names[fragment["position"]],
                fragment["text"],
                RGB(fragment["red"], fragment["green"], fragment["blue"]),
            )
            for fragment in self.fragments.get(item_id, ())
        ]
        return replace(plain, fragments=fragments, media=self._build_media(item_id, kind, position))

    def _build_media(self, item_id: int, kind: Kind, position: int) -> MediaView | None:
        row = self.rows[item_id]
        if not row["uri"]:
            return None
        title = self.get_title(item_id, position)
        try:
            uri = self._encode_media(parse_file_uri(row["uri"]), kind, position)
        except MediaError as error:
            note = f"{row['title']}: {error.detail} ({error.reason})"
            if note not in self.notes:  # each of its fragments would repeat it
                self.notes.append(note)
            return None
        return MediaView(uri, "audio/mpeg" if kind is Kind.TRACK else "image/webp", title)

    def _encode_media(self, path: Path, kind: Kind, position: int) -> str:
        """Encode the item itself or, of a fragment, the excerpt that its captioner received."""
        if kind is Kind.TRACK:
            sound = audio.load_track(path, rate=CLIP_RATE)
            if position != WHOLE:
                sound = audio.split_into_quarters(sound)[position]
            return encode_sound(sound.samples, sound.rate)
        if position == WHOLE:
            return encode_picture(image.load_artwork(path))
        fragment = load_excerpts(path, kind, self.preprocessing[kind])[position]
        assert isinstance(fragment, Picture)  # noqa: S101 - of an artwork
        return encode_picture(Image.fromarray(fragment.pixels))
