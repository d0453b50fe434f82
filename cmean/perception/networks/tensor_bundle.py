"""Reads the tensors of a TensorFlow checkpoint without TensorFlow.

A checkpoint is a pair of files. ``.data-00000-of-00001`` holds the numbers one tensor after the
other; ``.index`` is a sorted string table in LevelDB's format, which maps a tensor's name to a
protocol buffer message (`BundleEntryProto`) with its type, shape, offset and size.

Sources: LevelDB's ``doc/table_format.md``; TensorFlow's ``tensor_bundle.proto``.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_MAGIC: Final = 0xDB4775248B80FB57
_FOOTER: Final = 48
_FLOAT32: Final = 1  # `DT_FLOAT` of TensorFlow's types.proto
_LONGEST_VARINT: Final = 10  # bytes, of 64 bits
_VARINT, _LENGTH, _FIXED32 = 0, 2, 5  # wire types of protocol buffers


def read_bundle_tensors(index: bytes, data: bytes) -> dict[str, NDArray[np.float32]]:
    """Read the float32 tensors of a checkpoint, by name; tensors of other types are left out.

    Args:
        index: the content of the ``.index`` file.
        data: the content of the ``.data-00000-of-00001`` file.

    Raises:
        ValueError: the files are no checkpoint, or damaged.
    """
    try:
        return dict(_read_entries(index, data))
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise ValueError(f"the checkpoint is damaged: {error}") from error


def _read_entries(index: bytes, data: bytes) -> Iterator[tuple[str, NDArray[np.float32]]]:
    if len(index) < _FOOTER or struct.unpack("<Q", index[-8:])[0] != _MAGIC:
        raise ValueError("the index of the checkpoint is no sorted string table")
    footer = index[-_FOOTER:]
    _, position = _read_handle(footer, 0)  # of the meta index, which is empty
    handle, _ = _read_handle(footer, position)
    read = {handle}
    for _, encoded in _read_block(index, handle):
        block, _ = _read_handle(encoded, 0)
        if block in read:
            raise ValueError("the index of the checkpoint names a block twice")
        read.add(block)
        for key, value in _read_block(index, block):
            entry = _read_message(value)
            if not key or entry.get(1, [0])[0] != _FLOAT32:
                continue
            shape = _read_shape(entry[2][0]) if 2 in entry else ()  # noqa: PLR2004 - field number
            offset, size = (int(entry.get(field, [0])[0]) for field in (4, 5))
            if size != 4 * math.prod(shape) or offset + size > len(data):
                raise ValueError(f"the tensor {key!r} does not lie inside the checkpoint")
            numbers = np.frombuffer(data, "<f4", math.prod(shape), offset)
            yield key.decode(), numbers.reshape(shape)


def _read_block(table: bytes, handle: tuple[int, int]) -> Iterator[tuple[bytes, bytes]]:
    """Read the entries of a block; each key shares a prefix with the one before it."""
    offset, size = handle
    if table[offset + size] != 0:
        raise ValueError("the index of the checkpoint is compressed, which is not supported")
    block = table[offset : offset + size]
    (restarts,) = struct.unpack("<I", block[-4:])
    end, position, key = len(block) - 4 * (restarts + 1), 0, b""
    while position < end:
        shared, position = _read_varint(block, position)
        own, position = _read_varint(block, position)
        length, position = _read_varint(block, position)
        key = key[:shared] + block[position : position + own]
        position += own
        yield key, block[position : position + length]
        position += length


def _read_handle(content: bytes, position: int) -> tuple[tuple[int, int], int]:
    """Read offset and size of a block, and where the handle ends."""
    offset, position = _read_varint(content, position)
    size, position = _read_varint(content, position)
    return (offset, size), position


def _read_varint(content: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 7 * _LONGEST_VARINT, 7):
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the highest bit says that more follows
            return value, position
    raise ValueError("the checkpoint has a number of more than 64 bits")


def _read_message(content: bytes) -> dict[int, list[int | bytes]]:
    """Read the fields of a protocol buffer message, by number."""
    fields: dict[int, list[int | bytes]] = {}
    position = 0
    while position < len(content):
        tag, position = _read_varint(content, position)
        value: int | bytes
        if tag & 7 == _VARINT:
            value, position = _read_varint(content, position)
        elif tag & 7 == _LENGTH:
            length, position = _read_varint(content, position)
            value, position = content[position : position + length], position + length
        elif tag & 7 == _FIXED32:
            value, position = content[position : position + 4], position + 4
        else:
            raise ValueError(f"the checkpoint has a field of the unknown wire type {tag & 7}")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _read_shape(content: int | bytes) -> tuple[int, ...]:
    """Read the sizes of a `TensorShapeProto`: its field 2 repeats, each with a size in field 1."""
    dimensions = _read_message(bytes(content)).get(2, []) if isinstance(content, bytes) else []
    return tuple(int(_read_message(bytes(each)).get(1, [0])[0]) for each in dimensions)
