"""Checkpoints with a fault, out of whole ones."""

import json
import shutil


def weights_of(folder):
    """The file of a checkpoint's tensors."""
    (found,) = [path for path in folder.iterdir() if path.suffix in {".safetensors", ".pth"}]
    return found


def with_weights(folder, copy, change):
    """A copy whose tensors, by name, a function has changed in place."""
    import torch
    from safetensors.torch import load_file, save_file  # noqa: PLC0415 - of an extra

    shutil.copytree(folder, copy)
    file = weights_of(copy)
    if file.suffix == ".pth":
        content = torch.load(file, weights_only=True)
        change(content["state_dict"])
        torch.save(content, file)
    else:
        tensors = load_file(file)
        change(tensors)
        save_file(tensors, file, metadata={"format": "pt"})
    return copy


def _matrix(tensors):
    """The name of a tensor that every architecture of these needs, also one that only reads."""
    matrices = (name for name in tensors if name.endswith("weight") and tensors[name].ndim > 1)
    return max(name for name in matrices if "visual" not in name)


def without_tensor(folder, copy):
    """A copy that lacks one tensor of its weights."""
    return with_weights(folder, copy, lambda tensors: tensors.pop(_matrix(tensors)))


def with_narrow_tensor(folder, copy):
    """A copy of which one tensor has a row less."""

    def narrow(tensors):
        name = _matrix(tensors)
        tensors[name] = tensors[name][1:].clone()

    return with_weights(folder, copy, narrow)


def with_cut_weights(folder, copy):
    """A copy whose weights were not copied to the end."""
    shutil.copytree(folder, copy)
    weights = weights_of(copy)
    weights.write_bytes(weights.read_bytes()[:-1000])
    return copy


def without_file(folder, copy, name):
    """A copy that lacks a file."""
    shutil.copytree(folder, copy)
    (copy / name).unlink()
    return copy


def with_setting(folder, copy, value, *path, file="config.json"):
    """A copy whose configuration says something else at a path of keys."""
    shutil.copytree(folder, copy)
    config = json.loads((copy / file).read_text())
    place = config
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    (copy / file).write_text(json.dumps(config))
    return copy
