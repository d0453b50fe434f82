"""Weights of four bits: of the language model alone, and only where that makes a model smaller.

bitsandbytes quantizes linear layers. The experts of a mixture of experts are tensors of three axes
in transformers, which it leaves as they are.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from cmean import torch_tools
from cmean.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path

_LEAST_SHARE = 0.5
"""Of the weights of a language model, embeddings apart, that must shrink."""


def choose_quantization(wanted: str | None) -> str | None:
    """Return the method of quantization, if it is supported.

    Raises:
        ConfigError: it is not.
    """
    if wanted not in {None, "4bit"}:
        raise ConfigError(f"quantization is '4bit' or left out, not {wanted!r}")
    return wanted


def make_four_bit_config(model_class: Any, folder: Path, dtype: str) -> Any:  # noqa: ANN401 - of transformers
    """Make the configuration by which a model is loaded with weights of four bits, as NF4.

    Args:
        model_class: of transformers.
        folder: of the checkpoint.
        dtype: that is computed in.

    Raises:
        ConfigError: hardly any of its weights would be quantized.
        MissingExtraError: bitsandbytes is not installed.
    """
    import transformers

    empty = _build_empty(model_class, folder)
    share = _measure_linear_share(empty)
    if share < _LEAST_SHARE:
        raise ConfigError(
            f"'4bit' would leave {1 - share:.0%} of the language model in {folder} as it is, such "
            "as the weights of experts: remove 'quantization'"
        )
    if find_spec("bitsandbytes") is None:
        raise MissingExtraError("4-bit weights", "quantized")
    make: Any = transformers.BitsAndBytesConfig
    return make(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch_tools.get_dtype(dtype),
        llm_int8_skip_modules=list_outer_modules(empty),
    )


def list_outer_modules(network: Any) -> list[str]:  # noqa: ANN401 - of transformers
    """List the modules outside of the language model: its head, towers, what joins them."""
    inner = network.get_decoder()
    found: list[str] = []

    def visit(module: Any, name: str) -> None:  # noqa: ANN401 - of torch
        if module is inner:
            return
        if all(one is not inner for one in module.modules()):
            found.append(name)
            return
        for key, child in module.named_children():
            visit(child, f"{name}.{key}" if name else key)

    visit(network, "")
    return found


def _build_empty(model_class: Any, folder: Path) -> Any:  # noqa: ANN401 - of transformers
    """Build the model without memory for its weights."""
    import torch
    import transformers

    reader = getattr(model_class, "config_class", None) or transformers.AutoConfig
    config = reader.from_pretrained(folder, local_files_only=True)
    build = getattr(model_class, "_from_config", None) or model_class.from_config
    with torch.device("meta"):
        return build(config)


def _measure_linear_share(network: Any) -> float:  # noqa: ANN401 - of transformers
    """Measure the share of linear layers in the language model's weights, embeddings apart."""
    import torch

    inner = network.get_decoder()
    every: int = sum(weights.numel() for weights in inner.parameters())
    every -= network.get_input_embeddings().weight.numel()
    layers = (module for module in inner.modules() if type(module) is torch.nn.Linear)
    return sum(layer.weight.numel() for layer in layers) / every
