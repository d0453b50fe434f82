"""Controls: profiles from which one cause of the results is removed.

They show how much that cause contributes. A control is a profile like any other; its name is that
of the profile that it is made from and its own: ``embedded+constant-triple``, or
``embedded+shuffled-captions:7`` with a seed other than 0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cmean.config import BackendChoice, list_profile_names
from cmean.errors import ConfigError
from cmean.inference.default_profile import get_default_name
from cmean.profile_names import CONSTANT, SHUFFLED, UNTOLD, Control, ProfileName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.config import KindProfile, Profile, Settings

DESCRIPTIONS: Final[Mapping[str, str]] = {
    SHUFFLED: "each item has the captions of another",
    CONSTANT: "every caption has the same triple",
    UNTOLD: "captioners get no metadata",
}
"""The controls by name, and what each does."""

_GREY: Final = {"red": 128, "green": 128, "blue": 128}


def find_profile(settings: Settings, name: str | None = None) -> Profile:
    """Find the profile of a name (default: `get_default_name`), which may be that of a control.

    Raises:
        ConfigError: there is none of that name, or it is not well formed.
    """
    parsed = parse_profile_name(settings, name or get_default_name(settings))
    profile = settings.get_profile(parsed.base)
    for control in parsed.controls:
        profile = make_control_profile(profile, control.name, control.seed)
    return profile


def parse_profile_name(settings: Settings, name: str) -> ProfileName:
    """Parse the name of a profile; a user's own profile may be called like a control."""
    return ProfileName.parse(name, list_profile_names(settings.user_profiles))


def make_control_profile(profile: Profile, control: str, seed: int | None = None) -> Profile:
    """Make the profile of a control.

    Args:
        profile: what it is made from.
        control: a name of `profile_names.CONTROLS`.
        seed: of the control that shuffles (default: 0).

    Raises:
        ConfigError: the control takes no seed, or the profile does not have what it removes.
    """
    if seed is not None and control != SHUFFLED:
        raise ConfigError(f"the control {control} draws nothing: leave its seed out")
    if control == UNTOLD and not any(
        part.captioner.options.get("metadata") for part in profile.kinds.values()
    ):
        raise ConfigError(
            f"profile {profile.name!r} gives its captioners no metadata: nothing to remove"
        )
    applied = Control(control, seed or None)
    return replace(
        profile,
        name=f"{profile.name}{applied}",
        description=DESCRIPTIONS[control],
        kinds={kind: _apply(applied, part) for kind, part in profile.kinds.items()},
        controls=(*profile.controls, applied),
    )


def _apply(control: Control, part: KindProfile) -> KindProfile:
    """Change how one kind of item is processed."""
    if control.name == CONSTANT:
        return replace(part, mapper=BackendChoice("constant", _GREY))
    if control.name == SHUFFLED:
        return replace(part, shuffle=control.seed or 0)
    kept = {name: value for name, value in part.captioner.options.items() if name != "metadata"}
    return replace(part, captioner=replace(part.captioner, options=kept))
