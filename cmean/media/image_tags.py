"""Titles, creators and years in picture files: PNG text, IPTC, EXIF."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from PIL import ExifTags, ImageFile, IptcImagePlugin

from cmean.media.tags import Tags, clean_text, find_year

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

_BROKEN = (OSError, SyntaxError, ValueError, TypeError, LookupError, AttributeError, struct.error)
"""What Pillow's metadata parsers raise on broken fields."""

_IPTC_TITLE, _IPTC_CREATOR, _IPTC_CREATED = (2, 5), (2, 80), (2, 55)


def read_image_tags(image: Image.Image) -> Tags:
    """Read the tags of a decoded image; broken metadata count as missing.

    EXIF's dates are left out: they tell when a camera or scanner saw the work, not its year.
    """
    exif = _read_exif(image)
    iptc = _read_iptc(image)
    info = image.info
    title = (info.get("Title"), iptc.get(_IPTC_TITLE), exif.get(ExifTags.Base.XPTitle))
    creator = (info.get("Author"), iptc.get(_IPTC_CREATOR), exif.get(ExifTags.Base.XPAuthor))
    created = (info.get("Creation Time"), iptc.get(_IPTC_CREATED))
    return Tags(
        _find_first_text(*title, exif.get(ExifTags.Base.ImageDescription)),
        _find_first_text(*creator, exif.get(ExifTags.Base.Artist)),
        find_year(_find_first_text(*created)),
    )


def _read_exif(image: Image.Image) -> dict[int, object]:
    try:
        fields: dict[int, object] = dict(image.getexif())
    except _BROKEN:
        return {}
    for tag in (ExifTags.Base.XPTitle, ExifTags.Base.XPAuthor):
        value = fields.get(tag)
        if isinstance(value, bytes):  # Windows writes these in UTF-16, and a null at the end
            fields[tag] = value.decode("utf-16-le", "ignore").rstrip("\0")
    return fields


def _read_iptc(image: Image.Image) -> Mapping[tuple[int, int], object]:
    if not isinstance(image, ImageFile.ImageFile):
        return {}
    try:
        return IptcImagePlugin.getiptcinfo(image) or {}
    except _BROKEN:
        return {}


def _find_first_text(*values: object) -> str | None:
    """Return the first value with any text, cleaned."""
    return next(filter(None, (clean_text(_decode_value(value)) for value in values)), None)


def _decode_value(value: object) -> str | None:
    if isinstance(value, list):  # a repeated IPTC field: several creators
        return ", ".join(filter(None, map(_decode_value, value)))
    if isinstance(value, str):
        try:  # Pillow reads EXIF text as Latin-1; most tools write UTF-8
            return value.encode("latin-1").decode()
        except UnicodeError:
            return value
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("latin-1")
    return None
