"""Muting of standard error while decoders run: what they print names no file."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_STDERR = 2


class _StderrMute:
    """Redirects file descriptor 2 to the null device while at least one thread asks for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._saved = -1

    def acquire(self) -> None:
        with self._lock:
            if self._users == 0:
                self._saved = os.dup(_STDERR)
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, _STDERR)
                os.close(nothing)
            self._users += 1

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                os.dup2(self._saved, _STDERR)
                os.close(self._saved)


_mute = _StderrMute()


@contextmanager
def muted_stderr() -> Iterator[None]:
    """Mute file descriptor 2: mpg123 (in libsndfile) and libtiff (in Pillow) print there.

    Neither has an option against it. What they print is also returned as an error, or harmless.

    The descriptor belongs to the process, so what another thread writes to it meanwhile is lost
    as well: decode in worker processes where a progress bar runs, not in threads beside it.
    """
    try:
        _mute.acquire()
    except OSError:  # started without a standard error: nothing to mute
        yield
        return
    try:
        yield
    finally:
        _mute.release()
