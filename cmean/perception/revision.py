"""The revision of a back-end that a network from a package and fitted tables make up."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

from cmean.perception.linear_heads import FARTHEST
from cmean.perception.mood_sentence import LADDER, WORDS
from cmean.util.hashing import hash_parts
from cmean.weights import packages, store

if TYPE_CHECKING:
    from collections.abc import Sequence


def digest_revision(
    package: str, code: str, tables: Sequence[str], constants: Sequence[object]
) -> str:
    """Compute the first 12 hex digits of the SHA-256 of all that a result depends on.

    Args:
        package: with the weights; pinned by its digest.
        code: a version of the code that uses them.
        tables: files of this package that were fitted or judged.
        constants: thresholds, words and whatever else stands in the code as data; their `repr` must
            be the same in every process.

    Raises:
        WeightsError: the weights are not on this machine.
    """
    store.locate_package(package)
    found = packages.find_package(package)
    facts = (
        f"{found.sha256} {found.revision} {code} {LADDER} {WORDS} {FARTHEST} {_render(constants)}"
    )
    contents = [files(__package__).joinpath(table).read_bytes() for table in tables]
    return hash_parts([facts, *contents])[:12]


_FIRST_NAMES: Final = {
    "NamedFamily": "Named",
    "TagPhrase": "Sign",
    "MeasurePhrase": "Quality",
    "WordStep": "Step",
    "NotableChange": "Change",
}
"""Classes that were renamed since the first revisions were computed."""


def _render(constants: Sequence[object]) -> str:
    """Render the constants as text, in which each class has its first name.

    A revision is part of a recipe's digest: renaming a class must not make new work of all results.
    """
    text = repr(constants)
    for name, first in _FIRST_NAMES.items():
        text = text.replace(f"{name}(", f"{first}(")
    return text
