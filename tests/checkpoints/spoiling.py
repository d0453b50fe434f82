"""Checkpoints with a fault, out of whole ones."""

import json
import shutil


def without_file(folder, copy, name):
    """A copy that lacks a file."""
    shutil.copytree(folder, copy)
    (copy / name).unlink()
    return copy


def without_tensor(folder, copy):
    """A copy that lacks one tensor of its weights."""
    from safetensors.torch import load_file, save_file  # noqa: PLC0415 - of an extra

    shutil.copytree(folder, copy)
    tensors = load_file(copy / "model.safetensors")
    tensors.pop(max(name for name in tensors if name.endswith("weight")))
    save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
    return copy


def with_tensors(folder, copy, **more):
    """A copy with further tensors in its weights; in a name, __ stands for a point."""
    from safetensors.torch import load_file, save_file  # noqa: PLC0415 - of an extra

    shutil.copytree(folder, copy)
    tensors = load_file(copy / "model.safetensors")
    tensors |= {name.replace("__", "."): tensor for name, tensor in more.items()}
    save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
    return copy


def with_cut_weights(folder, copy):
    """A copy whose weights were not copied to the end."""
    shutil.copytree(folder, copy)
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    return copy


def with_setting(folder, copy, value, *path):
    """A copy whose configuration says something else at a path of keys."""
    shutil.copytree(folder, copy)
    file = copy / "config.json"
    config = json.loads(file.read_text())
    place = config
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    file.write_text(json.dumps(config))
    return copy
