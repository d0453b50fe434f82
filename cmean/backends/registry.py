"""The table of back-ends: what each is for and where it lies. Importing it loads none of them.

A package of others adds its own through the entry point group ``cmean.backends``: each entry names
a `BackendInfo`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from cmean.domain import Kind, Role
from cmean.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.protocols import Backend, Captioner, EmotionMapper


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """A back-end that cmean knows.

    Args:
        name: what a profile calls it.
        role: captioner, mapper or embedder.
        kinds: the kinds of item that it takes.
        target: ``module:class``.
        licence: of its weights, or of its code when it has none.
        batch: how many tasks a worker claims for it at once.
        share: below how many tasks a further worker process does not pay.
        requires: the module that its extra brings, if it needs one.
        extra: the extra that brings it.
        weights: whether weights lie on this machine: present, absent, or none needed.
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
    weights: str = "none needed"

    @property
    def installed(self) -> bool:
        """Whether everything that it imports is installed."""
        return self.requires is None or find_spec(self.requires) is not None


BACKENDS = {
    info.name: info
    for info in (
        BackendInfo(
            name="embedded-track",
            role=Role.CAPTIONER,
            kinds=(Kind.TRACK,),
            target="cmean.backends.captioners.embedded_track:EmbeddedTrackCaptioner",
            licence="Apache-2.0",
            batch=10,
            share=20,
        ),
        BackendInfo(
            name="embedded-artwork",
            role=Role.CAPTIONER,
            kinds=(Kind.ARTWORK,),
            target="cmean.backends.captioners.embedded_artwork:EmbeddedArtworkCaptioner",
            licence="Apache-2.0",
            batch=20,
            share=40,
        ),
        BackendInfo(
            name="embedded-mapper",
            role=Role.MAPPER,
            kinds=(Kind.TRACK, Kind.ARTWORK),
            target="cmean.backends.mappers.embedded:EmbeddedMapper",
            licence="Apache-2.0",
            batch=500,
            share=5000,
        ),
    )
}


@cache
def _of_others() -> dict[str, BackendInfo]:
    """Back-ends that other packages add. One that cannot be imported is left out."""
    found = {}
    for entry in entry_points(group="cmean.backends"):
        try:
            found[entry.name] = cast("BackendInfo", entry.load())
        except (ImportError, AttributeError):
            continue  # the package is broken; whoever names its back-end is told it is not here
    return found


def known() -> dict[str, BackendInfo]:
    """Every back-end by name, cmean's own first."""
    return {**BACKENDS, **{k: v for k, v in _of_others().items() if k not in BACKENDS}}


def info(name: str, role: Role | None = None, kind: Kind | None = None) -> BackendInfo:
    """The back-end of that name.

    Raises:
        ConfigError: there is none, or it is not of that role or for that kind.
    """
    found = BACKENDS.get(name) or _of_others().get(name)
    if found is None:
        raise ConfigError(f"there is no back-end {name!r}; there are: {', '.join(known())}")
    if role is not None and found.role is not role:
        raise ConfigError(f"the back-end {name!r} is a {found.role.value}, not a {role.value}")
    if kind is not None and kind not in found.kinds:
        raise ConfigError(f"the back-end {name!r} does not take {kind.value}s")
    return found


def create(name: str, parameters: Mapping[str, Any]) -> Backend:
    """Build a back-end, not yet loaded.

    Raises:
        ConfigError: there is none of that name, or it does not know a parameter.
        MissingExtraError: what it imports is not installed.
    """
    found = info(name)
    if not found.installed:
        raise MissingExtraError(f"{name} back-ends", found.extra)
    module, _, attribute = found.target.partition(":")
    factory = getattr(import_module(module), attribute)
    try:
        return cast("Backend", factory(**parameters))
    except TypeError as error:
        raise ConfigError(f"the back-end {name!r} was given wrong parameters: {error}") from error


def captioner(name: str, parameters: Mapping[str, Any]) -> Captioner:
    """Build a captioner; errors as `create`."""
    info(name, Role.CAPTIONER)
    return cast("Captioner", create(name, parameters))


def mapper(name: str, parameters: Mapping[str, Any]) -> EmotionMapper:
    """Build an emotion mapper; errors as `create`."""
    info(name, Role.MAPPER)
    return cast("EmotionMapper", create(name, parameters))
