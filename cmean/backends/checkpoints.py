"""Checkpoints of Hugging Face transformers: read from a folder, whole or not at all.

A folder of another architecture, a missing or cut file and a weight that is lacking, left over or
of another shape are `WeightsError`s of one line: no weight is ever made up.
"""

from __future__ import annotations

import json
import re
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cmean import torch_tools
from cmean.backends import hub
from cmean.backends.quantization import make_four_bit_config
from cmean.errors import CmeanError, WeightsError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

_INDEX, _SINGLE = "model.safetensors.index.json", "model.safetensors"
_PICKLE_INDEX, _PICKLE = "pytorch_model.bin.index.json", "pytorch_model.bin"
_PROCESSORS = ("preprocessor_config.json", "processor_config.json")
_VOCABULARIES = ("tokenizer.json", "vocab.json", "tokenizer.model", "vocab.txt")
_DIGITS = re.compile(r"\d+")
_KEYS_SHOWN = 3


def open_checkpoint(model: str, revision: str, architectures: Collection[str] = ()) -> Path:
    """Locate the folder of a checkpoint, and check that all its weight files are complete.

    Args:
        model: a repository or a folder, as `hub.locate_checkpoint` takes it.
        revision: of the repository.
        architectures: what `model_type` in its ``config.json`` may be; none: anything.

    Raises:
        WeightsError: it is not on this machine, is of another architecture, or a file is missing
            or cut.
    """
    folder = hub.locate_checkpoint(model, revision).folder
    found = read_architecture(folder)
    if architectures and found not in architectures:
        wanted = " or ".join(sorted(architectures))
        raise WeightsError(f"{folder} holds a model of type {found!r}, not {wanted}: name another")
    _check_weight_files(folder)
    return folder


def read_architecture(folder: Path) -> str:
    """Read `model_type` in the configuration of a checkpoint.

    Raises:
        WeightsError: there is no configuration, or it cannot be read.
    """
    return str(read_json(folder / "config.json").get("model_type"))


def load_model(
    model_class: Any,  # noqa: ANN401 - a class of transformers
    folder: Path,
    *,
    dtype: str,
    four_bit: bool = False,
    **options: Any,  # noqa: ANN401 - of `from_pretrained`
) -> Any:  # noqa: ANN401 - a model of transformers
    """Load the model in that folder onto the device of `torch_tools`, for inference only.

    Attention is PyTorch's own scaled dot product wherever the architecture has it.

    Args:
        model_class: of transformers.
        folder: from `open_checkpoint`.
        dtype: one of `torch_tools.DTYPES`.
        four_bit: whether the weights are quantized, as `make_four_bit_config` says.
        options: further ones of `from_pretrained`.

    Raises:
        WeightsError: the weights are not those of the model.
        ConfigError: this GPU has no such number format, or quantization would change little.
        MissingExtraError: quantization is wanted and bitsandbytes is not installed.
        MemoryError: the model does not fit.
    """
    torch_tools.check_number_format(dtype)
    options["dtype"] = torch_tools.get_dtype(dtype)
    with _convert_loading_errors(folder), torch_tools.convert_device_errors():
        if four_bit:
            options["quantization_config"] = make_four_bit_config(model_class, folder, dtype)
        model, report = model_class.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=_has_safetensors(folder),
            weights_only=True,  # of a pickle tensors alone are read, and nothing is run
            trust_remote_code=False,
            device_map=torch_tools.choose_device_map(),
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are in the report, which says more than the error
            **options,
        )
    torch_tools.check_placement(model)
    _check_report(folder, report, model.state_dict())
    return model.eval()


def load_tokenizer(folder: Path) -> Any:  # noqa: ANN401 - a tokenizer of transformers
    """Load the tokenizer in that folder; it pads on the left, as generating models need.

    Raises:
        WeightsError: there is none, or it cannot be read.
    """
    from transformers import AutoTokenizer

    if not any((folder / name).is_file() for name in _VOCABULARIES):  # transformers makes one up
        raise WeightsError(f"{folder} has no tokenizer ({_VOCABULARIES[0]}): {_AGAIN}")
    return _load_part(AutoTokenizer, folder, padding_side="left")


def load_image_processor(folder: Path) -> Any:  # noqa: ANN401 - of transformers
    """Load the image processor in that folder, in its form that needs no torchvision.

    Raises:
        WeightsError: there is none, or it cannot be read.
    """
    from transformers import AutoImageProcessor

    if not any((folder / name).is_file() for name in _PROCESSORS):
        raise WeightsError(f"{folder} has no image processor ({_PROCESSORS[0]}): {_AGAIN}")
    return _load_part(AutoImageProcessor, folder, backend="pil")


def load_feature_extractor(folder: Path) -> Any:  # noqa: ANN401 - of transformers
    """Load the feature extractor of sounds in that folder.

    Where it says how many frames it takes and not how many seconds, as that of Qwen3-Omni does,
    the seconds are set; transformers would assume 30.

    Raises:
        WeightsError: there is none, or it cannot be read.
    """
    from transformers import AutoFeatureExtractor

    extractor = _load_part(AutoFeatureExtractor, folder)
    settings, _ = extractor.get_feature_extractor_dict(folder, local_files_only=True)
    if "nb_max_frames" in settings and "chunk_length" not in settings:
        seconds = settings["nb_max_frames"] * extractor.hop_length // extractor.sampling_rate
        extractor = type(extractor)(**settings | {"chunk_length": seconds})
    return extractor


def assemble_processor(
    processor_class: Any,  # noqa: ANN401 - a class of transformers
    folder: Path,
    parts: Mapping[str, Any],
) -> Any:  # noqa: ANN401 - a processor of transformers
    """Assemble a processor of these parts with that folder's settings and chat template.

    Args:
        processor_class: of transformers, or a subclass that has parts already.
        folder: from `open_checkpoint`.
        parts: by the class's name of each: ``tokenizer``, ``image_processor``, ….

    Raises:
        WeightsError: its settings cannot be read.
    """
    with _convert_loading_errors(folder):
        settings, _ = processor_class.get_processor_dict(folder, local_files_only=True)
        ordered = [parts[name] for name in processor_class.get_attributes() if name in parts]
        return processor_class.from_args_and_dict(ordered, settings)


_AGAIN = "fetch the weights again"


def _load_part(loader: Any, folder: Path, **options: Any) -> Any:  # noqa: ANN401 - of transformers
    with _convert_loading_errors(folder):
        return loader.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, **options
        )


def _has_safetensors(folder: Path) -> bool:
    """Return whether the weights are safetensors; where there are none, a pickle counts."""
    is_there = [(folder / name).is_file() for name in (_INDEX, _SINGLE, _PICKLE_INDEX, _PICKLE)]
    return any(is_there[:2]) or not any(is_there)


def _check_weight_files(folder: Path) -> None:
    safe = _has_safetensors(folder)
    index, single = (_INDEX, _SINGLE) if safe else (_PICKLE_INDEX, _PICKLE)
    path = folder / index
    mapped = read_json(path).get("weight_map", {}) if path.is_file() else {"": single}
    for name in sorted(set(mapped.values())):
        if not (folder / name).is_file():
            raise WeightsError(f"{folder} lacks the weight file {name}: {_AGAIN}")
        if safe:
            _check_whole(folder / name)
        else:
            _check_pickle(folder / name)


def _check_pickle(file: Path) -> None:
    """Check that a pickle holds tensors and nothing that would be run."""
    import torch

    try:
        is_zip = zipfile.is_zipfile(file)  # older versions of PyTorch wrote another format
        torch.load(file, map_location="meta", weights_only=True, mmap=is_zip)
    except Exception as error:  # whatever a damaged or malicious file provokes
        raise WeightsError(
            f"{file} is damaged, or holds more than tensors, which is not read: {_AGAIN}, or name "
            "a repository with safetensors"
        ) from error


def _check_whole(file: Path) -> None:
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 - of an extra

    try:
        with safe_open(file, framework="pt"):
            pass  # opening compares the file's size with its table of contents
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{file} is truncated or no safetensors file: {_AGAIN}") from error


def _check_report(folder: Path, report: Mapping[str, Any], used: Iterable[str]) -> None:
    """Check that no weight is missing or of another shape, and that no layer is left over.

    Other tensors may be: old tables of positions, heads that captions do not need.
    """
    layers = {_DIGITS.sub("#", key) for key in used}
    mismatched = {str(key[0]) for key in report["mismatched_keys"]}
    faults = {
        "are of another shape than its config.json says": mismatched,
        "are missing": set(report["missing_keys"]) - mismatched,
        "are layers beyond those of its config.json": {
            key for key in report["unexpected_keys"] if _DIGITS.sub("#", key) in layers
        },
    }
    for fault, keys in faults.items():
        if keys:
            shown = ", ".join(sorted(keys)[:_KEYS_SHOWN]) + (", …" * (len(keys) > _KEYS_SHOWN))
            raise WeightsError(f"{folder}: {len(keys)} weights {fault} ({shown}): {_AGAIN}")


def read_json(file: Path) -> dict[str, Any]:
    """Read a file of settings.

    Raises:
        WeightsError: it is missing, or holds no JSON object.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise WeightsError(f"{file.parent} has no {file.name}: {_AGAIN}") from error
    except (OSError, ValueError) as error:
        raise WeightsError(f"{file} cannot be read as JSON: {_AGAIN}") from error
    if not isinstance(content, dict):
        raise WeightsError(f"{file} holds no JSON object: {_AGAIN}")
    return content


@contextmanager
def _convert_loading_errors(folder: Path) -> Iterator[None]:
    """Convert the errors of transformers about a folder to one line."""
    try:
        yield
    except (CmeanError, MemoryError):
        raise
    except Exception as error:  # the libraries below raise anything, down to bare exceptions
        message = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise WeightsError(f"{folder} cannot be loaded: {message}"[:500]) from error
