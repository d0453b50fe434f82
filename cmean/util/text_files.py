"""Text files in whatever encoding a spreadsheet or an editor saved them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MARKS: Final = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_EXAMINED_BYTES: Final = 4096  # that tell UTF-16 without a byte-order mark
_ZERO_SHARE: Final = 0.4  # of zero bytes among those at odd or at even places, in UTF-16
_EXAMINED_CHARACTERS: Final = 1 << 16  # that tell text from other bytes
_TEXT_RATIO: Final = 10  # characters of a text for each control character, at least
_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]")


class UndecodableError(Exception):
    """Bytes that are no text; the message completes a sentence that begins with the file's name."""


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The text of a file, with its line ends as they are.

    Attributes:
        text: without a byte-order mark.
        guessed_lines: numbers, from 1, of the lines that are not UTF-8 and were taken for
            Windows-1252.
    """

    text: str
    guessed_lines: Sequence[int] = ()

    @property
    def notes(self) -> list[str]:
        """What a reader should know of the encoding: nothing, or one sentence."""
        if not self.guessed_lines:
            return []
        number = len(self.guessed_lines)
        lines = (
            "1 line is not UTF-8 and was"
            if number == 1
            else f"{number} lines are not UTF-8 and were"
        )
        return [f"{lines} read as Windows-1252, the first of them line {self.guessed_lines[0]}"]


def read_file_bytes(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        InputError: it does not exist, is a folder or a device, or cannot be read.
    """
    try:
        if path.is_char_device() or path.is_block_device():  # some of them never end
            raise InputError(f"{path} is a device; name a file")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"no such file: {path}") from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder; name a file") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from error


def decode_text(data: bytes) -> DecodedText:
    """Decode UTF-8 or UTF-16, each with or without a byte-order mark.

    A line that is not UTF-8 is decoded as Windows-1252: files that several people wrote mix both,
    and a file that is cut within a character is still read up to there.

    Raises:
        UndecodableError: a part of UTF-16 is missing, or it is no text.
    """
    encoding = _MARKS.get(data[:2]) or _find_unmarked_utf16(data[:_EXAMINED_BYTES])
    try:
        decoded = DecodedText(data.decode(encoding or "utf-8-sig"))
    except UnicodeDecodeError as error:
        if encoding:
            if data[:2] not in _MARKS:
                _check_text(data.decode(encoding, "replace"))
            raise UndecodableError("is not whole UTF-16 text; save it as UTF-8") from error
        decoded = _decode_lines(data.removeprefix(b"\xef\xbb\xbf"))
    _check_text(decoded.text)
    return decoded


def _check_text(text: str) -> None:
    if len(_CONTROL.findall(text, 0, _EXAMINED_CHARACTERS)) * _TEXT_RATIO > min(
        len(text), _EXAMINED_CHARACTERS
    ):
        raise UndecodableError("is no text that can be read; give a CSV or TSV file in UTF-8")


def _find_unmarked_utf16(start: bytes) -> str | None:
    """UTF-16 without a byte-order mark: of text in Latin letters every other byte is zero."""
    half = len(start) // 2
    for encoding, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        if half and zeros.count(0) > _ZERO_SHARE * half:
            return encoding
    return None


def _decode_lines(data: bytes) -> DecodedText:
    lines, guessed = [], []
    for number, line in enumerate(data.split(b"\n"), start=1):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            lines.append(_decode_windows_line(line))
            guessed.append(number)
    return DecodedText("\n".join(lines), guessed)


def _decode_windows_line(line: bytes) -> str:
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError:  # five bytes that it does not define
        return line.decode("latin-1")
