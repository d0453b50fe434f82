"""Where the tests find the weights of the sentence encoder."""

import pytest

from cmean.perception.networks.sentence_encoder import PACKAGE, SentenceEncoder
from cmean.weights import packages, store

FOLDER = store.get_package_folder(packages.find_package(PACKAGE))
"""Of whoever runs the tests; told at import, before a test chooses another folder."""


def sentence_encoder() -> SentenceEncoder:
    """The encoder, on the weights that `cmean setup` brought."""
    if not (FOLDER / "model.onnx").is_file():
        pytest.fail(f"{FOLDER} is not there; run: cmean setup", pytrace=False)
    return SentenceEncoder(FOLDER / "model.onnx")
