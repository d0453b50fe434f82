"""Fetching weights from the hub: tensors and settings only, never code."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cmean.backends import hub, registry
from cmean.errors import ConfigError, MissingExtraError, WeightsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.domain import Role

_UNKNOWN = "unknown to cmean: see the repository"
_PICKLED = frozenset({"imagebind", "lp-musiccaps"})
"""Back-ends whose publishers offer pickled tensors only; they read them without running code."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be fetched, under which licence.

    `commercial` is whether it may be used commercially; True where cmean does not know. `pickled`
    is whether tensors may come as ``.pth``.
    """

    repository: str
    revision: str
    licence: str
    commercial: bool = True
    pickled: bool = False


def wanted(
    name: str,
    revision: str | None,
    chosen: Mapping[tuple[str, Role], Mapping[str, Any]],
) -> Wanted:
    """What a name stands for.

    Args:
        name: of a back-end, or a repository `organisation/name`.
        revision: of it; None: what the parameters say, else ``main``.
        chosen: parameters of back-ends, by name and role, that may name other weights.

    Raises:
        ConfigError: it is neither, or a back-end that needs no weights.
    """
    infos = [info for info in registry.known() if info.name == name]
    repository = name
    for info in infos:
        if info.model:
            parameters = chosen.get((info.name, info.role), {})
            repository = str(parameters.get("model", info.model))
            revision = revision or str(parameters.get("revision", "main"))
            break
    else:
        if infos:
            raise ConfigError(f"the back-end {name!r} needs no weights of its own")
        if name.count("/") != 1:
            registry.info(name)  # says which there are
    revision = revision or "main"
    published = [info for info in registry.known() if info.model == repository]
    known = published or [info for info in infos if info.model]
    if not published:
        return Wanted(repository, revision, _UNKNOWN, pickled=_pickled(known))
    by = published[0]
    return Wanted(repository, revision, by.licence, by.commercial, _pickled(known))


def _pickled(infos: list[Any]) -> bool:
    return any(info.name in _PICKLED for info in infos)


def fetch(wanted: Wanted) -> hub.Weights:
    """Download what is not here yet, with progress on standard error.

    Raises:
        WeightsError: it cannot be fetched, or has no safetensors; the message says why.
        MissingExtraError: the library that downloads is not installed.
    """
    try:
        from huggingface_hub import snapshot_download  # noqa: PLC0415 - of an extra
    except ImportError as error:
        raise MissingExtraError("models", "models") from error
    patterns = [*hub.PATTERNS, *(["*.pth"] if wanted.pickled else [])]
    try:
        snapshot_download(wanted.repository, revision=wanted.revision, allow_patterns=patterns)
    except Exception as error:  # the libraries below raise errors of their own
        raise WeightsError(_why(error, wanted)) from error
    found = hub.locate(wanted.repository, wanted.revision)
    kinds = [".safetensors", *([".pth"] if wanted.pickled else [])]
    if not any(path.suffix in kinds for path in found.folder.rglob("*")):
        raise WeightsError(
            f"{wanted.repository} has no safetensors at revision {wanted.revision}: "
            "name another revision or repository"
        )
    return found


def _why(error: Exception, wanted: Wanted) -> str:
    """What went wrong, and what to do, in one line."""
    from huggingface_hub import constants, errors  # noqa: PLC0415 - of an extra

    name, where = wanted.repository, constants.ENDPOINT
    known = {
        errors.GatedRepoError: f"{name} is gated: accept its terms on its page, then set HF_TOKEN",
        errors.RepositoryNotFoundError: f"{where} has no {name}, or it needs an HF_TOKEN",
        errors.RevisionNotFoundError: f"{name} has no revision {wanted.revision!r}",
        errors.HFValidationError: f"{name!r} is neither a back-end nor an organisation/name",
    }
    for kind, said in known.items():  # the narrower kind comes first
        if isinstance(error, kind):
            return said
    if constants.HF_HUB_OFFLINE:
        return f"{name} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it: unset it"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"no space is left in {constants.HF_HUB_CACHE}: make room, or set HF_HOME elsewhere"
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return f"{name} cannot be fetched from {where}, try again: {line}"[:500]
