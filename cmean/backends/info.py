"""What is known of a back-end without importing it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from cmean.errors import CmeanError

if TYPE_CHECKING:
    from cmean.domain import Kind, Role


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """A back-end that cmean knows.

    Args:
        name: what a profile calls it.
        role: captioner, mapper or embedder.
        kinds: the kinds of item that it takes; of an embedder, whose media it takes (captions of
            both kinds are embedded by all).
        target: ``module:class``.
        licence: of its weights as published, and behind "code" that of their code where it is
            another; of a back-end without weights, its own.
        batch: how many tasks a worker claims for it at once.
        share: below how many tasks a further worker process does not pay.
        requires: the module that its extra installs, if it needs one.
        extra: the extra that installs it.
        model: the repository of its weights where a profile names no other; empty: none needed.
        commercial: whether its licence allows commercial use.
        prompt: the template of its prompt where a profile names no other; empty: it takes none.
        continues: whether it can continue a truncated caption.
        rate: of the sounds that it takes, in Hz, where a profile names no other.
        packages: the weight packages that `cmean setup` installs for it, by name.
        ahead: whether the next batch is decoded while it works; pays where it leaves the CPU idle.
        architectures: of its checkpoints (`model_type` in ``config.json``), where its class runs
            more; empty: all that its class runs.
        constant: whether it answers every input alike, on purpose.
        grades: whether it can give expected values of triples: the mapper option `graded`.
    """

    name: str
    role: Role
    kinds: tuple[Kind, ...]
    target: str
    licence: str
    batch: int
    share: int
    requires: str | None = None
    extra: str = ""
    model: str = ""
    commercial: bool = True
    prompt: str = ""
    continues: bool = False
    rate: int = 16_000
    packages: tuple[str, ...] = ()
    ahead: bool = False
    constant: bool = False
    architectures: tuple[str, ...] = ()
    grades: bool = False

    @property
    def installed(self) -> bool:
        """Whether everything that it imports is installed."""
        return self.requires is None or find_spec(self.requires) is not None

    @property
    def weights(self) -> str:
        """Whether its weights lie on this machine: present, absent, or none needed."""
        if self.packages:
            return _describe_packages(self.packages)
        if not self.model:
            return "none needed"
        from cmean.backends import hub  # noqa: PLC0415 - reads settings, which most never need

        try:
            hub.locate_checkpoint(self.model)
        except CmeanError:
            return "absent"
        return "present"

    @property
    def repository(self) -> str | None:
        """Where its weights come from: a repository, or packages of the package index."""
        return ", ".join(self.packages) or self.model or None

    @property
    def revision(self) -> str | None:
        """Of its weights: versions of packages, or what is on this machine of a repository."""
        from cmean.backends import hub  # noqa: PLC0415 - reads settings, which most never need
        from cmean.weights.packages import find_package  # noqa: PLC0415 - as above

        try:
            if self.packages:
                return ", ".join(find_package(name).version for name in self.packages)
            return hub.locate_checkpoint(self.model).revision if self.model else None
        except CmeanError:
            return None


def _describe_packages(names: tuple[str, ...]) -> str:
    """Tell whether all of some packages are ready."""
    from cmean.weights import store  # noqa: PLC0415 - few back-ends need it

    try:
        for name in names:
            store.locate_package(name)
    except CmeanError:
        return "absent"
    return "present"
