"""What an evaluation lacks, and the command that makes it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from cmean.config import list_profile_names
from cmean.errors import ConfigError
from cmean.evaluation.measures.embedding_similarity import CAPTIONS, PAIRS
from cmean.inference import controls
from cmean.pairing import versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cmean.catalog.engine import Connection
    from cmean.config import Profile, Settings

_EMBEDDERS: Final = {number: name for number, (_, name) in CAPTIONS.items()} | dict([PAIRS])
"""Whose embeddings each table needs."""

_CALLED: Final = {"clap": "CLAP", "clip": "CLIP", "imagebind": "ImageBind"}


def line(
    connection: Connection,
    settings: Settings,
    pairing: Mapping[str, Any],
    found: Mapping[str, Any],
) -> str | None:
    """A line on the tables that lack their embeddings, and how to make them; None: none does.

    Args:
        connection: an open transaction.
        settings: whose profiles there are.
        pairing: its row.
        found: the tables of its evaluation, by number.
    """
    lacking = [number for number in _EMBEDDERS if not found.get(number)]
    if not lacking:
        return None
    embedders = [_EMBEDDERS[number] for number in lacking]
    need = (
        f"Table{'s' if lacking[1:] else ''} {_listed(lacking)} need{'' if lacking[1:] else 's'} "
        f"embeddings by {_listed([_CALLED[name] for name in embedders])}"
    )
    if versions.is_published(connection, pairing):
        return f"{need}; the items of published results have no media, so nothing can be embedded"
    name = _profile_with(embedders, settings, pairing["profile"])
    if name is not None:
        return f"{need}: cmean run --profile {name} --stage embed"
    base = controls.base_of(settings, pairing["profile"])
    return (
        f"{need}, which profile {base!r} has not: add them as embedders in a [profiles.NAME] that "
        "extends it (docs/back-ends.md), then: cmean run --profile NAME --stage embed"
    )


def _profile_with(embedders: Sequence[str], settings: Settings, profile: str) -> str | None:
    """The first profile, beginning with the pairing's own, that embeds the same captions by all."""
    base = controls.base_of(settings, profile)
    control = profile.removeprefix(base)
    with suppress(ConfigError):  # the profile may be gone since
        captions = _captions(controls.find(settings, profile))
        for name in (base, *list_profile_names(settings.user_profiles)):
            with suppress(ConfigError):
                other = controls.find(settings, name + control)
                has = {choice.backend for choice in other.embedders}
                if has.issuperset(embedders) and _captions(other) == captions:
                    return other.name
    return None


def _captions(profile: Profile) -> dict[str, tuple[object, ...]]:
    """What determines the captions of each kind."""
    return {
        kind: (part.preprocessing, part.captioner, part.merger, part.shuffle)
        for kind, part in profile.kinds.items()
    }


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if words[1:] else words[0]
