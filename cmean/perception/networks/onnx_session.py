"""Opens graphs of onnxruntime, the same way for every small model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cmean.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path


def open_session(path: Path) -> Any:  # noqa: ANN401 - of a library without types
    """Open a graph in memory on one core: workers are processes, so threads would compete.

    Args:
        path: of the .onnx file.

    Raises:
        WeightsError: the file is not there, or is no graph that onnxruntime can run.
    """
    # Read when it is imported. Else its wheels write an identifier of the device into the user's
    # cache and report to their makers over HTTPS, from Linux too.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; they are raised besides
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # onnxruntime's errors have no common class of their own
        message = f"{path} is no model that onnxruntime can run ({error}); run: cmean setup"
        raise WeightsError(" ".join(message.split())) from error
