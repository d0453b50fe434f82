"""Back-ends of another package, found by their entry points: what the fault tests work with.

The captioner says the mean colour of a picture, and does what files in the folder named by
CMEAN_TESTING tell it: while `hold` is there it waits, unless `pass-` and its process number is
there too; with `slow` it takes its time, as a large model does; with `poison` the whole of a
picture of pure red kills its process, and with `device-fault` it raises what becomes of PyTorch's
error where a kernel of a GPU fails.
"""

from __future__ import annotations

import os
import signal
import time
import zlib
from pathlib import Path

import numpy as np

from cmean.backends.registry import BackendInfo
from cmean.domain import RGB, WHOLE, Caption, Kind, Role
from cmean.errors import DeviceFaultError

POISON = (255, 0, 0)


def folder() -> Path:
    """Where a test leaves its wishes."""
    return Path(os.environ.get("CMEAN_TESTING", "/nonexistent"))


class Captioner:
    """Captions at once, or does what the test's folder says."""

    def __init__(self, signed: bool = False, revision: str = "1") -> None:
        self.signed = signed
        self.revision = revision

    def load(self) -> None:
        """There is nothing to load."""

    def unload(self) -> None:
        """Nor to unload."""

    def caption(self, batch):
        """A sentence a picture, signed with the number of the process where that is asked for."""
        captions = []
        for excerpt in batch:
            colour = _mean(excerpt.media)
            is_poison = colour == POISON and excerpt.position == WHOLE
            if is_poison and (folder() / "device-fault").exists():
                raise DeviceFaultError("the GPU failed: CUDA error: an illegal memory access")
            if is_poison and (folder() / "poison").exists():
                os.kill(os.getpid(), signal.SIGKILL)
            self._wait()
            text = f"Mean colour {colour}, position {excerpt.position}."
            text = f"{os.getpid()} {text}" if self.signed else text
            captions.append(Caption(text, language="en"))  # telling it takes half a second
        return captions

    @staticmethod
    def _wait() -> None:
        if (folder() / "slow").exists():
            time.sleep(0.01)
        if not (folder() / "hold").exists():
            return
        may_pass = folder() / f"pass-{os.getpid()}"
        (folder() / f"holding-{os.getpid()}").touch()
        while (folder() / "hold").exists() and not may_pass.exists():
            time.sleep(0.01)
        (folder() / f"holding-{os.getpid()}").unlink(missing_ok=True)


def _mean(media):
    """The mean colour of a picture; three measures of a sound."""
    if hasattr(media, "pixels"):
        return tuple(int(c) for c in np.round(media.pixels.mean(axis=(0, 1))))
    return tuple(int(255 * np.abs(part).mean()) for part in np.array_split(media.samples, 3))


class Mapper:
    """Maps at once: three bytes of a checksum."""

    revision = "1"

    def load(self) -> None:
        """There is nothing to load."""

    def unload(self) -> None:
        """Nor to unload."""

    def map(self, texts):
        """A triple a text."""
        return [RGB(*zlib.crc32(text.encode()).to_bytes(4, "big")[:3]) for text in texts]


def _info(name, role, target, batch, **facts):
    return BackendInfo(
        name=name,
        role=role,
        kinds=(Kind.TRACK, Kind.ARTWORK),
        target=f"cmean_testing:{target}",
        licence="none",
        batch=batch,
        share=1_000_000,
        **facts,
    )


CAPTIONER = _info("testing-captioner", Role.CAPTIONER, "Captioner", 16)
MAPPER = _info("testing-mapper", Role.MAPPER, "Mapper", 64)
MISSING = _info(
    "testing-missing", Role.CAPTIONER, "Captioner", 16, requires="no_such_module", extra="models"
)
