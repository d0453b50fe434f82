"""Bounds on media files, against broken and hostile ones."""

from __future__ import annotations

from dataclasses import dataclass

PILLOW_PIXELS = 1024**3 // 4 // 3
"""89,478,485 pixels: Pillow rejects larger images as decompression bombs."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on tracks and artworks; a file outside them is rejected with a reason of its own.

    Attributes:
        min_seconds: shortest track, in seconds (below: ``too-short``).
        max_seconds: longest track, in seconds (above: ``too-long``).
        min_rate: lowest sample rate, in Hz (outside: ``bad-rate``).
        max_rate: highest sample rate, in Hz (outside: ``bad-rate``).
        min_peak: smallest peak of the mono mix, full scale = 1 (below: ``silent``); -80 dBFS.
        max_peak: largest peak of the mono mix (above: ``too-loud``). Files of floating-point
            samples may hold integers of 32 bits; beyond that, energies overflow.
        min_side: shortest side of an artwork, in pixels (below: ``too-small``).
        max_pixels: largest declared width × height of an artwork (above: ``too-large``);
            never more than `PILLOW_PIXELS`.
    """

    min_seconds: float = 1.0
    max_seconds: float = 3 * 3600.0
    min_rate: int = 4_000
    max_rate: int = 384_000
    min_peak: float = 1e-4
    max_peak: float = 2.0**31
    min_side: int = 16
    max_pixels: int = PILLOW_PIXELS


DEFAULT = Limits()
"""The default limits."""
