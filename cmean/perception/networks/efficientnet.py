"""EfficientNet-Lite2, an image classifier of ImageNet's 1,000 classes, as an ONNX graph.

The network: Tan & Le (2019), "EfficientNet: rethinking model scaling for convolutional neural
networks"; the Lite variants leave out squeeze-and-excitation and use ReLU6. Input: sRGB pictures of
260 × 260, from which `MEAN` is subtracted, divided by `STD`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.perception.networks.graphs import GraphBuilder, scale_and_shift
from cmean.perception.networks.torch_archive import read_torch_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.perception.networks.graphs import Floats

FILE: Final = "efficientnet-lite2.onnx"
SIDE: Final = 260
MEAN: Final = 127.0
STD: Final = 128.0
FEATURES: Final = 1280
CLASSES: Final = 1000

_STRIDES: Final = (1, *(2, 1, 1), *(2, 1, 1), *(2, 1, 1, 1), *(1, 1, 1, 1), *(2, 1, 1, 1, 1), 1)
"""Of the depthwise convolution of each block: seven stages of 1, 3, 3, 4, 4, 5 and 1 blocks."""
_EPSILON: Final = 1e-3
_BATCH_NORM: Final = ("weight", "bias", "running_mean", "running_var")


def convert_efficientnet(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Build the graph from the one member of the published package.

    Input ``pictures`` (n, 3, 260, 260); outputs ``features`` (n, 1280), the mean over the picture
    of the last layer, and ``logits`` (n, 1000).
    """
    (content,) = members.values()
    return {FILE: build_efficientnet_graph(read_torch_tensors(content))}


def build_efficientnet_graph(weights: Mapping[str, Floats]) -> bytes:
    """Build the graph of a network with these weights, named as published."""
    graph = GraphBuilder("pictures", ["n", 3, SIDE, SIDE])
    data = _add_convolution(graph, "pictures", weights, "_conv_stem", "_bn0", stride=2)
    data = _add_relu6(graph, data)
    for number, stride in enumerate(_STRIDES):
        data = _add_block(graph, data, weights, f"_blocks.{number}.", stride)
    data = _add_relu6(graph, _add_convolution(graph, data, weights, "_conv_head", "_bn1"))
    features = graph.add("Flatten", graph.add("GlobalAveragePool", data))
    fc = (graph.constant(weights[f"_fc.{name}"]) for name in ("weight", "bias"))
    logits = graph.add("Gemm", features, *fc, transB=1)
    return graph.finish(
        {"features": (features, ["n", FEATURES]), "logits": (logits, ["n", CLASSES])}
    )


def _add_block(
    graph: GraphBuilder, data: str, weights: Mapping[str, Floats], prefix: str, stride: int
) -> str:
    """Add an inverted residual block: expansion, depthwise convolution, projection."""
    inner = data
    if f"{prefix}_expand_conv.weight" in weights:
        inner = _add_convolution(graph, inner, weights, f"{prefix}_expand_conv", f"{prefix}_bn0")
        inner = _add_relu6(graph, inner)
    inner = _add_convolution(
        graph, inner, weights, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride=stride
    )
    inner = _add_relu6(graph, inner)
    project = f"{prefix}_project_conv"
    result = _add_convolution(graph, inner, weights, project, f"{prefix}_bn2")
    entry = f"{prefix}_expand_conv.weight"
    narrow = weights[entry].shape[1] if entry in weights else None
    if stride == 1 and narrow == weights[f"{project}.weight"].shape[0]:
        return graph.add("Add", data, result)
    return result


def _add_convolution(
    graph: GraphBuilder,
    data: str,
    weights: Mapping[str, Floats],
    convolution: str,
    norm: str,
    stride: int = 1,
) -> str:
    """Add a convolution with the batch normalisation after it folded in."""
    kernel = weights[f"{convolution}.weight"]
    names = [f"{norm}.{name}" for name in _BATCH_NORM]
    scale, shift = scale_and_shift(weights, names, _EPSILON)
    return graph.convolve(
        data,
        kernel * scale[:, None, None, None],
        shift,
        strides=[stride, stride],
        auto_pad="SAME_UPPER",
        group=kernel.shape[0] if kernel.shape[1] == 1 else 1,
    )


def _add_relu6(graph: GraphBuilder, data: str) -> str:
    low, high = (graph.constant(np.array(value, np.float32)) for value in (0, 6))
    return graph.add("Clip", data, low, high)
