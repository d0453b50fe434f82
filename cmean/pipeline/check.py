"""A back-end tried out as a profile would use it: its parameters, its prompts."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from cmean.backends import check, registry
from cmean.domain import POSITION_NAMES, WHOLE, Kind, Role
from cmean.stages.prompting import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmean.backends.info import BackendInfo
    from cmean.config import Profile
    from cmean.domain import Prompt


def run(info: BackendInfo, profile: Profile) -> Iterator[check.Check]:
    """Try a back-end out with the profile's parameters, or, if it does not use it, its defaults."""
    return check.run(info, parameters(info, profile), _prompts(info))


def parameters(info: BackendInfo, profile: Profile) -> dict[str, Any]:
    """What a profile gives a back-end, completed; the first kind that uses it counts."""
    found: dict[str, Any] = {}
    for part in profile.kinds.values():
        choice = {Role.CAPTIONER: part.captioner, Role.MAPPER: part.mapper}.get(info.role)
        if choice is not None and choice.backend == info.name:
            found = dict(choice.parameters)
            break
    return registry.complete(info, found)


def _prompts(info: BackendInfo) -> dict[Kind, Prompt | None]:
    return {kind: _prompt(info, kind) for kind in info.kinds}


def _prompt(info: BackendInfo, kind: Kind) -> Prompt | None:
    """What a captioner is asked of a whole item, nothing being known about it."""
    if not info.prompt or info.role is not Role.CAPTIONER:
        return None
    name = info.prompt.format(kind=kind.value)
    template = files("cmean.stages").joinpath("prompts", f"{name}.txt").read_text("utf-8")
    facts = {
        "whole": True,
        "window": None,
        "part": POSITION_NAMES[kind][WHOLE],
        "title": None,
        "creator": None,
        "seconds": 1.0,
        "kind": kind.value,
    }
    return render(template, facts)
