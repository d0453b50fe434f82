"""Pictures and sounds as data URIs, small enough that a page may carry many."""

from __future__ import annotations

import base64
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile
import soxr
from PIL import Image, ImageOps

from cmean.errors import MediaError

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLIP_RATE = 24_000
"""Sampling rate of clips in Hz, a rate of MPEG-2 layer III."""

CLIP_KBIT = 48
"""Constant bit rate of clips: 30 s take 180 kB, 240 kB as text."""

_FADE = 0.05
_SLOWEST, _FASTEST = 8, 160  # kbit/s: the range that libsndfile spreads over compression 1..0


def picture_uri(image: Image.Image, size: int = 640) -> str:
    """A thumbnail of an image, at most `size` pixels on its longer side, as a WebP data URI.

    Transparency is laid on white; metadata (place, camera, author) does not travel along.
    """
    upright = ImageOps.exif_transpose(image)
    if upright.has_transparency_data:
        layer = upright.convert("RGBA")
        upright = Image.new("RGBA", layer.size, "white")
        upright.alpha_composite(layer)
    plain = upright.convert("RGB")
    plain.thumbnail((size, size), Image.Resampling.LANCZOS)
    plain.info.clear()
    out = io.BytesIO()
    plain.save(out, "WEBP", quality=80)
    return _data_uri("image/webp", out.getvalue())


def audio_uri(samples: NDArray[np.float32], rate: int, seconds: float = 30) -> str:
    """The first `seconds` of a sound as a mono MP3 data URI, which every browser plays.

    Args:
        samples: shape (n,) or (n, channels), nominally -1..1.
        rate: in Hz.
        seconds: the longest clip; a clip that is cut fades out.

    Raises:
        MediaError: there are no samples, or too few to make one at the rate of clips.
    """
    clip = np.asarray(samples[: round(seconds * rate)], dtype=np.float32)
    if clip.ndim > 1:
        clip = clip.mean(axis=1)
    if len(clip) < len(samples):
        fade = np.linspace(1, 0, min(len(clip), round(_FADE * rate)), dtype=np.float32)
        clip = np.concatenate([clip[: len(clip) - len(fade)], clip[len(clip) - len(fade) :] * fade])
    clip = soxr.resample(clip, rate, CLIP_RATE)
    if not len(clip):
        raise MediaError("no_samples", "a sound without samples cannot be put into a report")
    with tempfile.TemporaryDirectory(prefix="cmean-") as folder:
        # Into a file: to write to an object of Python's is a callback, which loses an interrupt.
        out = Path(folder, "clip.mp3")
        soundfile.write(
            out,
            np.clip(clip, -1, 1),
            CLIP_RATE,
            format="MP3",
            bitrate_mode="CONSTANT",
            compression_level=(_FASTEST - CLIP_KBIT) / (_FASTEST - _SLOWEST),
        )
        return _data_uri("audio/mpeg", out.read_bytes())


def svg_uri(svg: str) -> str:
    """A drawing as a data URI."""
    return _data_uri("image/svg+xml", svg.encode())


def _data_uri(mime: str, content: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}"
