"""A back-end whose weights come by `cmean setup`, and conversions of made-up weight packages."""

from __future__ import annotations

import sys

from cmean_testing import Mapper

from cmean.backends.registry import BackendInfo
from cmean.domain import RGB, Kind, Role
from cmean.weights import store

PACKAGE = "tiny-tags"


class LearnedMapper(Mapper):
    """Gives every text the triple that its weights say."""

    @property
    def revision(self):
        """What the weights say."""
        return self._read()

    def _read(self):
        return (store.locate_package(PACKAGE) / "triple.txt").read_text()

    def map(self, texts):
        """The same triple for each text."""
        return [RGB(*map(int, self._read().split())) for _ in texts]


LEARNED = BackendInfo(
    name="testing-learned",
    role=Role.MAPPER,
    kinds=(Kind.TRACK, Kind.ARTWORK),
    target="cmean_testing_weights:LearnedMapper",
    licence="none",
    batch=64,
    share=1_000_000,
    packages=(PACKAGE,),
    constant=True,
)


def join(members):
    """One file of all members."""
    return {"joined.bin": b"+".join(members.values())}


def leave_folder(members):
    """A file outside the folder of the package."""
    return {"../outside": b"".join(members.values())}


def fail(members):
    """A parser that does not like what it is given."""
    raise ValueError(f"no header in {sorted(members)}")


def make_nothing(_members):
    """No file at all."""
    return {}


def wait(members):
    """The members, once a line comes on standard input."""
    sys.stderr.write("converting\n")
    sys.stderr.flush()
    sys.stdin.readline()
    return {"kept.bin": b"".join(members.values())}
