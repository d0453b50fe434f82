"""The accepted formats of media files: the names that the decoders use, and file name suffixes."""

from __future__ import annotations

from typing import Final

from cmean.domain import Kind

AUDIO_FORMATS: Final = {
    "WAV": (".wav",),
    "FLAC": (".flac",),
    "OGG": (".ogg", ".oga", ".opus"),
    "MP3": (".mp3",),
    "AIFF": (".aiff", ".aif"),
}
"""The suffixes of each audio format."""

AUDIO_CONTAINERS: Final = {
    **{name: name for name in AUDIO_FORMATS},
    "WAVEX": "WAV",
    "RF64": "WAV",
}
"""The audio format by libsndfile's name of the container; its many other formats are not read."""

PICTURE_FORMATS: Final = {
    "JPEG": (".jpg", ".jpeg"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
}
"""The suffixes of each picture format, by Pillow's name of it."""

SUFFIXES: Final[dict[str, Kind]] = {
    suffix: kind
    for kind, formats in ((Kind.TRACK, AUDIO_FORMATS), (Kind.ARTWORK, PICTURE_FORMATS))
    for suffixes in formats.values()
    for suffix in suffixes
}
"""The kind of media by file name suffix in lower case."""
