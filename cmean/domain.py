"""The domain types: kinds, triples, excerpts, captions, recipes."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from cmean.util.hashing import hash_canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

WHOLE = 0
"""The position of the whole item."""

POSITIONS = (0, 1, 2, 3, 4)
"""The whole, then the four fragments."""

CHANNELS = ("red", "green", "blue")

LONGEST_SECONDS = 1_000_000
"""The longest accepted duration of a rating: a larger number must be an error."""


class Kind(StrEnum):
    """The two kinds of item."""

    TRACK = "track"
    ARTWORK = "artwork"


POSITION_NAMES = {
    Kind.TRACK: ("whole", "first quarter", "second quarter", "third quarter", "last quarter"),
    Kind.ARTWORK: ("whole", "top left", "top right", "bottom left", "bottom right"),
}
"""The name of each position of an item."""


class Role(StrEnum):
    """The task of a back-end."""

    CAPTIONER = "captioner"
    MAPPER = "mapper"
    EMBEDDER = "embedder"


class FinishReason(StrEnum):
    """Why a captioner stopped: it had finished (`stop`), or reached its token limit (`length`)."""

    STOP = "stop"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class RGB:
    """An emotion triple, each channel an integer 0..255.

    Red is excitement and movement, green calmness and stillness, blue sadness and nostalgia.
    """

    red: int
    green: int
    blue: int

    def __post_init__(self) -> None:
        for channel in (self.red, self.green, self.blue):
            if not 0 <= channel <= 255:  # noqa: PLR2004 - the range is the definition
                msg = f"a channel must be 0..255, not {channel}"
                raise ValueError(msg)

    def __iter__(self) -> Iterator[int]:
        return iter((self.red, self.green, self.blue))


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """Mono audio: `samples` is float32 of shape (n,), finite, nominally -1..1; `rate` in Hz."""

    samples: NDArray[np.float32]
    rate: int

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.samples) / self.rate


def cut_quarters(sound: Sound) -> list[Sound]:
    """Cut the four quarters of a sound in time, as views; the last takes the remainder."""
    size = len(sound.samples) // 4
    starts = [0, size, 2 * size, 3 * size]
    ends = [*starts[1:], len(sound.samples)]
    parts = (sound.samples[start:end] for start, end in zip(starts, ends, strict=True))
    return [Sound(part, sound.rate) for part in parts]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An sRGB image: `pixels` is uint8 of shape (height, width, 3)."""

    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class MeanRGB(RGB):
    """The rounded mean of triples for one caption, and their standard deviation in each channel.

    `samples` is how many were drawn; None: their probabilities are read off a model.
    """

    samples: int | None
    spread: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Prompt:
    """The input of a language model: the system prompt (may be empty) and the request."""

    user: str
    system: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """One fragment of one item, decoded, or a window of it: the input of a captioner.

    `prompt` is None for captioners that take none. `prefix` is the beginning of the
    caption, which the captioner continues (empty: none). `whole` is the whole item, for captioners
    that compare a fragment with it; None where it is not available.
    """

    kind: Kind
    position: int
    media: Sound | Picture
    prompt: Prompt | None = None
    prefix: str = ""
    whole: Sound | Picture | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a sound that was captioned at once, `start` to `end` in seconds, and its text."""

    start: float
    end: float
    text: str
    finish_reason: FinishReason = FinishReason.STOP
    tokens: int | None = None


_REPEATED = re.compile(r"(?P<unit>\S.{0,15}?)(?P=unit){6,}(?P<rest>.{0,15})", re.DOTALL)


def is_repeated_token(text: str) -> bool:
    """Tell whether a text is nothing but at least seven times the same token.

    >>> is_repeated_token("!!!!!!!!!!"), is_repeated_token("the the the the the the the the the th")
    (True, True)
    >>> is_repeated_token("ha ha ha, said the sea")
    False
    """
    found = _REPEATED.fullmatch(text.strip())
    return found is not None and found["unit"].startswith(found["rest"])


_WORDS = str.maketrans(
    dict.fromkeys(string.punctuation + string.digits, "")
    | {quote: f" {quote} " for quote in "«“‘„»”’"}
)


def split_words(text: str) -> list[str]:
    """Split a text into words, by the definition of the study's Table II.

    The characters of `string.punctuation` and digits are deleted, each of ``«“‘„»”’`` is a word of
    its own, and then words are what stands between white space.

    >>> split_words("A fast-moving, 120 BPM piece")
    ['A', 'fastmoving', 'BPM', 'piece']
    >>> split_words("“calm”")
    ['“', 'calm', '”']
    """
    return text.translate(_WORDS).split()


@dataclass(frozen=True, slots=True)
class Caption:
    """The caption of one excerpt, and the numbers that the captioner measured.

    Args:
        text: the caption.
        finish_reason: why it ends.
        measurements: numbers by name; JSON values.
        tokens: how many the model wrote; None where it does not count.
        seconds: its share of the time that the model took; filled in by the caller.
        language: ISO 639-1; filled in by the caller unless the captioner knows it.
        windows: the captioned windows, in order; together they cover the sound. Empty for pictures.
    """

    text: str
    finish_reason: FinishReason = FinishReason.STOP
    measurements: Mapping[str, float | int | str] = field(default_factory=dict)
    tokens: int | None = None
    seconds: float | None = None
    language: str | None = None
    windows: tuple[Window, ...] = ()

    @property
    def words(self) -> int:
        """The number of words, as `split_words` defines them."""
        return len(split_words(self.text))


@dataclass(frozen=True, slots=True)
class Question:
    """A question to a language model, and the form of its answer.

    Args:
        prompt: the request.
        max_tokens: the answer is truncated there.
        pattern: a regular expression that the whole answer must match; None: free text.
        temperature: 0 is greedy.
        seed: of the sampling; the same question with the same seed has the same answer, whatever
            else is in the batch.
        prefix: the beginning of the answer, which the model continues.
        top_k: sampling is among so many most likely tokens; 0: among all.
        top_p: it is among the most likely tokens that together have this probability, above 0 and
            at most 1; 1: among all. Where both limit, `top_k` comes first.
        repetition_penalty: scores of tokens that are in the text already are divided by it; 1: no.
        graded: whether expected values of the answer's numbers are wanted, see `GradedAnswer`.
    """

    prompt: Prompt
    max_tokens: int
    pattern: str | None = None
    temperature: float = 0.0
    seed: int = 0
    prefix: str = ""
    # Left out of the repr, of which seeds are derived: the draw is the same, among other tokens.
    top_k: int = field(default=0, repr=False)
    top_p: float = field(default=1.0, repr=False)
    repetition_penalty: float = field(default=1.0, repr=False)
    graded: bool = field(default=False, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a language model, including its prefix; `tokens` counts those it generated."""

    text: str
    finish_reason: FinishReason = FinishReason.STOP
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class GradedAnswer(Answer):
    """A greedy answer, with the expected value and standard deviation of each number in it."""

    means: tuple[float, ...] = ()
    spreads: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that determines a result.

    Args:
        role: captioner, mapper or embedder.
        kind: the kind of item that it is applied to.
        backend: the back-end's name.
        revision: of the back-end: its weights or, if it has none, its code.
        parameters: back-end parameters, prompt, preprocessing; JSON values only.
        input: the recipe whose results it reads, if any.
    """

    role: Role
    kind: Kind
    backend: str
    revision: str
    parameters: Mapping[str, Any]
    input: Recipe | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of all of the above, in hexadecimal."""
        content = {
            "role": self.role,
            "kind": self.kind,
            "backend": self.backend,
            "revision": self.revision,
            "parameters": self.parameters,
            "input": self.input.digest if self.input else None,
        }
        return hash_canonical_json(content)
