"""What captioners and embedders are given, checked: one vocabulary of reasons for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.domain import Picture, Sound

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
        media: what was given.
        who: what is to hear it, as the message calls it.
        error: what is raised.
        rate: the one that it must have, in Hz; None: any.
        longest: the most that is heard at once, in seconds; None: all.

    Raises:
        ItemError: `not-a-sound`, `sample-rate`, `empty-sound` or `sound-too-long`.
    """
    if not isinstance(media, Sound):
        raise error("not-a-sound", f"{who} accepts tracks, not artworks: choose another back-end")
    if rate is not None and media.rate != rate:
        said = f"{who} accepts audio at {rate} Hz, not {media.rate} Hz: set `rate = {rate}`"
        raise error("sample-rate", said)
    if not len(media.samples):
        raise error("empty-sound", "the sound has no samples")
    if longest is not None and media.seconds > longest:
        said = f"{who} accepts at most {longest:g} s, not {media.seconds:g} s: split into windows"
        raise error("sound-too-long", said)
    return media


def check_picture(media: Sound | Picture, who: str, error: type[ItemError]) -> Picture:
    """Return the picture if it is valid.

    Raises:
        ItemError: `not-a-picture` or `empty-picture`; arguments as of `check_sound`.
    """
    if not isinstance(media, Picture):
        raise error("not-a-picture", f"{who} accepts artworks, not tracks: choose another back-end")
    if not media.pixels.size:
        raise error("empty-picture", "the picture has no pixels")
    return media


def check_text(given: str, error: type[ItemError]) -> str:
    """Return the text if it is not empty.

    Raises:
        ItemError: `empty-text`, for one without a visible character.
    """
    if not given.strip():
        raise error("empty-text", "the text has no visible character")
    return given
