"""Where weights lie: in the folder of local checkpoints, or in Hugging Face's cache.

Nothing here loads a model, and nothing but `fetch` uses the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cmean.backends.pinned_commits import choose_revision
from cmean.config import load_settings
from cmean.errors import MissingExtraError, WeightsError
from cmean.util.hashing import hash_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PATTERNS = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")
"""The files of a repository that are fetched: tensors and settings, no pickles and no code."""

PICKLE_PATTERNS = ("pytorch_model*.bin",)
"""Files of tensors that are fetched where a repository has no others; only tensors are read."""

_SAMPLES = 16
_SAMPLE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint on this machine: its folder, and what distinguishes it from others.

    `revision` is the commit of a repository, or a fingerprint of a local folder's files.
    """

    folder: Path
    revision: str


def locate_checkpoint(model: str, revision: str = "") -> Checkpoint:
    """Locate the checkpoint of that name.

    Args:
        model: a folder, or a repository `organisation/name`: looked for in CMEAN_MODEL_DIR under
            both parts and under the last, then in Hugging Face's cache.
        revision: a commit, branch or tag of the repository; empty: as `choose_revision` does. A
            local folder has but one.

    Raises:
        WeightsError: it is not on this machine.
        MissingExtraError: the library that reads the cache is not installed.
    """
    if (found := find_local_folder(model)) is not None:
        return found
    try:
        from huggingface_hub import snapshot_download  # noqa: PLC0415 - of an extra
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("models", "models") from error
    try:
        # with what is fetched, since the whole of a repository never is
        folder = Path(
            snapshot_download(
                model,
                revision=choose_revision(model, revision),
                local_files_only=True,
                allow_patterns=list(PATTERNS),
            )
        )
    except (LocalEntryNotFoundError, HFValidationError, OSError) as error:
        raise WeightsError(
            f"the weights of {model} are not on this machine; fetch them: "
            f"cmean backends --fetch {model}, or put them into CMEAN_MODEL_DIR/{model}"
        ) from error
    return Checkpoint(folder, folder.name)


def find_local_folder(model: str) -> Checkpoint | None:
    """Find a folder of the user's by that name."""
    for folder in _describe_local_folder(model):
        if folder.is_dir():
            return Checkpoint(folder, _compute_fingerprint(folder))
    return None


def _describe_local_folder(model: str) -> Sequence[Path]:
    inside = load_settings().model_dir
    named = [] if inside is None else [inside / model, inside / Path(model).name]
    return [*named, Path(model)]


def _compute_fingerprint(folder: Path) -> str:
    """Compute 16 hex digits over the names, sizes and contents of a folder's files.

    Of a large file, parts evenly spaced over all of it are read: training changes every tensor, so
    two checkpoints that differ, differ there.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file())
    states = ((path, path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    return _digest(tuple(states))


@cache
def _digest(files: tuple[tuple[Path, int, int], ...]) -> str:
    return hash_parts(part for path, size, _ in files for part in _sample_file(path, size))[:16]


def _sample_file(path: Path, size: int) -> Iterator[bytes | str]:
    """Yield the name and size of a file, then parts evenly spaced over all of it."""
    yield f"{path.name}\0{size}\0"
    step = max(_SAMPLE_BYTES, size // _SAMPLES)
    with path.open("rb") as file:
        for start in range(0, size, step):
            file.seek(start)
            yield file.read(_SAMPLE_BYTES)
