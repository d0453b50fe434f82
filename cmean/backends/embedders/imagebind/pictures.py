"""A picture as ImageBind's tower takes it: its centre, 224 × 224, in CLIP's mean and deviation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from cmean.backends.embedders.imagebind.sizes import PICTURE_SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
_STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)


def normalise_picture(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Shrink or enlarge so that the short side has 224 pixels, and take the centre of the long one.

    As the published loader does it (resize, then crop), but only what is kept is resized: a picture
    may be very long. Pillow may then resize its sides in the other order, which where an edge is as
    steep as can be is a few levels off.

    Args:
        pixels: sRGB, of shape (height, width, 3).

    Returns:
        An array of shape (3, 224, 224).
    """
    picture = Image.fromarray(pixels)
    short = min(picture.size)
    (left, right), (top, bottom) = (_find_centre(side, short) for side in picture.size)
    side = (PICTURE_SIDE, PICTURE_SIDE)
    square = picture.resize(side, Image.Resampling.BICUBIC, box=(left, top, right, bottom))
    shares = np.asarray(square, dtype=np.float32) / 255
    return np.ascontiguousarray(((shares - _MEAN) / _STD).transpose(2, 0, 1))


def _find_centre(side: int, short: int) -> tuple[float, float]:
    """Find the bounds of the centre along a side, in pixels of the original picture."""
    resized = PICTURE_SIDE * side // short
    start = round((resized - PICTURE_SIDE) / 2)
    return start * side / resized, (start + PICTURE_SIDE) * side / resized
