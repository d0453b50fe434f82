"""Check the inputs of captioners and embedders, with the same reasons of failure for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.domain import Picture, Sound
from cmean.failure_reasons import FailureReason

if TYPE_CHECKING:
    from cmean.errors import ItemError


def check_sound(
    media: Sound | Picture,
    who: str,
    error: type[ItemError],
    rate: int | None,
    longest: float | None = None,
) -> Sound:
    """Return the sound if it is valid.

    Args:
        media: the input.
        who: the back-end, as the message calls it.
        error: the class to raise.
        rate: the one that it must have, in Hz; None: any.
        longest: the maximum length, in seconds; None: all.

    Raises:
        ItemError: `not-a-sound`, `sample-rate`, `empty-sound` or `sound-too-long`.
    """
    if not isinstance(media, Sound):
        raise error(
            FailureReason.NOT_A_SOUND,
            f"{who} accepts tracks, not artworks: choose another back-end",
        )
    if rate is not None and media.rate != rate:
        detail = f"{who} accepts audio at {rate} Hz, not {media.rate} Hz: set `rate = {rate}`"
        raise error(FailureReason.SAMPLE_RATE, detail)
    if not len(media.samples):
        raise error(FailureReason.EMPTY_SOUND, "the sound has no samples")
    if longest is not None and media.seconds > longest:
        detail = f"{who} accepts at most {longest:g} s, not {media.seconds:g} s: split into windows"
        raise error(FailureReason.SOUND_TOO_LONG, detail)
    return media


def check_picture(media: Sound | Picture, who: str, error: type[ItemError]) -> Picture:
    """Return the picture if it is valid.

    Raises:
        ItemError: `not-a-picture` or `empty-picture`; arguments as of `check_sound`.
    """
    if not isinstance(media, Picture):
        raise error(
            FailureReason.NOT_A_PICTURE,
            f"{who} accepts artworks, not tracks: choose another back-end",
        )
    if not media.pixels.size:
        raise error(FailureReason.EMPTY_PICTURE, "the picture has no pixels")
    return media


def check_text(given: str, error: type[ItemError]) -> str:
    """Return the text if it is not empty.

    Raises:
        ItemError: `empty-text`, for one without a visible character.
    """
    if not given.strip():
        raise error(FailureReason.EMPTY_TEXT, "the text has no visible character")
    return given
