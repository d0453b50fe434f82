"""The table of back-ends: what each is for and where it lies. Importing it loads none of them.

A package of others adds its own through the entry point group ``cmean.backends``: each entry names
a `BackendInfo`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, cast

from cmean.backends.info import BackendInfo
from cmean.backends.table import BACKENDS, STEPS
from cmean.domain import Role
from cmean.errors import ConfigError, MissingExtraError
from cmean.parameter_types import check_arguments, describe_wrong_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.domain import Kind
    from cmean.protocols import Backend, Captioner, Embedder, EmotionMapper, LanguageModel

__all__ = [
    "BACKENDS",
    "BackendInfo",
    "create_backend",
    "create_captioner",
    "create_embedder",
    "create_mapper",
    "get_info",
    "list_backends",
    "list_broken_plugins",
]


@cache
def list_backends() -> tuple[BackendInfo, ...]:
    """List every back-end, cmean's own first. A name may stand for one of each role."""
    mine = {(info.name, info.role) for info in BACKENDS}
    others = [info for info in _list_plugins() if (info.name, info.role) not in mine]
    return (*BACKENDS, *others)


def _list_plugins() -> list[BackendInfo]:
    """List back-ends that other packages add. One that cannot be imported is left out."""
    return [loaded for loaded in _load_plugins().values() if isinstance(loaded, BackendInfo)]


def list_broken_plugins() -> dict[str, str]:
    """List the back-ends of other packages that cannot be imported: name → why."""
    broken = _load_plugins().items()
    return {name: str(error) for name, error in broken if isinstance(error, Exception)}


@cache
def _load_plugins() -> dict[str, BackendInfo | Exception]:
    loaded: dict[str, BackendInfo | Exception] = {}
    for entry in entry_points(group="cmean.backends"):
        try:
            loaded[entry.name] = cast("BackendInfo", entry.load())
        except Exception as error:  # noqa: BLE001 - the module of another package may raise anything
            line = " ".join(str(error).split())
            loaded[entry.name] = ImportError(f"{entry.value}: {type(error).__name__}: {line}")
    return loaded


def get_info(name: str, role: Role | None = None, kind: Kind | None = None) -> BackendInfo:
    """Return the back-end of that name, and role where the name has several.

    Raises:
        ConfigError: there is none, or it is not of that role or for that kind.
    """
    named = [info for info in (*list_backends(), *STEPS) if info.name == name]
    if not named:
        if (why := list_broken_plugins().get(name)) is not None:
            raise ConfigError(f"the back-end {name!r} cannot be imported from {why}")
        names = ", ".join(dict.fromkeys(info.name for info in list_backends()))
        raise ConfigError(f"there is no back-end {name!r}; there are: {names}")
    fitting = [info for info in named if role in {None, info.role}]
    if not fitting:
        have, want = named[0].role.value, role.value if role else ""
        raise ConfigError(f"the back-end {name!r} is a {have}, not a {want}")
    if kind is not None and kind not in fitting[0].kinds:
        raise ConfigError(f"the back-end {name!r} does not take {kind.value}s")
    return fitting[0]


def complete_parameters(found: BackendInfo, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Add the repository of the back-end's weights to parameters that name none."""
    return ({"model": found.model} if found.model else {}) | dict(parameters)


def create_backend(name: str, role: Role, parameters: Mapping[str, Any]) -> Backend:
    """Build a back-end, not yet loaded.

    Raises:
        ConfigError: there is none of that name and role, or it does not know a parameter.
        MissingExtraError: what it imports is not installed.
    """
    found = get_info(name, role)
    if not found.installed:
        raise MissingExtraError(f"back-ends like {name}", found.extra)
    module, _, attribute = found.target.partition(":")
    factory = getattr(import_module(module), attribute)
    # no parameter of a recipe: the name of the back-end says it
    fixed = {"architectures": found.architectures} if found.architectures else {}
    given = complete_parameters(found, parameters)
    try:
        check_arguments(factory, given)
        return cast("Backend", factory(**given, **fixed))
    except TypeError as error:
        raise ConfigError(f"the back-end {name!r} {describe_wrong_arguments(error)}") from error


def create_captioner(name: str, parameters: Mapping[str, Any]) -> Captioner:
    """Build a captioner; errors as `create_backend`."""
    return cast("Captioner", create_backend(name, Role.CAPTIONER, parameters))


def create_mapper(name: str, parameters: Mapping[str, Any]) -> EmotionMapper | LanguageModel:
    """Build an emotion mapper or a language model; errors as `create_backend`."""
    return cast("EmotionMapper | LanguageModel", create_backend(name, Role.MAPPER, parameters))


def create_embedder(name: str, parameters: Mapping[str, Any]) -> Embedder:
    """Build an embedder; errors as `create_backend`."""
    return cast("Embedder", create_backend(name, Role.EMBEDDER, parameters))
