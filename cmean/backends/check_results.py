"""What must hold of the results of a back-end that is tried out, and how they are described.

Each function returns what `cmean backends --check` prints, or raises a `CmeanError` that says what
is wrong.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.domain import RGB, Caption, Prompt, Question, is_repeated_token
from cmean.errors import CmeanError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmean.protocols import LanguageModel

TEXTS = (
    "A slow, mournful cello over a quiet piano, full of longing.",
    "A bright and joyful dance in red and gold, fast and loud.",
    "A still lake at dawn; nothing moves.",
    "A crowd runs from a burning house.",
)
QUESTIONS = tuple(
    Question(Prompt(f"How fast is this, from 0 to 99? Only a number. {text}"), 8, "[1-9]?[0-9]")
    for text in TEXTS
)
_WORDS_ALIKE = 5
_COSINE_ALIKE = 0.999
_COSINE_UNRELATED = 0.95
_UNIT = 1e-3
_SHOWN = 60


def describe_caption(found: Any) -> str:  # noqa: ANN401 - whatever the captioner gave
    """Describe a captioner's result, which must be a caption of more than one token."""
    if not isinstance(found, Caption):
        raise CmeanError(f"a {type(found).__name__} instead of a caption")
    if not found.text.strip():
        raise CmeanError("the caption is empty")
    if is_repeated_token(found.text):
        raise CmeanError(f"the caption repeats one token: {shorten(found.text)!r}")
    return f"{shorten(found.text)!r}, ended by {found.finish_reason.value}"


def describe_answer(model: LanguageModel) -> Callable[[Any], str]:
    """Make a function that describes an answer to one of `QUESTIONS`."""

    def describe(found: Any) -> str:  # noqa: ANN401 - whatever the model gave
        text, pattern = found.text.strip(), str(QUESTIONS[0].pattern)
        if re.fullmatch(pattern, text):
            return f"{text!r}, as the pattern wants"
        if model.constrains or not text:
            raise CmeanError(f"the answer {shorten(text)!r} does not match {pattern}")
        return f"{shorten(text)!r}; this model is not held to patterns"

    return describe


def describe_triple(found: Any) -> str:  # noqa: ANN401 - whatever the mapper gave
    """Describe a mapper's result, which must be a triple."""
    if not isinstance(found, RGB):
        raise CmeanError(f"a {type(found).__name__} instead of a triple")
    return f"{tuple(found)}"


def describe_vector(found: Any) -> str:  # noqa: ANN401 - whatever the embedder gave
    """Describe an embedder's result, which must be a unit vector of float32."""
    vector = np.asarray(found)
    length = float(np.linalg.norm(vector))
    if vector.ndim != 1 or vector.dtype != np.float32 or not abs(length - 1) < _UNIT:
        raise CmeanError(
            f"shape {vector.shape}, {vector.dtype}, length {length:.4f}: no unit vector"
        )
    return f"float32 of {len(vector)} numbers, length {length:.4f}"


def compare_words(single: Any, batched: Any) -> str:  # noqa: ANN401 - captions or answers
    """Compare the first words; rounding in half precision may make long texts differ later."""
    one, other = single.text.split(), batched.text.split()
    if one == other:
        return "the same"
    agreeing = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    if agreeing < _WORDS_ALIKE:
        raise CmeanError(f"{shorten(batched.text)!r}, but alone {shorten(single.text)!r}")
    return f"the same for {agreeing} words, then rounding parts them"


def compare_triples(single: RGB, batched: RGB) -> str:
    """Compare the triple of a text with that of the same text in a batch."""
    if single != batched:
        raise CmeanError(f"{tuple(batched)}, but alone {tuple(single)}")
    return "the same"


def compare_directions(single: Any, batched: Any) -> str:  # noqa: ANN401 - vectors
    """Compare the vector of an input with that of the same input in a batch."""
    cosine = float(np.dot(single, batched))
    if not cosine > _COSINE_ALIKE:
        raise CmeanError(f"cosine {cosine:.6f} with the vector that it has alone")
    return f"cosine {cosine:.6f}"


def compare_unrelated_vectors(found: Sequence[Any]) -> str:
    """Check that two unrelated inputs have different directions, as those of a sound tower have."""
    cosine = float(np.dot(found[0], found[1]))
    if not cosine <= _COSINE_UNRELATED:
        raise CmeanError(f"cosine {cosine:.4f} between unrelated inputs: it cannot tell them apart")
    return f"cosine {cosine:.4f}"


def compare_unrelated_answers(found: Sequence[Any]) -> str:
    """Check that a mapper or language model does not answer all inputs alike."""
    shown = [shorten(one.text) if hasattr(one, "text") else str(tuple(one)) for one in found]
    if len(set(shown)) == 1:
        raise CmeanError(f"{shown[0]} is the answer to each of {len(shown)} unrelated texts")
    return f"{len(set(shown))} different answers to {len(shown)} texts"


def shorten(text: str) -> str:
    """Shorten a text to the beginning, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
