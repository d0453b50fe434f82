"""Writing a file so that it is either complete or not there."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def replace_file(output: Path) -> Iterator[Path]:
    """Yield a temporary file in the same folder that replaces `output` when the block succeeds.

    Raises:
        InputError: the folder does not exist or cannot be written, or the disk is full.
    """
    try:
        # A device or a pipe is written directly, and /dev/stdout even where it is a file.
        if output.exists() and (not output.is_file() or output.parent == Path("/dev")):
            yield output
            return
        output = output.resolve()  # a symbolic link stays one
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o666 & ~_get_umask())  # mkstemp makes files that only the owner reads
            temporary.replace(output)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{output} cannot be written: {error.strerror or error}") from error


def _get_umask() -> int:
    mask = os.umask(0)  # the only portable way to read it is to set it
    os.umask(mask)
    return mask
