"""Checks a back-end with the parameters and prompts that a profile gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.backends import check, registry
from cmean.domain import POSITION_NAMES, WHOLE, Kind, Role
from cmean.inference.prompt_files import read_template
from cmean.inference.prompting import render_prompt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmean.backends.info import BackendInfo
    from cmean.config import BackendChoice, Profile
    from cmean.domain import Prompt


def check_profile_backend(info: BackendInfo, profile: Profile) -> Iterator[check.BackendCheck]:
    """Check a back-end with the profile's parameters or, if it is not used there, its defaults.

    Raises:
        ConfigError: a prompt template cannot be read.
    """
    prompts = {kind: _render_check_prompt(info, profile, kind) for kind in info.kinds}
    return check.check_backend(info, find_parameters(info, profile), prompts)


def find_parameters(info: BackendInfo, profile: Profile) -> dict[str, Any]:
    """Find the parameters that a profile gives a back-end first, completed by its defaults."""
    choices = [choice for kind in Kind for choice in _list_choices(info, profile, kind)]
    return registry.complete_parameters(info, choices[0].parameters if choices else {})


def _list_choices(info: BackendInfo, profile: Profile, kind: Kind) -> list[BackendChoice]:
    """List the places where a profile uses a back-end for a kind of item."""
    part = profile.kinds[kind]
    of_role = {
        Role.CAPTIONER: (part.captioner,),
        Role.MAPPER: (part.mapper, part.merger),
        Role.EMBEDDER: profile.embedders,
    }[info.role]
    return [choice for choice in of_role if choice is not None and choice.backend == info.name]


def _render_check_prompt(info: BackendInfo, profile: Profile, kind: Kind) -> Prompt | None:
    """Render a captioner's prompt for a whole item without metadata."""
    if not info.prompt or info.role is not Role.CAPTIONER:
        return None
    own = [choice.prompt for choice in _list_choices(info, profile, kind) if choice.prompt]
    facts: dict[str, object] = {
        "whole": True,
        "window": None,
        "part": POSITION_NAMES[kind][WHOLE],
        "title": None,
        "creator": None,
        "metadata": {},
        "seconds": 1.0,
        "kind": kind.value,
    }
    usual = info.prompt.format(kind=kind.value)
    return render_prompt(read_template(own[0] if own else usual), facts)
