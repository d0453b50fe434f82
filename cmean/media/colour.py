"""Conversion of any mode that Pillow reads to 8-bit sRGB on white."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

_SRGB = ImageCms.createProfile("sRGB")
_LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
_WITH_ALPHA = ("RGBA", "RGBa", "LA", "La", "PA")
_FULL_RANGES = (1, 255, 65_535)
"""White of the grey pictures that declare none: floating point, 8 bits or 16 bits in wider ones."""


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
