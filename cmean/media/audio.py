"""Tracks: validation by decoding, conversion to mono at one rate, and quarters in time.

libsndfile decodes (WAV, AIFF, FLAC, Ogg Vorbis and Opus, MP3) in blocks, so that a track is never
in memory at its full rate and number of channels.

What counts as whole: a FLAC file that is cut short is rejected, since it declares its length and
its decoder fails; so is an Ogg file whose decoder gives up before the end. WAV, AIFF, Ogg and MP3
files that lost their end count as shorter recordings: players play them so, and an MP3 stream has
no end mark. `seconds` is the decoded length, not the one in the header. An MP3 of variable bit rate
without a Xing header has no known length; libsndfile estimates it and stops there.
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
from cmean.failure_reasons import FailureReason
from cmean.media import limits as _limits
from cmean.media.files import muted_stderr, require_readable
from cmean.media.formats import AUDIO_CONTAINERS
from cmean.media.tags import Tags, clean_text, find_year

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 16_000
"""The rate that captioners and embedders of sound are built for, in Hz."""

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


def probe_track(path: Path, limits: _limits.Limits = _limits.DEFAULT) -> AudioInfo:
    """Decode a track once and describe it.

    Raises:
        MediaError: the reasons of `load_track`.
    """
    with _open_track(path, limits) as source:
        frames = sum(len(block) for block in _read_mono_blocks(source, limits))
        tags = _read_tags(source)
        return AudioInfo(
            format=AUDIO_CONTAINERS[source.format],
            seconds=frames / source.samplerate,
            rate=source.samplerate,
            channels=source.channels,
            **tags._asdict(),
        )


def load_track(
    path: Path,
    limits: _limits.Limits = _limits.DEFAULT,
    rate: int = RATE,
    *,
    left_only: bool = False,
) -> Sound:
    """Decode a track as mono float32 at `rate` Hz: the channels' mean, resampled by soxr (HQ).

    Args:
        path: the file.
        limits: what it may be.
        rate: in Hz.
        left_only: the first channel in place of the mean, by which alone it may be rejected.

    Raises:
        MediaError: ``missing``, ``no-permission``, ``not-a-file``, ``empty-file``; ``not-audio``
            (no format that is read), ``decode-error`` (known format, broken content), ``empty``
            (no samples), ``silent``, ``too-loud``, ``not-finite``, ``too-short``, ``too-long``,
            ``bad-rate``; see `Limits`.
    """
    samples = bytearray()  # grows in place; a list of blocks would stand in memory twice
    with _open_track(path, limits) as source:
        resampler = soxr.ResampleStream(source.samplerate, rate, 1, dtype="float32")
        for block in _read_mono_blocks(source, limits, left_only=left_only):
            samples += resampler.resample_chunk(block).data
        samples += resampler.resample_chunk(np.empty(0, np.float32), last=True).data
    return Sound(np.frombuffer(samples, np.float32), rate)


def split_into_quarters(sound: Sound) -> list[Sound]:
    """Return the whole, then its four quarters in time as views."""
    return [sound, *cut_quarters(sound)]


class _Stream(soundfile.SoundFile):  # type: ignore[misc] # soundfile ships no types
    """A file that is read sequentially.

    After each block soundfile seeks to its current position. That fails at the end of a FLAC
    stream of unknown length, and garbles an MP3 of variable bit rate without a Xing header.
    """

    def seekable(self) -> bool:
        return False


@contextmanager
def _open_track(path: Path, limits: _limits.Limits) -> Iterator[_Stream]:
    """Open an audio file whose header is within the limits; decode errors become MediaError."""
    require_readable(path)
    with muted_stderr():  # whatever the suffix: an MP3 stream may stand in other containers
        try:
            # As bytes: a name need not be valid in the file system's encoding.
            source = _Stream(str(path) if os.name == "nt" else os.fsencode(path))
        except (soundfile.SoundFileError, ValueError) as error:
            raise MediaError(
                FailureReason.NOT_AUDIO, "no audio in a format that is read"
            ) from error
        with source:
            _check_header(source, limits)
            try:
                yield source
            except (soundfile.SoundFileError, RuntimeError) as error:
                detail = getattr(error, "error_string", str(error))
                detail = clean_text(detail.removeprefix("Error : "), 200) or "decoding failed"
                raise MediaError(FailureReason.DECODE_ERROR, detail) from error


def _check_header(source: _Stream, limits: _limits.Limits) -> None:
    if source.format not in AUDIO_CONTAINERS:
        raise MediaError(FailureReason.NOT_AUDIO, f"{source.format} files are not read")
    if not limits.min_rate <= source.samplerate <= limits.max_rate:
        accepted = f"{limits.min_rate}..{limits.max_rate} Hz"
        raise MediaError(
            FailureReason.BAD_RATE, f"sample rate {source.samplerate} Hz, not in {accepted}"
        )
    if source.frames < _UNKNOWN_FRAMES:
        _check_not_long(source.frames, source, limits)


def _check_not_long(frames: int, source: _Stream, limits: _limits.Limits) -> None:
    if frames > limits.max_seconds * source.samplerate:
        raise MediaError(FailureReason.TOO_LONG, f"longer than {limits.max_seconds:g} s")


def _read_mono_blocks(
    source: _Stream, limits: _limits.Limits, *, left_only: bool = False
) -> Iterator[NDArray[np.float32]]:
    """Decode the mono mix, or the first channel, in blocks; check every limit on the content."""
    frames, peak = 0, 0.0
    size = max(1, _BLOCK_SAMPLES // source.channels)
    while len(block := source.read(size, dtype="float32", always_2d=True)):
        with np.errstate(over="ignore", invalid="ignore"):
            mono = block[:, 0].copy() if left_only else block.mean(axis=1, dtype=np.float32)
        block_peak = float(np.abs(mono).max())  # NaN where any sample is NaN
        if not np.isfinite(block_peak):
            raise MediaError(FailureReason.NOT_FINITE, "NaN or infinite samples")
        if block_peak > limits.max_peak:
            raise MediaError(
                FailureReason.TOO_LOUD, f"samples of magnitude {block_peak:.3g}, full scale is 1"
            )
        frames += len(mono)
        peak = max(peak, block_peak)
        _check_not_long(frames, source, limits)
        yield mono
    _check_end(frames, peak, source, limits)


def _check_end(frames: int, peak: float, source: _Stream, limits: _limits.Limits) -> None:
    if frames == 0:
        raise MediaError(FailureReason.EMPTY, "a header without samples")
    seconds = frames / source.samplerate
    missing = source.frames - frames
    if source.format != "MP3" and _MISSING_SHARE * source.frames < missing < _UNKNOWN_FRAMES // 2:
        declared = source.frames / source.samplerate
        raise MediaError(
            FailureReason.DECODE_ERROR, f"decoding stopped at {seconds:.1f} of {declared:.1f} s"
        )
    if seconds < limits.min_seconds:
        raise MediaError(
            FailureReason.TOO_SHORT, f"{seconds:.2f} s, at least {limits.min_seconds:g} s"
        )
    if peak < limits.min_peak:
        raise MediaError(FailureReason.SILENT, f"peak {peak:.1e} of full scale")


def _read_tags(source: _Stream) -> Tags:
    found = source.copy_metadata()
    return Tags(
        clean_text(found.get("title")),
        clean_text(found.get("artist")),
        find_year(found.get("date")),
    )
