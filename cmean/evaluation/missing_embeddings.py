"""Tables that could not be measured for want of embeddings, and the command that makes these."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cmean.catalog import pairings
from cmean.config import list_profile_names
from cmean.domain import Kind
from cmean.errors import ConfigError
from cmean.evaluation.measures.embedding_similarity import CAPTION_EMBEDDERS, PAIR_EMBEDDER
from cmean.inference import controls
from cmean.pairing import versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.catalog.engine import Catalog
    from cmean.config import Profile, Settings
    from cmean.evaluation.documents.evaluation import EvaluationDocument

_EMBEDDERS: Final = {
    "III": CAPTION_EMBEDDERS[Kind.TRACK],
    "IV": CAPTION_EMBEDDERS[Kind.ARTWORK],
    "VI": PAIR_EMBEDDER,
}
"""The back-end whose embeddings each table needs."""

_PRODUCT_NAMES: Final = {"clap": "CLAP", "clip": "CLIP", "imagebind": "ImageBind"}


def describe_missing_embeddings(
    catalog: Catalog, settings: Settings, document: EvaluationDocument
) -> str | None:
    """Say which tables lack embeddings, and how to make them; None: no table does.

    Args:
        catalog: an open catalog.
        settings: whose profiles there are.
        document: the evaluation.
    """
    tables = document.tables.embedding_similarity
    missing = [number for number, rows in tables.items() if not rows]
    if not missing:
        return None
    embedders = [_EMBEDDERS[number] for number in missing]
    need = (
        f"{'Tables' if missing[1:] else 'Table'} {_join_words(missing)} "
        f"{'need' if missing[1:] else 'needs'} "
        f"embeddings by {_join_words([_PRODUCT_NAMES[name] for name in embedders])}"
    )
    with catalog.read() as connection:
        pairing = pairings.read_pairing(connection, document.pairing)
        published = versions.is_published(connection, pairing)
    if published:
        return f"{need}; the items of published results have no media, so nothing can be embedded"
    name = _find_profile(embedders, settings, document.profile)
    if name is not None:
        return f"{need}: cmean run --profile {name} --stage embed"
    base = controls.parse_profile_name(settings, document.profile).base
    return (
        f"{need}, which profile {base!r} does not have: add them as embedders in a "
        "[profiles.NAME] that extends it (docs/back-ends.md), then: "
        "cmean run --profile NAME --stage embed"
    )


def _find_profile(embedders: Sequence[str], settings: Settings, profile: str) -> str | None:
    """Find a profile that embeds the same captions by all embedders, the pairing's own first."""
    parsed = controls.parse_profile_name(settings, profile)
    with suppress(ConfigError):  # the profile may be gone since
        captions = _list_caption_settings(controls.find_profile(settings, profile))
        for name in (parsed.base, *list_profile_names(settings.user_profiles)):
            with suppress(ConfigError):
                other = controls.find_profile(settings, str(replace(parsed, base=name)))
                has = {choice.backend for choice in other.embedders}
                if has.issuperset(embedders) and _list_caption_settings(other) == captions:
                    return other.name
    return None


def _list_caption_settings(profile: Profile) -> dict[str, tuple[object, ...]]:
    """List what determines the captions of each kind."""
    return {
        kind: (part.preprocessing, part.captioner, part.merger, part.shuffle)
        for kind, part in profile.kinds.items()
    }


def _join_words(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if words[1:] else words[0]
