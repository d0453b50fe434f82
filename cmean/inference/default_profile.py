"""The profile that is used where neither a command nor a setting names one.

It is that of the small learned models where all their weights are on this machine, else the one
that needs no weights. What is said of that is a line for people, since results of one profile are
not seen by a command that works with the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmean.backends import registry
from cmean.catalog import recipes as recipe_rows
from cmean.domain import Role
from cmean.weights import store
from cmean.weights.packages import find_package
from cmean.weights.store import PackageState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmean.backends.info import BackendInfo
    from cmean.catalog.engine import Catalog
    from cmean.config import Profile, Settings
    from cmean.weights.packages import WeightPackage

LEARNED: Final = "learned"
"""The profile of the small learned models."""

EMBEDDED: Final = "embedded"
"""The profile that needs no weights."""


def get_default_name(settings: Settings) -> str:
    """Return the name of the profile that is used where a command names none.

    Only manifests and sizes of weights are looked at, no contents.

    Raises:
        ConfigError: the profile of the learned models is not well formed.
    """
    if settings.profile:
        return settings.profile
    return EMBEDDED if _find_missing_packages(settings) else LEARNED


def explain_fallback(settings: Settings) -> str | None:
    """Explain why the profile without weights is the default here; None where it is not."""
    missing = [] if settings.profile else _find_missing_packages(settings)
    if not missing:
        return None
    damaged = [
        package.title for package in missing if store.find_state(package) is PackageState.DAMAGED
    ]
    if damaged:
        return (
            f"profile {EMBEDDED} is used, for the weights of {' and '.join(damaged)} are damaged; "
            "run: cmean setup"
        )
    return f"profile {EMBEDDED} is used; for better captions by small learned models: cmean setup"


def explain_change(settings: Settings, catalog: Catalog) -> str | None:
    """Explain that a catalog has results of the profile without weights only; None if it has not.

    Args:
        settings: the settings; one that names a profile needs no explanation.
        catalog: an open catalog.
    """
    if settings.profile or get_default_name(settings) != LEARNED:
        return None
    with catalog.read() as connection:
        known = recipe_rows.read_backend_names(connection)
    new, old = (
        {info.name for info in _list_backends(settings.get_profile(name))}
        for name in (LEARNED, EMBEDDED)
    )
    if known & (new - old) or not known & (old - new):
        return None
    return (
        f"this catalog has results of profile {EMBEDDED}, and none yet of {LEARNED}, which is the "
        "default now that its weights are here; cmean run makes them, and "
        f"CMEAN_PROFILE={EMBEDDED} keeps to what is there"
    )


def _find_missing_packages(settings: Settings) -> list[WeightPackage]:
    """Find the weight packages of the learned models that are absent or damaged."""
    infos = _list_backends(settings.get_profile(LEARNED))
    names = dict.fromkeys(name for info in infos for name in info.packages)
    packages = map(find_package, names)
    return [
        package for package in packages if store.find_state(package) is not PackageState.PRESENT
    ]


def _list_backends(profile: Profile) -> Iterator[BackendInfo]:
    """List the back-ends of a profile."""
    for kind, part in profile.kinds.items():
        yield registry.get_info(part.captioner.backend, Role.CAPTIONER, kind)
        yield registry.get_info(part.mapper.backend, Role.MAPPER, kind)
        if part.merger is not None:
            yield registry.get_info(part.merger.backend, Role.MAPPER, kind)
    for choice in profile.embedders:
        yield registry.get_info(choice.backend, Role.EMBEDDER)
