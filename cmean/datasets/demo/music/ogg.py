"""Reproducible Ogg Vorbis files: libsndfile gives each stream a random serial number."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING

import soundfile as sf

from cmean.datasets.demo.music.synth import RATE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SERIAL = b"demo"
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def encode_ogg(samples: NDArray[np.float32]) -> bytes:
    """Return the Ogg Vorbis file of stereo `samples`, shape (n, 2), -1..1, at `RATE`."""
    buffer = io.BytesIO()
    with sf.SoundFile(
        buffer, "w", RATE, 2, format="OGG", subtype="VORBIS", compression_level=0.55
    ) as file:
        for start in range(0, len(samples), RATE):  # long blocks overflow the encoder's stack
            file.write(samples[start : start + RATE])
    return _set_serial_number(bytearray(buffer.getvalue()))


def _set_serial_number(data: bytearray) -> bytes:
    """Give the stream a fixed serial number and each page its new checksum (RFC 3533, section 6).

    Bytes 14 to 17 of a page's header are the serial number, 22 to 25 the checksum of the page
    with this field zero, and byte 26 is the number of the segment lengths that follow.
    """
    start = 0
    while start < len(data):
        segments = data[start + 26]
        body = start + 27 + segments
        end = body + sum(data[start + 27 : body])
        data[start + 14 : start + 18] = _SERIAL
        data[start + 22 : start + 26] = bytes(4)
        data[start + 22 : start + 26] = _compute_checksum(data[start:end])
        start = end
    return bytes(data)


def _compute_checksum(page: bytes | bytearray) -> bytes:
    """Compute Ogg's CRC-32 as four bytes.

    It is zlib's polynomial with the bits of each byte the other way round, and starts and ends
    without inversion.
    """
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return mirrored.to_bytes(4, "big").translate(_REVERSED)
