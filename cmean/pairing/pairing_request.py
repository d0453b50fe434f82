"""The request of a pairing, as it is stored with its job."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from cmean.catalog.pairing_rows import PairingChoices

if TYPE_CHECKING:
    from collections.abc import Mapping

_ONLY_IF_GIVEN: Final = frozenset(
    ("track_embedding_recipe_id", "artwork_embedding_recipe_id", "seed", "as_of")
)
"""Fields that stand in the JSON document only where they have a value."""

_LATER_FIELDS: Final[Mapping[str, Any]] = {
    "space": "emotion",
    "calibrate": "none",
    "min_similarity": None,
}
"""Fields that requests of earlier versions lack, and the values that these imply. They are no part
of a digest while they have these values, so that digests of earlier versions stay valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingRequest(PairingChoices):
    """A pairing to be made.

    Attributes:
        extends: the pairing whose pairs are kept; None: everything is paired anew.
        seed: of the method random; None: the method draws nothing.
        as_of: the id of a pairing: only what was there when that was made is paired.
    """

    extends: int | None = None
    seed: int | None = None
    as_of: int | None = None

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> PairingRequest:
        """Read a stored request; fields that it lacks have their defaults.

        Raises:
            TypeError: a field is unknown, or one without default is missing.
        """
        return cls(**document)

    def as_json(self) -> dict[str, Any]:
        """Convert the request to the JSON that is stored."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value
            for name, value in values.items()
            if value is not None or name not in _ONLY_IF_GIVEN
        }

    def as_digest_fields(self) -> dict[str, Any]:
        """Return the fields that enter digests: `as_json` without later ones at their defaults."""
        return {
            name: value
            for name, value in self.as_json().items()
            if name not in _LATER_FIELDS or value != _LATER_FIELDS[name]
        }
