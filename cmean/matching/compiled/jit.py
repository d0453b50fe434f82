"""The numba options by which everything here is compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

_Function = TypeVar("_Function", bound="Callable[..., object]")


def compiled(function: _Function) -> _Function:
    """Compile a function on its first call, to run without the global interpreter lock.

    Floating-point arithmetic stays as it is written, so results are the same on every platform.
    Where nothing can be written to disk, it is compiled again by every process.
    """
    try:
        kept = njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # numba found no folder that can be written
        kept = njit(nogil=True, error_model="numpy")(function)
    return cast("_Function", kept)
