"""Pictures, sounds and drawings as data URIs, small enough that a page may embed many."""

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
from cmean.failure_reasons import FailureReason

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLIP_RATE = 24_000
"""Sampling rate of clips in Hz, a rate of MPEG-2 layer III."""

CLIP_KBIT = 48
"""Constant bit rate of clips: 30 s take 180 kB, 240 kB as text."""

_FADE_SECONDS = 0.05
_LOWEST_KBIT, _HIGHEST_KBIT = 8, 160  # libsndfile maps its compression 1..0 to this range


def encode_picture(image: Image.Image, size: int = 640) -> str:
    """Encode a thumbnail of an image, at most `size` pixels on its longer side, as a WebP data URI.

    Transparency becomes white; metadata (place, camera, author) is removed.
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
    return _make_data_uri("image/webp", out.getvalue())


def encode_sound(samples: NDArray[np.float32], rate: int, seconds: float = 30) -> str:
    """Encode the first `seconds` of a sound as a mono MP3 data URI, which every browser plays.

    Args:
        samples: shape (n,) or (n, channels), nominally -1..1.
        rate: in Hz.
        seconds: the maximum length; a clip that is shortened fades out.

    Raises:
        MediaError: there are no samples, or too few to make one at the rate of clips.
    """
    clip = np.asarray(samples[: round(seconds * rate)], dtype=np.float32)
    if clip.ndim > 1:
        clip = clip.mean(axis=1)
    if len(clip) < len(samples):
        fade = np.linspace(1, 0, min(len(clip), round(_FADE_SECONDS * rate)), dtype=np.float32)
        clip = np.concatenate([clip[: len(clip) - len(fade)], clip[len(clip) - len(fade) :] * fade])
    clip = soxr.resample(clip, rate, CLIP_RATE)
    if not len(clip):
        raise MediaError(
            FailureReason.NO_SAMPLES, "a sound without samples cannot be put into a report"
        )
    with tempfile.TemporaryDirectory(prefix="cmean-") as folder:
        # To a file: libsndfile writes to a Python object by a callback, in which Ctrl-C is lost.
        out = Path(folder, "clip.mp3")
        soundfile.write(
            out,
            np.clip(clip, -1, 1),
            CLIP_RATE,
            format="MP3",
            bitrate_mode="CONSTANT",
            compression_level=(_HIGHEST_KBIT - CLIP_KBIT) / (_HIGHEST_KBIT - _LOWEST_KBIT),
        )
        return _make_data_uri("audio/mpeg", out.read_bytes())


def encode_svg(svg: str) -> str:
    """Encode an SVG drawing as a data URI."""
    return _make_data_uri("image/svg+xml", svg.encode())


def _make_data_uri(mime: str, content: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}"
