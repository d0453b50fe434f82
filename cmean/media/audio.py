"""Tracks: validated by decoding them once, brought to mono at one rate, cut into quarters.

Read through libsndfile alone (WAV, AIFF, FLAC, Ogg Vorbis and Opus, MP3), in blocks, so that a
track never stands in memory at its full rate and number of channels.

How much must decode: a FLAC file that is cut short is rejected, for it declares its length and
its decoder fails; so is an Ogg file whose decoder gives up before the end. WAV, AIFF, Ogg and MP3
files that lost their tail are what remains of them, like any shorter recording: players play
them so, and an MP3 stream has no end that could be missed. `seconds` is what was decoded, not
what the header says. An MP3 of variable bit rate without a Xing header has no known length;
libsndfile estimates it and stops there.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soundfile
import soxr

from cmean.domain import Sound, cut_quarters
from cmean.errors import MediaError
from cmean.media import limits as _limits
from cmean.media._quiet import muted_stderr
from cmean.media.files import require_readable
from cmean.media.tags import Tags, clean, year_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 16_000
"""The rate that captioners and embedders of sound are built for, in Hz."""

_FORMATS = {
    "WAV": "WAV",
    "WAVEX": "WAV",
    "RF64": "WAV",
    "AIFF": "AIFF",
    "FLAC": "FLAC",
    "OGG": "OGG",
    "MP3": "MP3",
}
"""libsndfile's container to ours; its many other formats are not read."""

_BLOCK_SAMPLES = 1 << 19
"""Samples in memory at a time, over all channels: 2 MiB."""

_UNKNOWN_FRAMES = 1 << 62
"""libsndfile's count of frames is near 2**63 where the header has none."""

_MISSING_SHARE = 0.01
"""The share of declared frames that may fail to decode where the container ends properly."""


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """A track that decodes from end to end: its container, decoded `seconds`, `rate` in Hz."""

    format: str
    seconds: float
    rate: int
    channels: int
    title: str | None = None
    creator: str | None = None
    year: str | None = None


def probe(path: Path, limits: _limits.Limits = _limits.DEFAULT) -> AudioInfo:
    """Decode a track once and say what it is.

    Raises:
        MediaError: the reasons of `load`.
    """
    with _opened(path, limits) as source:
        frames = sum(len(block) for block in _mono_blocks(source, limits))
        tags = _tags(source)
        return AudioInfo(
            format=_FORMATS[source.format],
            seconds=frames / source.samplerate,
            rate=source.samplerate,
            channels=source.channels,
            **tags._asdict(),
        )


def load(path: Path, limits: _limits.Limits = _limits.DEFAULT, rate: int = RATE) -> Sound:
    """A track as mono float32 at `rate` Hz: the mean of its channels, resampled by soxr (HQ).

    Raises:
        MediaError: ``missing``, ``no-permission``, ``not-a-file``, ``empty-file``; ``not-audio``
            (no format that is read), ``decode-error`` (known format, broken content), ``empty``
            (no samples), ``silent``, ``too-loud``, ``not-finite``, ``too-short``, ``too-long``,
            ``bad-rate``; see `Limits`.
    """
    samples = bytearray()  # grows in place; a list of blocks would stand in memory twice
    with _opened(path, limits) as source:
        resampler = soxr.ResampleStream(source.samplerate, rate, 1, dtype="float32")
        for block in _mono_blocks(source, limits):
            samples += resampler.resample_chunk(block).data
        samples += resampler.resample_chunk(np.empty(0, np.float32), last=True).data
    return Sound(np.frombuffer(samples, np.float32), rate)


def quarters(sound: Sound) -> list[Sound]:
    """The whole, then its four quarters in time as views."""
    return [sound, *cut_quarters(sound)]


class _Stream(soundfile.SoundFile):  # type: ignore[misc] # soundfile ships no types
    """A file read straight through.

    After each block soundfile seeks to where it stands already. That fails at the end of a FLAC
    stream of unknown length, and garbles an MP3 of variable bit rate without a Xing header.
    """

    def seekable(self) -> bool:
        return False


@contextmanager
def _opened(path: Path, limits: _limits.Limits) -> Iterator[_Stream]:
    """An audio file whose header is within the limits; decode errors inside become MediaError."""
    require_readable(path)
    with muted_stderr():  # whatever the suffix: an MP3 stream may stand in other containers
        try:
            # As bytes: a name need not be valid in the file system's encoding.
            source = _Stream(str(path) if os.name == "nt" else os.fsencode(path))
        except (soundfile.SoundFileError, ValueError) as error:
            raise MediaError("not-audio", "no audio in a format that is read") from error
        with source:
            _check_header(source, limits)
            try:
                yield source
            except (soundfile.SoundFileError, RuntimeError) as error:
                detail = getattr(error, "error_string", str(error))
                detail = clean(detail.removeprefix("Error : "), 200) or "decoding failed"
                raise MediaError("decode-error", detail) from error


def _check_header(source: _Stream, limits: _limits.Limits) -> None:
    if source.format not in _FORMATS:
        raise MediaError("not-audio", f"{source.format} files are not read")
    if not limits.min_rate <= source.samplerate <= limits.max_rate:
        accepted = f"{limits.min_rate}..{limits.max_rate} Hz"
        raise MediaError("bad-rate", f"sample rate {source.samplerate} Hz, not in {accepted}")
    if source.frames < _UNKNOWN_FRAMES:
        _check_not_long(source.frames, source, limits)


def _check_not_long(frames: int, source: _Stream, limits: _limits.Limits) -> None:
    if frames > limits.max_seconds * source.samplerate:
        raise MediaError("too-long", f"longer than {limits.max_seconds:g} s")


def _mono_blocks(source: _Stream, limits: _limits.Limits) -> Iterator[NDArray[np.float32]]:
    """The mono mix block by block; every limit on content is checked on the way or at the end."""
    frames, peak = 0, 0.0
    size = max(1, _BLOCK_SAMPLES // source.channels)
    while len(block := source.read(size, dtype="float32", always_2d=True)):
        with np.errstate(over="ignore", invalid="ignore"):
            mono = block.mean(axis=1, dtype=np.float32)
        block_peak = float(np.abs(mono).max())  # NaN where any sample is NaN
        if not np.isfinite(block_peak):
            raise MediaError("not-finite", "NaN or infinite samples")
        if block_peak > limits.max_peak:
            raise MediaError("too-loud", f"samples of magnitude {block_peak:.3g}, full scale is 1")
        frames += len(mono)
        peak = max(peak, block_peak)
        _check_not_long(frames, source, limits)
        yield mono
    _check_end(frames, peak, source, limits)


def _check_end(frames: int, peak: float, source: _Stream, limits: _limits.Limits) -> None:
    if frames == 0:
        raise MediaError("empty", "a header without samples")
    seconds = frames / source.samplerate
    missing = source.frames - frames
    if source.format != "MP3" and _MISSING_SHARE * source.frames < missing < _UNKNOWN_FRAMES // 2:
        declared = source.frames / source.samplerate
        raise MediaError("decode-error", f"decoding stopped at {seconds:.1f} of {declared:.1f} s")
    if seconds < limits.min_seconds:
        raise MediaError("too-short", f"{seconds:.2f} s, at least {limits.min_seconds:g} s")
    if peak < limits.min_peak:
        raise MediaError("silent", f"peak {peak:.1e} of full scale")


def _tags(source: _Stream) -> Tags:
    found = source.copy_metadata()
    return Tags(clean(found.get("title")), clean(found.get("artist")), year_in(found.get("date")))
