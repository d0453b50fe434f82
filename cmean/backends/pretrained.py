"""Reading a checkpoint from its folder: one line says what is wrong with it, nothing is made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.backends import torch_tools
from cmean.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path

_SHOWN = 3
_VOCABULARIES = (
    "tokenizer.json",
    "vocab.json",
    "vocab.txt",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
)


def model(architecture: Any, folder: Path, dtype: str) -> Any:  # noqa: ANN401 - of transformers
    """The model in a folder, ready to use on the device of the settings.

    Args:
        architecture: the class of the model.
        folder: of a checkpoint: `config.json` and safetensors.
        dtype: the number format that it is to have, see `torch_tools.DTYPES`.

    Raises:
        WeightsError: the folder lacks files, holds another architecture, or its tensors are not
            those of its configuration. No weight is ever left as it was initialised.
        ConfigError: there is no such number format or device.
        MemoryError: it does not fit.
    """
    from safetensors import SafetensorError  # noqa: PLC0415 - of an extra

    expected = architecture.config_class
    found = part(expected, folder)
    name = found.to_dict().get("model_type")
    stated = expected.get_config_dict(folder, local_files_only=True)[0].get("model_type")
    if stated != name:
        raise WeightsError(f"{folder} holds a model of type {stated!r}, not {name!r}")
    try:
        with torch_tools.typed_memory_errors():
            read, report = architecture.from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                dtype=torch_tools.dtype(dtype),
                output_loading_info=True,
            )
            _check_complete(folder, report)
            return read.eval().to(torch_tools.device())
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        raise WeightsError(f"the weights in {folder} cannot be read: {_line(error)}") from error


def part(kind: Any, folder: Path, **options: Any) -> Any:  # noqa: ANN401 - of transformers
    """A configuration, tokenizer or processor out of a checkpoint's folder.

    Raises:
        WeightsError: a file of it is missing or broken.
    """
    try:
        return kind.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, **options
        )
    except Exception as error:  # parsers of several libraries raise errors of their own
        raise WeightsError(f"{folder} holds no usable {kind.__name__}: {_line(error)}") from error


def tokenizer(folder: Path) -> Any:  # noqa: ANN401 - of transformers
    """The tokenizer of a checkpoint.

    Raises:
        WeightsError: its vocabulary is missing or broken. transformers would then make one of a
            handful of tokens, and say nothing.
    """
    from transformers import AutoTokenizer

    if not any((folder / name).is_file() for name in _VOCABULARIES):
        raise WeightsError(f"{folder} holds no tokenizer: none of {', '.join(_VOCABULARIES)}")
    return part(AutoTokenizer, folder)


def _check_complete(folder: Path, report: dict[str, Any]) -> None:
    mismatched = [str(entry[0]) for entry in report["mismatched_keys"]]
    for fault, keys in (("lacks", list(report["missing_keys"])), ("has misshapen", mismatched)):
        if keys:
            names = ", ".join(sorted(keys)[:_SHOWN])
            raise WeightsError(f"{folder} {fault} {len(keys)} tensors, e.g. {names}")


def _line(error: Exception) -> str:
    """The first line of an error that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[0][:300]
