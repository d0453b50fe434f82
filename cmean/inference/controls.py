"""Controls: what a profile is worth when one thing that it builds on is taken away.

A control is a profile like any other, by the name of the one that it is made from and its own:
``embedded+constant-triple``, or ``embedded+shuffled-captions:7`` with a seed other than 0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cmean.config import BackendChoice, list_profile_names
from cmean.domain import CONSTANT, SHUFFLED, UNTOLD
from cmean.errors import ConfigError
from cmean.inference.default_profile import get_default_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.config import KindProfile, Profile, Settings

CONTROLS: Final[Mapping[str, str]] = {
    SHUFFLED: "each item has the captions of another",
    CONSTANT: "every caption has the same triple",
    UNTOLD: "captioners are told no titles",
}
"""The controls by name, and what each does."""

_GREY: Final = {"red": 128, "green": 128, "blue": 128}


def find_profile(settings: Settings, name: str | None = None) -> Profile:
    """The profile of that name (default: `default_profile`), which may be that of a control.

    Raises:
        ConfigError: there is none of that name, or it is not well formed.
    """
    name = name or get_default_name(settings)
    base, _, rest = name.rpartition("+")
    if not _is_control(settings, name):
        return settings.get_profile(name)
    control, _, seed = rest.partition(":")
    if seed and not (seed.isascii() and seed.isdigit()):
        raise ConfigError(f"the seed of a control is a whole number of at least 0, not {seed!r}")
    return make_control_profile(find_profile(settings, base), control, int(seed) if seed else None)


def find_base_name(settings: Settings, name: str) -> str:
    """The name of the profile that a control is made from; that of a profile is its own."""
    while _is_control(settings, name):
        name = name.rpartition("+")[0]
    return name


def _is_control(settings: Settings, name: str) -> bool:
    base, _, rest = name.rpartition("+")
    known = name in list_profile_names(settings.user_profiles)
    return bool(base) and rest.partition(":")[0] in CONTROLS and not known


def make_control_profile(profile: Profile, control: str, seed: int | None = None) -> Profile:
    """The profile of a control.

    Args:
        profile: what it is made from.
        control: a name of `CONTROLS`.
        seed: of the control that shuffles (default: 0).

    Raises:
        ConfigError: nothing is drawn by the control, or the profile has not what it takes away.
    """
    if seed is not None and control != SHUFFLED:
        raise ConfigError(f"the control {control} draws nothing: leave its seed out")
    if control == UNTOLD and not any(
        part.captioner.options.get("metadata") for part in profile.kinds.values()
    ):
        raise ConfigError(
            f"profile {profile.name!r} gives its captioners no metadata: nothing to remove"
        )
    changed = {kind: _changed(part, control, seed or 0) for kind, part in profile.kinds.items()}
    name = f"{profile.name}+{control}{f':{seed}' if seed else ''}"
    return replace(profile, name=name, description=CONTROLS[control], kinds=changed)


def _changed(part: KindProfile, control: str, seed: int) -> KindProfile:
    if control == CONSTANT:
        return replace(part, mapper=BackendChoice("constant", _GREY))
    if control == SHUFFLED:
        return replace(part, shuffle=seed)
    told = {name: value for name, value in part.captioner.options.items() if name != "metadata"}
    return replace(part, captioner=replace(part.captioner, options=told))
