"""Names of profiles: a base, and the controls that were made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cmean.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection

SHUFFLED, CONSTANT, UNTOLD = "shuffled-captions", "constant-triple", "no-metadata"
CONTROLS = (SHUFFLED, CONSTANT, UNTOLD)
"""The controls of a profile: each removes one cause of its results."""


@dataclass(frozen=True, slots=True)
class Control:
    """A control of a profile: a name of `CONTROLS`, and the seed of one that draws (None: 0)."""

    name: str
    seed: int | None = None

    def __str__(self) -> str:
        return f"+{self.name}:{self.seed}" if self.seed else f"+{self.name}"


@dataclass(frozen=True, slots=True)
class ProfileName:
    """The name of a profile and its controls, stored as e.g. ``embedded+shuffled-captions:7``."""

    base: str
    controls: tuple[Control, ...] = ()

    def __str__(self) -> str:
        return self.base + "".join(map(str, self.controls))

    @classmethod
    def parse(cls, text: str, known: Collection[str] = ()) -> ProfileName:
        """Parse a stored name; one of `known` is a base, whatever it looks like.

        Raises:
            ConfigError: the seed of a control is no number.
        """
        base, controls = text, []
        while base not in known:
            rest, _, last = base.rpartition("+")
            name, _, seed = last.partition(":")
            if not rest or name not in CONTROLS:
                break
            if seed and not (seed.isascii() and seed.isdigit()):
                raise ConfigError(
                    f"the seed of a control is a whole number of at least 0, not {seed!r}"
                )
            controls.append(Control(name, int(seed) if seed else None))
            base = rest
        return cls(base, tuple(reversed(controls)))


def is_control(profile: str) -> bool:
    """Tell whether a profile of that name is a control of another."""
    return bool(ProfileName.parse(profile).controls)
