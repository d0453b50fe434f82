"""Builds ONNX graphs of networks from their weights, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from onnx import NodeProto, TensorProto

    Floats = NDArray[np.float32]

_OPSET: Final = 17
_IR_VERSION: Final = 8  # of the file format; what every onnxruntime of the last years reads


class GraphBuilder:
    """Collects the nodes of a graph; each method adds a layer and returns the name of its result.

    Data has the layout (batch, channels, height, width).

    Args:
        input_name: of the graph's one input.
        shape: of the input; a text stands for a size that varies.
    """

    def __init__(self, input_name: str, shape: Sequence[int | str]) -> None:
        from onnx import helper

        self._helper = helper
        self._input = helper.make_tensor_value_info(input_name, 1, list(shape))  # 1: float32
        self._nodes: list[NodeProto] = []
        self._weights: list[TensorProto] = []

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:  # noqa: ANN401 - of ONNX
        """Add any operator of ONNX that has one result."""
        name = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(self._helper.make_node(operator, inputs, [name], **attributes))
        return name

    def constant(self, values: NDArray[Any]) -> str:
        """Add weights, float32 or int64."""
        from onnx import numpy_helper

        name = f"weights_{len(self._weights)}"
        kind = np.int64 if values.dtype.kind == "i" else np.float32
        array = np.ascontiguousarray(values, kind)
        self._weights.append(numpy_helper.from_array(array, name))
        return name

    def convolve(
        self,
        data: str,
        kernel: Floats,
        bias: Floats | None = None,
        **attributes: Any,  # noqa: ANN401 - of ONNX
    ) -> str:
        """Add a convolution; `kernel` has the shape (out, in / groups, height, width)."""
        inputs = [data, self.constant(kernel)]
        if bias is not None:
            inputs.append(self.constant(bias))
        return self.add("Conv", *inputs, **attributes)

    def normalise(self, data: str, scale: Floats, shift: Floats) -> str:
        """Add a batch normalisation, as `scale_and_shift` gives it, over the channels."""
        shape = (1, -1, 1, 1)
        scaled = self.add("Mul", data, self.constant(scale.reshape(shape)))
        return self.add("Add", scaled, self.constant(shift.reshape(shape)))

    def finish(self, outputs: Mapping[str, tuple[str, Sequence[int | str]]]) -> bytes:
        """Return the graph as the content of an .onnx file.

        Args:
            outputs: the name of each output → the result that it is, and its shape.
        """
        from onnx import checker

        described = []
        for name, (result, shape) in outputs.items():
            self._nodes.append(self._helper.make_node("Identity", [result], [name]))
            described.append(self._helper.make_tensor_value_info(name, 1, list(shape)))
        graph = self._helper.make_graph(
            self._nodes, "network", [self._input], described, self._weights
        )
        opset = self._helper.make_opsetid("", _OPSET)
        model = self._helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)
        checker.check_model(model)
        return bytes(model.SerializeToString())


def scale_and_shift(
    weights: Mapping[str, Floats], names: Sequence[str], epsilon: float
) -> tuple[Floats, Floats]:
    """Convert a batch normalisation to ``x * scale + shift``.

    Args:
        weights: of the network.
        names: of its gamma, beta, mean and variance.
        epsilon: what its variance is raised by.
    """
    gamma, beta, mean, variance = (weights[name].astype(np.float64) for name in names)
    scale = gamma / np.sqrt(variance + epsilon)
    return scale.astype(np.float32), (beta - mean * scale).astype(np.float32)
