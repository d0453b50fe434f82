"""musicnn, a tagger of music, as ONNX graphs: one a vocabulary of 50 tags (MTT and MSD).

The network: Pons & Serra (2019), "musicnn: pre-trained convolutional neural networks for music
audio tagging". Filters as high as 40 % and 70 % of the spectrogram hear timbre, filters of up to
128 frames hear rhythm; three layers over time, maximum and mean over time, two dense layers.
Input: the logarithm of a mel spectrogram, windows of 187 frames (3 s) by 96 bands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.perception.networks.graphs import GraphBuilder, scale_and_shift
from cmean.perception.networks.tensor_bundle import read_bundle_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.perception.networks.graphs import Floats

FRAMES: Final = 187
BANDS: Final = 96
UNITS: Final = 200
VOCABULARIES: Final = ("MTT", "MSD")

_TIMBRE, _RHYTHM = 2, 3  # how many front-end filters of each kind
_EPSILON: Final = 1e-3
_BATCH_NORM: Final = ("gamma", "beta", "moving_mean", "moving_variance")


def name_graph_file(vocabulary: str) -> str:
    """Name the file of the graph of a vocabulary."""
    return f"musicnn-{vocabulary.lower()}.onnx"


def convert_musicnn(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Build the graphs from the members of the published package.

    Input ``windows`` (n, 187, 96); outputs ``tags`` (n, 50), each 0..1, and ``units`` (n, 200), the
    layer before them.
    """
    graphs = {}
    for vocabulary in VOCABULARIES:
        folder = f"musicnn/{vocabulary}_musicnn"
        index, data = members[f"{folder}/.index"], members[f"{folder}/.data-00000-of-00001"]
        graphs[name_graph_file(vocabulary)] = build_musicnn_graph(read_bundle_tensors(index, data))
    return graphs


def build_musicnn_graph(weights: Mapping[str, Floats]) -> bytes:
    """Build the graph of a network with these weights, named as published."""
    graph = GraphBuilder("windows", ["n", FRAMES, BANDS])
    channels = graph.add("Unsqueeze", "windows", graph.constant(np.array([1])))
    normalised = graph.normalise(channels, *_read_normalisation(weights, 0))
    front = [
        _add_front_end(graph, normalised, weights, number, timbre=number < _TIMBRE)
        for number in range(_TIMBRE + _RHYTHM)
    ]
    # (n, filters, frames, 1) each; over the filters they are what the middle layers see as height
    found = graph.add("Transpose", graph.add("Concat", *front, axis=1), perm=[0, 3, 2, 1])
    first = _add_middle_layer(graph, found, weights, 5)
    second = graph.add("Add", _add_middle_layer(graph, first, weights, 6), first)
    third = graph.add("Add", _add_middle_layer(graph, second, weights, 7), second)
    every = graph.add("Concat", found, first, second, third, axis=3)  # (n, 1, frames, 753)
    high = graph.add("ReduceMax", every, axes=[2], keepdims=0)
    mean = graph.add("ReduceMean", every, axes=[2], keepdims=0)
    # flattened as published: maximum and mean of a filter stand side by side
    high, mean = (graph.add("Transpose", each, perm=[0, 2, 1]) for each in (high, mean))
    pooled = graph.add("Flatten", graph.add("Concat", high, mean, axis=2))
    scale, shift = _read_normalisation(weights, 9)
    scaled = graph.add("Mul", pooled, graph.constant(scale))
    normal = graph.add("Add", scaled, graph.constant(shift))
    dense = graph.add("Relu", _add_dense_layer(graph, normal, weights, "dense"))
    scale, shift = _read_normalisation(weights, 10)
    scaled = graph.add("Mul", dense, graph.constant(scale))
    units = graph.add("Add", scaled, graph.constant(shift))
    tags = graph.add("Sigmoid", _add_dense_layer(graph, units, weights, "dense_1"))
    return graph.finish({"tags": (tags, ["n", 50]), "units": (units, ["n", UNITS])})


def _add_front_end(
    graph: GraphBuilder,
    normalised: str,
    weights: Mapping[str, Floats],
    number: int,
    *,
    timbre: bool,
) -> str:
    """Add a layer over the spectrogram, and the maximum of each filter over the frequencies."""
    kernel, bias = _read_kernel(weights, number)
    padding: dict[str, object] = {"auto_pad": "SAME_UPPER"}
    if timbre:
        padding = {"pads": [3, 0, 3, 0]}
    data = graph.add("Relu", graph.convolve(normalised, kernel, bias, **padding))
    data = graph.normalise(data, *_read_normalisation(weights, number + 1))
    return graph.add("ReduceMax", data, axes=[3], keepdims=1)


def _add_middle_layer(
    graph: GraphBuilder, data: str, weights: Mapping[str, Floats], number: int
) -> str:
    """Add a layer over time and all filters of the layer before it; shape (n, 1, frames, 64)."""
    kernel, bias = _read_kernel(weights, number)
    result = graph.add("Relu", graph.convolve(data, kernel, bias, pads=[3, 0, 3, 0]))
    result = graph.normalise(result, *_read_normalisation(weights, number + 1))
    return graph.add("Transpose", result, perm=[0, 3, 2, 1])


def _read_kernel(weights: Mapping[str, Floats], number: int) -> tuple[Floats, Floats]:
    """Read a convolution's kernel as ONNX has it (out, in, time, frequency), and its bias."""
    name = f"conv2d_{number}" if number else "conv2d"
    return weights[f"{name}/kernel"].transpose(3, 2, 0, 1), weights[f"{name}/bias"]


def _read_normalisation(weights: Mapping[str, Floats], number: int) -> tuple[Floats, Floats]:
    name = f"batch_normalization_{number}" if number else "batch_normalization"
    return scale_and_shift(weights, [f"{name}/{part}" for part in _BATCH_NORM], _EPSILON)


def _add_dense_layer(
    graph: GraphBuilder, data: str, weights: Mapping[str, Floats], name: str
) -> str:
    kernel, bias = (graph.constant(weights[f"{name}/{part}"]) for part in ("kernel", "bias"))
    return graph.add("Gemm", data, kernel, bias)
