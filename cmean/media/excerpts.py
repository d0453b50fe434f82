"""The five media of an item, the whole and its fragments, as captioners and embedders take them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Protocol

from cmean.domain import Kind
from cmean.errors import CmeanError, ConfigError, MediaError
from cmean.failure_reasons import FailureReason
from cmean.media import audio, files, image
from cmean.media import limits as _limits
from cmean.media.files import format_path, parse_file_uri

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cmean.domain import Picture, Sound

_DEFAULTS: dict[Kind, dict[str, object]] = {
    Kind.TRACK: {"rate": audio.RATE, "channel": "mean"},
    Kind.ARTWORK: {"square": "centre", "size": 448, "whole_size": None, "fragment_size": None},
}
_SQUARES = ("centre", "stretch")
_CHANNELS = ("mean", "left")
_SIZES = range(16, 4097)


def load_excerpts(
    path: Path,
    kind: Kind,
    preprocessing: Mapping[str, object],
    limits: _limits.Limits = _limits.DEFAULT,
) -> list[Sound] | list[Picture]:
    """Decode the whole and the four fragments of an item as a recipe asks.

    Args:
        path: the item's file.
        kind: what it is to be read as.
        preprocessing: for tracks ``rate`` in Hz (16000), and ``channel``, ``"mean"`` or ``"left"``
            (the first); for artworks ``square``, ``"centre"`` or ``"stretch"``, and the side in
            pixels of all pictures, ``size`` (448), or of the whole, ``whole_size``, and of the
            fragments, ``fragment_size``, where they differ.
        limits: what the file may be.

    Raises:
        ConfigError: an unknown key or value in `preprocessing`.
        MediaError: the reasons of `audio.load_track` or `image.load_artwork`.
    """
    unknown = sorted(map(str, preprocessing.keys() - _DEFAULTS[kind].keys()))
    if unknown:
        known = ", ".join(_DEFAULTS[kind])
        raise ConfigError(f"unknown preprocessing of a {kind}: {', '.join(unknown)} (know {known})")
    settings = {**_DEFAULTS[kind], **preprocessing}
    if kind is Kind.TRACK:
        rate = _parse_integer(settings, "rate", range(limits.min_rate, limits.max_rate + 1))
        left_only = _parse_name(settings, "channel", _CHANNELS) == "left"
        return audio.split_into_quarters(audio.load_track(path, limits, rate, left_only=left_only))
    square = _parse_name(settings, "square", _SQUARES)
    size = _parse_integer(settings, "size", _SIZES)
    whole, fragment = (
        size if settings[key] is None else _parse_integer(settings, key, _SIZES)
        for key in ("whole_size", "fragment_size")
    )
    return image.cut_fragments(image.load_artwork(path, limits), square, whole, fragment)


class ItemFile(Protocol):
    """The file of a registered item, as it was when it was registered."""

    @property
    def kind(self) -> Kind:
        """What it is read as."""
        ...

    @property
    def uri(self) -> str:
        """Its ``file:`` URI."""
        ...

    @property
    def bytes(self) -> int:
        """Its size."""
        ...

    @property
    def modified(self) -> float:
        """When it was last modified, in seconds since 1970."""
        ...

    @property
    def sha256(self) -> str:
        """The digest of its content."""
        ...


def decode_items(
    items: Sequence[ItemFile], preprocessing: Mapping[str, object], threads: int = 1
) -> list[list[Sound] | list[Picture] | MediaError]:
    """Decode registered items: the five media of each, or why its file cannot be used.

    Args:
        items: whose files to decode.
        preprocessing: as of `load_excerpts`.
        threads: how many files to decode at once.

    Raises:
        ConfigError: as of `load_excerpts`.
    """
    decode = partial(_decode_item, preprocessing=preprocessing)
    if min(threads, len(items)) <= 1:
        return list(map(decode, items))
    with ThreadPoolExecutor(threads, "decoder") as pool:  # the decoders release the GIL
        return list(pool.map(decode, items))


def _decode_item(
    item: ItemFile, preprocessing: Mapping[str, object]
) -> list[Sound] | list[Picture] | MediaError:
    """Decode an item, with any error but that of the recipe turned into a MediaError."""
    try:
        path = parse_file_uri(item.uri)
        _require_unchanged(item, path)
        return load_excerpts(path, item.kind, preprocessing)
    except MediaError as error:
        return error
    except MemoryError:
        return MediaError(FailureReason.OUT_OF_MEMORY, "decoding needs more memory", retryable=True)
    except CmeanError:
        raise  # the recipe is at fault, not the file
    except Exception as error:  # noqa: BLE001 - no file may end a worker
        return MediaError(
            FailureReason.DECODE_ERROR, f"{type(error).__name__}: {error}", retryable=True
        )


def _require_unchanged(item: ItemFile, path: Path) -> None:
    """Raise MediaError where a file is missing or is not the one that was registered.

    Its content is hashed only if its size or its time of modification differ.
    """
    try:
        status = path.stat()
    except OSError as error:
        detail = f"{format_path(path)} cannot be read: {error.strerror}"
        raise MediaError(FailureReason.MISSING, detail, retryable=True) from error
    is_same = (status.st_size, status.st_mtime) == (item.bytes, item.modified)
    if not is_same and files.hash_media_file(path) != item.sha256:
        raise MediaError(
            FailureReason.CHANGED,
            f"{format_path(path)} is not the file that was ingested; ingest it again",
        )


def _parse_integer(settings: Mapping[str, object], key: str, accepted: range) -> int:
    value = settings[key]
    if type(value) is int and value in accepted:  # a bool is no size
        return value
    bounds = f"{accepted.start}..{accepted.stop - 1}"
    raise ConfigError(f"preprocessing: {key} is an integer in {bounds}, not {value!r}")


def _parse_name(settings: Mapping[str, object], key: str, accepted: tuple[str, ...]) -> str:
    value = settings[key]
    if isinstance(value, str) and value in accepted:
        return value
    raise ConfigError(f"preprocessing: {key} is {' or '.join(accepted)}, not {value!r}")
