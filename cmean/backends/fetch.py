"""Fetching weights: tensors and settings only, never code, and no pickles but by name."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from cmean.backends import hub, registry
from cmean.backends.pinned_commits import choose_revision
from cmean.config import load_settings
from cmean.errors import ConfigError, MissingExtraError, WeightsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.backends.info import BackendInfo
    from cmean.domain import Role

_CHUNK = 1 << 20
_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class WeightsToFetch:
    """What is to be fetched, under which licence.

    Args:
        model: a repository, or, with `parts`, the folder that they are put into.
        revision: of the repository.
        licence: as its publisher states it.
        commercial: whether it may be used commercially; True where cmean does not know.
        parts: places, each a repository or an address, and the file that is taken from it: for
            models that no repository holds as a whole.
    """

    model: str
    revision: str = "main"
    licence: str = "unknown to cmean: see its page"
    commercial: bool = True
    parts: tuple[tuple[str, str], ...] = ()


def find_weights_to_fetch(
    name: str,
    revision: str | None,
    chosen: Mapping[tuple[str, Role], Mapping[str, Any]],
) -> WeightsToFetch:
    """Find the weights that a name stands for.

    Args:
        name: of a back-end, or a repository `organisation/name`.
        revision: of it; None: what the parameters say, else as `choose_revision` does.
        chosen: parameters of back-ends, by name and role, that may name other weights.

    Raises:
        ConfigError: it is neither, or a back-end that needs no weights.
    """
    named = [info for info in registry.list_backends() if info.name == name]
    fitting = [
        info for info in registry.list_backends() if info.model and name in {info.name, info.model}
    ]
    if not fitting:
        if any(info.packages for info in named):
            raise ConfigError(f"the weights of {name!r} are no repository's; run: cmean setup")
        if named:
            raise ConfigError(f"the back-end {name!r} needs no weights of its own")
        if name.count("/") != 1:
            registry.get_info(name)  # says which there are
        return WeightsToFetch(name, choose_revision(name, revision or ""))
    info = fitting[0]
    parameters = chosen.get((info.name, info.role), {}) if named else {}
    model = str(parameters.get("model", info.model))
    revision = choose_revision(model, revision or str(parameters.get("revision", "")))
    parts = _list_parts(info)
    if parts or model == info.model:
        return WeightsToFetch(model, revision, info.licence, info.commercial, parts)
    return WeightsToFetch(model, revision)


def _list_parts(info: BackendInfo) -> tuple[tuple[str, str], ...]:
    """List the files that the back-end's module names, if it does."""
    if not info.installed:
        raise MissingExtraError(f"back-ends like {info.name}", info.extra)
    module = import_module(info.target.partition(":")[0])
    return tuple(getattr(module, "FILES_TO_FETCH", ()))


def fetch_weights(wanted: WeightsToFetch) -> hub.Checkpoint:
    """Download what is not here yet, with progress on standard error.

    Raises:
        WeightsError: it cannot be fetched, or has no safetensors; the message says why.
        ConfigError: parts are to be put together, and CMEAN_MODEL_DIR does not say where.
        MissingExtraError: the library that downloads is not installed.
    """
    try:
        import huggingface_hub  # noqa: F401, PLC0415 - of an extra
    except ImportError as error:
        raise MissingExtraError("models", "models") from error
    if (own := hub.find_local_folder(wanted.model)) is not None:
        return own  # it goes before whatever could be fetched
    if wanted.parts:
        return _fetch_parts(wanted)
    try:
        _download_snapshot(wanted)
    except Exception as error:  # the libraries below raise errors of their own
        raise WeightsError(_explain_failure(error, wanted.model, wanted.revision)) from error
    found = hub.locate_checkpoint(wanted.model, wanted.revision)
    patterns = ("*.safetensors", *hub.PICKLE_PATTERNS)
    if not any(path for pattern in patterns for path in found.folder.rglob(pattern)):
        raise WeightsError(
            f"{wanted.model} has neither safetensors nor pytorch_model.bin at revision "
            f"{wanted.revision}: name another revision or repository"
        )
    return found


def _download_snapshot(wanted: WeightsToFetch) -> None:
    """Download tensors and settings of a repository; its pickles only where it has no others."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - of an extra

    for patterns in (hub.PATTERNS, hub.PICKLE_PATTERNS):
        folder = snapshot_download(
            wanted.model, revision=wanted.revision, allow_patterns=list(patterns)
        )
        if any(Path(folder).rglob("*.safetensors")):
            break


def _fetch_parts(wanted: WeightsToFetch) -> hub.Checkpoint:
    """Put a model together in the folder of local checkpoints."""
    from huggingface_hub import hf_hub_download  # noqa: PLC0415 - of an extra

    inside = load_settings().model_dir
    if inside is None:
        raise ConfigError(
            f"set CMEAN_MODEL_DIR: the parts of {wanted.model} are put together there"
        )
    folder = inside / wanted.model
    # under another name until it is complete, so that a part is never used as the model
    unfinished = folder.with_name(f"{folder.name}.part")
    unfinished.mkdir(parents=True, exist_ok=True)
    for place, file in wanted.parts:
        try:
            if "://" in place:
                _download(f"{place}/{file}", unfinished / file)
            else:
                hf_hub_download(place, file, local_dir=unfinished)
        except Exception as error:  # as above
            raise WeightsError(_explain_failure(error, place, "main")) from error
    unfinished.rename(folder)
    return hub.locate_checkpoint(wanted.model)


def _download(address: str, path: Path) -> None:
    """Download a file unless it is here, going on with what an earlier attempt left."""
    from huggingface_hub import constants  # noqa: PLC0415 - of an extra
    from tqdm.auto import tqdm  # type: ignore[import-untyped]  # noqa: PLC0415 - of an extra

    if path.is_file():
        return
    if constants.HF_HUB_OFFLINE:
        raise WeightsError(address)
    begun = path.with_name(f"{path.name}.part")
    here = begun.stat().st_size if begun.is_file() else 0
    request = Request(address, headers={"Range": f"bytes={here}-"} if here else {})  # noqa: S310 - named by a back-end
    with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - as above
        if answer.status != HTTPStatus.PARTIAL_CONTENT:
            here = 0
        size = here + int(answer.headers["Content-Length"])
        with (
            begun.open("ab" if here else "wb") as target,
            tqdm(total=size, initial=here, unit="B", unit_scale=True, desc=path.name) as bar,
        ):
            while chunk := answer.read(_CHUNK):
                target.write(chunk)
                bar.update(len(chunk))
    if begun.stat().st_size != size:
        raise WeightsError(f"the connection ended after {begun.stat().st_size:,} of {size:,} bytes")
    begun.rename(path)


def _explain_failure(error: Exception, name: str, revision: str) -> str:
    """Explain in one line what went wrong, and what to do."""
    from huggingface_hub import constants, errors  # noqa: PLC0415 - of an extra

    where = constants.ENDPOINT
    known = {
        errors.GatedRepoError: f"{name} is gated: accept its terms on its page, then set HF_TOKEN",
        errors.RepositoryNotFoundError: f"{where} has no {name}, or it needs an HF_TOKEN",
        errors.RevisionNotFoundError: (
            f"{name} has no revision {revision!r}: name another with --revision"
        ),
        errors.HFValidationError: f"{name!r} is neither a back-end nor an organisation/name",
    }
    for kind, hint in known.items():  # the narrower kind comes first
        if isinstance(error, kind):
            return hint
    if constants.HF_HUB_OFFLINE:
        return f"{name} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it: unset it"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return (
            "no space is left on the disk: make room, or set HF_HOME or CMEAN_MODEL_DIR elsewhere"
        )
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    source = "" if "://" in name else f" from {where}"
    return f"{name} cannot be fetched{source}, try again: {line}"[:500]
