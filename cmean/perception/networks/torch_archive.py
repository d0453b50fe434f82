"""Reads the tensors of a PyTorch file of the old format without PyTorch, and without running code.

The file is a row of pickles (a magic number, a protocol number, facts of the machine, the state
dictionary, the keys of its storages) and then the storages themselves, each after its length. A
tensor is a view of a storage: an offset, a shape, and strides in elements. Strides matter: the
convolutions of some published files lie in memory channels last.

Source: ``torch/serialization.py``, ``_legacy_load``.
"""

from __future__ import annotations

import io
import math
import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_MAGIC: Final = 0x1950A86A20F9469CFC6C
_PROTOCOL: Final = 1001
_TYPES: Final[Mapping[str, str]] = {"FloatStorage": "<f4", "LongStorage": "<i8"}


_DAMAGE: Final = (
    *(pickle.UnpicklingError, EOFError, struct.error, LookupError, AttributeError),
    *(TypeError, ArithmeticError, MemoryError, UnicodeDecodeError),
)
"""What a damaged pickle makes Python raise."""


@dataclass(frozen=True, slots=True)
class _Storage:
    """What a pickle says of a storage: its type, its key, and how many numbers it has."""

    type: str
    key: str
    length: int


@dataclass(frozen=True, slots=True)
class _View:
    """A tensor before its storage is read."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_torch_tensors(content: bytes) -> dict[str, NDArray[np.float32]]:
    """Read the float32 tensors of a saved state dictionary by name; other types are left out.

    Raises:
        ValueError: the content is no such file, is damaged, or names anything but tensors.
    """
    file = io.BytesIO(content)
    try:
        if _unpickle(file) != _MAGIC or _unpickle(file) != _PROTOCOL:
            raise ValueError("the file is no PyTorch file of the old format")
        _unpickle(file)  # facts of the machine that wrote it
        state, keys = _unpickle(file), _unpickle(file)
        storages = _read_storages(file, state, keys)
        return {
            name: _read_view(view, storages[view.storage.key])
            for name, view in state.items()
            if view.storage.type == "FloatStorage"
        }
    except _DAMAGE as error:
        raise ValueError(f"the PyTorch file is damaged: {error}") from error


def _read_storages(
    file: io.BytesIO, state: Mapping[str, _View], keys: list[str]
) -> dict[str, NDArray[Any]]:
    known = {view.storage.key: view.storage for view in state.values()}
    found = {}
    for key in keys:
        (length,) = struct.unpack("<q", file.read(8))
        storage = known[key]
        kind = np.dtype(_TYPES[storage.type])
        content = file.read(length * kind.itemsize)
        if length != storage.length or len(content) != length * kind.itemsize:
            raise ValueError("the PyTorch file ends too early")
        found[key] = np.frombuffer(content, kind)
    return found


def _read_view(view: _View, storage: NDArray[Any]) -> NDArray[np.float32]:
    numbers = (view.offset, *view.shape, *view.strides)
    proper = all(type(number) is int and number >= 0 for number in numbers)
    if not proper or len(view.shape) != len(view.strides):
        raise ValueError("a tensor of the PyTorch file has no proper shape")
    last = view.offset + sum(
        (size - 1) * stride for size, stride in zip(view.shape, view.strides, strict=True)
    )
    # a stride of 0 would repeat numbers, as no weights do
    if not 0 < math.prod(view.shape) <= len(storage) or last >= len(storage):
        raise ValueError("a tensor of the PyTorch file does not lie inside its storage")
    strides = [stride * storage.itemsize for stride in view.strides]
    part = storage[view.offset :]
    strided = np.lib.stride_tricks.as_strided(part, view.shape, strides, writeable=False)
    return np.array(strided, np.float32).reshape(view.shape or (math.prod(view.shape),))


class _Unpickler(pickle.Unpickler):
    """Knows what a state dictionary is made of, and nothing else: no code of a file is run."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - of `pickle.Unpickler`
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Rebuild()
        if module == "torch" and name in _TYPES:
            return name
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is no tensor")

    def persistent_load(self, pid: Any) -> _Storage:  # noqa: ANN401 - of `pickle.Unpickler`
        _, kind, key, _device, length, *_ = pid
        return _Storage(kind, key, length)


class _Rebuild:
    """Called by a pickle for each tensor; it has no attribute that a pickle could set."""

    __slots__ = ()

    def __call__(
        self,
        storage: _Storage,
        offset: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        *_: object,
    ) -> _View:
        return _View(storage, offset, tuple(shape), tuple(strides))


def _unpickle(file: io.BytesIO) -> Any:  # noqa: ANN401 - whatever was pickled
    return _Unpickler(file).load()
