"""Checkpoints that hold nothing but tensors by name: which files, what is in them, into the module.

For models of our own. Nothing that a file says is run, and no weight is ever made up: a tensor that
is missing or of another shape is an error.
"""

from __future__ import annotations

import pickle
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cmean.backends import hub
from cmean.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor, nn

SUFFIXES = (".pth", ".safetensors")


def find_checkpoint_file(folder: Path, preferred: str) -> Path:
    """Find the checkpoint in a folder: the file of that name, else the only one there.

    Raises:
        WeightsError: there is none, or there are several and none has the name.
    """
    if (folder / preferred).is_file():
        return folder / preferred
    files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
    if not files:
        raise WeightsError(f"{folder} has no checkpoint: put {preferred} there")
    if len(files) > 1:
        names = ", ".join(path.name for path in files)
        raise WeightsError(f"{folder} has several checkpoints ({names}) and none is {preferred}")
    return files[0]


def find_companion_folder(choices: Sequence[Sequence[str]], folder: Path, repository: str) -> Path:
    """Find the folder of files that belong to tensors and are not published with them.

    Args:
        choices: names of files; all of one choice are needed.
        folder: of the tensors; looked into first.
        repository: that has them if the folder has not.

    Raises:
        WeightsError: neither has them, or the repository is not on this machine.
    """
    places = [folder]
    with suppress(WeightsError):
        places.append(hub.locate_checkpoint(repository).folder)
    for place in places:
        if any(all((place / name).is_file() for name in names) for names in choices):
            return place
    raise WeightsError(
        f"{folder} lacks {' and '.join(choices[-1])}; {repository} has them: fetch it "
        f"(cmean backends --fetch {repository}), or copy them there"
    )


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a file by name, memory-mapped.

    A ``.pth`` holds the state dict, or an object that has it as ``state_dict``.

    Raises:
        WeightsError: the file is damaged, or holds something else.
    """
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pth(path)
    return {name: value for name, value in content.items() if hasattr(value, "shape")}


def _read_safetensors(path: Path) -> Mapping[str, Tensor]:
    from safetensors import SafetensorError  # noqa: PLC0415 - of an extra
    from safetensors.torch import load_file  # noqa: PLC0415 - it imports PyTorch

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise _make_damage_error(path, error) from error


def _read_pth(path: Path) -> Mapping[str, Any]:
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, KeyError, ValueError) as error:
        raise _make_damage_error(path, error) from error
    if not isinstance(content, dict):
        raise WeightsError(f"{path} holds a {type(content).__name__}, not tensors by name")
    inner = content.get("state_dict", content)
    return inner if isinstance(inner, dict) else content


def _make_damage_error(path: Path, error: Exception) -> WeightsError:
    message = (str(error).strip().splitlines() or [""])[0][:200]
    return WeightsError(
        f"{path} cannot be read; fetch it again ({type(error).__name__}: {message})"
    )


def fill_module(module: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    """Give a module its tensors, without a copy; names that it lacks are left out.

    Raises:
        WeightsError: a tensor of the module is missing, or has another shape.
    """
    wanted = module.state_dict()
    missing = [name for name in wanted if name not in state]
    if missing:
        few = f"{len(missing)} of {len(wanted)} tensors, {missing[0]} among them"
        raise WeightsError(f"{path} is of another architecture: it lacks {few}")
    for name, tensor in wanted.items():
        here, there = tuple(tensor.shape), tuple(state[name].shape)
        if here != there:
            raise WeightsError(f"{path} is of another size: {name} is {there}, not {here}")
    module.load_state_dict({name: state[name] for name in wanted}, assign=True)
