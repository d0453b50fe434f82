"""The five media of an item: what captioners and embedders see or hear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.domain import Kind
from cmean.errors import ConfigError
from cmean.media import audio, image
from cmean.media import limits as _limits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cmean.domain import Picture, Sound

_DEFAULTS: dict[Kind, dict[str, object]] = {
    Kind.TRACK: {"rate": audio.RATE},
    Kind.ARTWORK: {"square": "centre", "size": 448, "whole_size": None, "fragment_size": None},
}
_SQUARES = ("centre", "stretch")
_SIZES = range(16, 4097)


def excerpts(
    path: Path,
    kind: Kind,
    preprocessing: Mapping[str, object],
    limits: _limits.Limits = _limits.DEFAULT,
) -> list[Sound] | list[Picture]:
    """The whole and the four fragments of an item, decoded as a recipe asks.

    Args:
        path: the item's file.
        kind: what it is to be read as.
        preprocessing: for tracks ``rate`` in Hz (16000); for artworks ``square``, ``"centre"`` or
            ``"stretch"``, and the side in pixels of all pictures, ``size`` (448), or of the whole,
            ``whole_size``, and of the fragments, ``fragment_size``, where they differ.
        limits: what the file may be.

    Raises:
        ConfigError: an unknown key or value in `preprocessing`.
        MediaError: the reasons of `audio.load` or `image.load`.
    """
    unknown = sorted(map(str, preprocessing.keys() - _DEFAULTS[kind].keys()))
    if unknown:
        known = ", ".join(_DEFAULTS[kind])
        raise ConfigError(f"unknown preprocessing of a {kind}: {', '.join(unknown)} (know {known})")
    settings = {**_DEFAULTS[kind], **preprocessing}
    if kind is Kind.TRACK:
        rate = _integer(settings, "rate", range(limits.min_rate, limits.max_rate + 1))
        return audio.quarters(audio.load(path, limits, rate))
    square = settings["square"]
    if not isinstance(square, str) or square not in _SQUARES:
        raise ConfigError(f"preprocessing: square is {' or '.join(_SQUARES)}, not {square!r}")
    size = _integer(settings, "size", _SIZES)
    whole, fragment = (
        size if settings[key] is None else _integer(settings, key, _SIZES)
        for key in ("whole_size", "fragment_size")
    )
    return image.fragments(image.load(path, limits), square, whole, fragment)


def _integer(settings: Mapping[str, object], key: str, accepted: range) -> int:
    value = settings[key]
    if type(value) is int and value in accepted:  # a bool is no size
        return value
    bounds = f"{accepted.start}..{accepted.stop - 1}"
    raise ConfigError(f"preprocessing: {key} is an integer in {bounds}, not {value!r}")
