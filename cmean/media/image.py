"""Artworks: validation by decoding, conversion to sRGB, a whole and four fragments.

Pillow decodes. Of an animation the first frame is used; transparency becomes white; an ICC profile
is applied where there is one.
"""

from __future__ import annotations

import io
import logging
import struct
import warnings
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from cmean.domain import Picture
from cmean.errors import MediaError
from cmean.failure_reasons import FailureReason
from cmean.media import image_tags
from cmean.media import limits as _limits
from cmean.media.files import muted_stderr, require_readable
from cmean.media.formats import PICTURE_FORMATS
from cmean.media.tags import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Pillow logs a few errors that it also raises; without a handler they would reach the user.
logging.getLogger("PIL").addHandler(logging.NullHandler())

_BROKEN = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError),
    *(EOFError, AssertionError, RuntimeError, MemoryError, struct.error),
)
"""What Pillow's parsers raise on broken files, Pillow's own error classes being OSErrors."""

_SRGB = ImageCms.createProfile("sRGB")
_LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
_WITH_ALPHA = ("RGBA", "RGBa", "LA", "La", "PA")
_FULL_RANGES = (1, 255, 65_535)
"""White of the grey pictures that declare none: floating point, 8 bits or 16 bits in wider ones."""


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """An artwork that decodes completely; `width` and `height` in pixels, upright."""

    format: str
    width: int
    height: int
    title: str | None = None
    creator: str | None = None
    year: str | None = None


def probe_artwork(path: Path, limits: _limits.Limits = _limits.DEFAULT) -> ImageInfo:
    """Decode an artwork once and describe it.

    Raises:
        MediaError: the reasons of `load_artwork`.
    """
    with _open_artwork(path, limits) as image:
        name = "JPEG" if image.format == "MPO" else str(image.format)
        tags = image_tags.read_image_tags(image)
        _turn_upright(image)
        return ImageInfo(name, image.width, image.height, **tags._asdict())


def load_artwork(path: Path, limits: _limits.Limits = _limits.DEFAULT) -> Image.Image:
    """Decode an artwork: upright, 8-bit sRGB (mode ``RGB``), on white.

    Grey of 16 bits is scaled by its full range. Grey of 32 bits and of floating point declares no
    range: it is scaled by the smallest of 0..1, 0..255 and 0..65535 that holds all its values.

    Raises:
        MediaError: ``missing``, ``no-permission``, ``not-a-file``, ``empty-file``;
            ``not-an-image`` (no format that is read), ``decode-error`` (known format, broken or
            cut content), ``too-large``, ``too-small``; see `Limits`.
    """
    with _open_artwork(path, limits) as image:
        _turn_upright(image)
        return convert_to_srgb(image)


def cut_fragments(
    image: Image.Image,
    square: str = "centre",
    whole_size: int = 448,
    fragment_size: int = 448,
) -> list[Picture]:
    """Cut an artwork: the whole, then top-left, top-right, bottom-left and bottom-right.

    Args:
        image: of mode ``RGB``.
        square: ``"centre"`` takes the largest square at the centre; ``"stretch"`` takes all of
            the picture, whatever its proportions.
        whole_size: side of the whole, in pixels.
        fragment_size: side of each fragment, in pixels. Fragments are cut from the picture at
            full resolution in a 2×2 grid (an odd row or column goes to the bottom or right),
            then resized (Lanczos).
    """
    if square == "centre":
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    right, bottom = image.size
    x, y = right // 2, bottom // 2
    grid = ((0, 0, x, y), (x, 0, right, y), (0, y, x, bottom), (x, y, right, bottom))
    parts = [_resize(image.crop(box), fragment_size) for box in grid]
    return [_resize(image, whole_size), *parts]


def _resize(image: Image.Image, size: int) -> Picture:
    return Picture(np.array(image.resize((size, size), Image.Resampling.LANCZOS)))


def _turn_upright(image: Image.Image) -> None:
    with suppress(*_BROKEN):  # broken EXIF: the picture is turned before EXIF is written anew
        ImageOps.exif_transpose(image, in_place=True)


@contextmanager
def _open_artwork(path: Path, limits: _limits.Limits) -> Iterator[Image.Image]:
    """Decode an image within the limits; errors inside become MediaError.

    Pillow's warnings concern details such as broken EXIF and are hidden. Warning filters belong to
    the process: threads that decode at the same time may let one through.
    """
    require_readable(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=tuple(PICTURE_FORMATS)) as image:
                _check_size(image, limits)  # before any pixel is decoded
                with muted_stderr() if image.format == "TIFF" else nullcontext():
                    image.load()  # libtiff prints its errors besides returning them
                yield image
        except UnidentifiedImageError as error:
            raise MediaError(
                FailureReason.NOT_AN_IMAGE, "no image in a format that is read"
            ) from error
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise MediaError(FailureReason.TOO_LARGE, _describe_size_limit(limits)) from error
        except _BROKEN as error:
            raise MediaError(
                FailureReason.DECODE_ERROR, clean_text(str(error), 200) or "broken content"
            ) from error


def _check_size(image: Image.Image, limits: _limits.Limits) -> None:
    if image.width * image.height > limits.max_pixels:
        raise MediaError(FailureReason.TOO_LARGE, _describe_size_limit(limits))
    if min(image.size) < limits.min_side:
        detail = f"{image.width}×{image.height} pixels, each side at least {limits.min_side}"
        raise MediaError(FailureReason.TOO_SMALL, detail)


def _describe_size_limit(limits: _limits.Limits) -> str:
    return f"it declares more than {min(limits.max_pixels, _limits.PILLOW_PIXELS):,} pixels"


def convert_to_srgb(image: Image.Image) -> Image.Image:
    """Convert a decoded image to mode ``RGB`` in sRGB; transparent parts become white.

    A profile that is broken or does not fit the image's mode is ignored.

    Raises:
        ValueError: NaN or infinite pixels, or a mode that cannot be converted.
    """
    icc = image.info.get("icc_profile")
    if image.mode == "F" or image.mode.startswith("I"):
        return _convert_from_profile(_scale_grey(image), icc)
    if image.mode not in _WITH_ALPHA and "transparency" not in image.info:
        return _convert_from_profile(image, icc)
    layered = image if image.mode == "RGBA" else image.convert("RGBA")
    page = Image.new("RGB", image.size, "white")
    page.paste(_convert_from_profile(layered.convert("RGB"), icc), mask=layered.getchannel("A"))
    return page


def _scale_grey(image: Image.Image) -> Image.Image:
    """Scale grey of 16 or 32 bits or floating point: Pillow's own conversion would clip it."""
    values = np.asarray(image, dtype=np.float32)
    highest = float(values.max())
    if not np.isfinite(highest) or not np.isfinite(values.min()):
        raise ValueError("NaN or infinite pixels")
    full = next((top for top in _FULL_RANGES if highest <= top), highest)
    if image.mode.startswith("I;16"):
        full = _FULL_RANGES[-1]
    return Image.fromarray((np.clip(values / full, 0, 1) * 255).round().astype(np.uint8))


def _convert_from_profile(image: Image.Image, icc: bytes | None) -> Image.Image:
    if image.mode not in ("L", "RGB", "CMYK", "LAB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    if icc:
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            if ImageCms.getProfileDescription(profile).startswith("sRGB"):
                return image.convert("RGB")
            return _apply_profile(image, profile)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # as without a profile
    return _apply_profile(image, _LAB) if image.mode == "LAB" else image.convert("RGB")


def _apply_profile(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(image, profile, _SRGB, outputMode="RGB")
    if converted is None:  # only when converting in place
        raise ValueError("no colour conversion")
    return converted
