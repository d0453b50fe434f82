"""Questions that are answered in a fixed form: their pattern, their reading, asking again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from cmean.domain import RGB, Answer
from cmean.errors import EmotionError, ItemError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmean.domain import Question
    from cmean.inference.batching import Batcher
    from cmean.protocols import LanguageModel

    Ask: TypeAlias = Callable[[Sequence[Question]], list[Answer | ItemError]]
    """Answers questions, each with an answer or an error, in order; never raises."""

START = "RGB:"
_CHANNEL = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"  # 0..255, no leading zeros
_TRIPLE = rf"\({_CHANNEL},{_CHANNEL},{_CHANNEL}\)"
_LONGEST_TRIPLE = " (255,255,255)"
_SHOWN = 200

_SPACED = rf"\( *({_CHANNEL}) *, *({_CHANNEL}) *, *({_CHANNEL}) *\)"


def build_pattern(count: int) -> str:
    """The regular expression of `count` triples on one line, e.g. `RGB: (12,200,3) (0,9,255)`."""
    return f"{START}(?: {_TRIPLE}){{{count}}}"


def limit_tokens(count: int) -> int:
    """A cap that no such answer meets: a token is at least a byte, and one ends the answer."""
    return len(START) + count * len(_LONGEST_TRIPLE) + 1


def build_example(count: int) -> str:
    """An answer of the right form, for a prompt to show."""
    shown = [((40 * i + 20) % 256, (90 * i + 110) % 256, (70 * i + 60) % 256) for i in range(count)]
    return " ".join([START, *(f"({red},{green},{blue})" for red, green, blue in shown)])


def read_triples(text: str, count: int) -> list[RGB] | None:
    """The triples of an answer, or None where it is not of the form.

    Spaces, and commas between triples, may be missing or too many. Anything else makes it unread:
    other words, more or fewer triples, a number that would have to be clamped.
    """
    line = text.strip()
    if not re.fullmatch(rf"{START} *{_SPACED}(?: *,? *{_SPACED}){{{count - 1}}}", line):
        return None
    return [RGB(*map(int, found)) for found in re.findall(_SPACED, line)]


def make_asker(model: LanguageModel, batcher: Batcher) -> Ask:
    """Ask a model, so many questions at once as fit; one that it cannot answer fails alone."""

    def ask(questions: Sequence[Question]) -> list[Answer | ItemError]:
        return batcher.apply_to_all(model.write, questions, _length)

    return ask


def _length(question: Question) -> int:
    return len(question.prompt.system) + len(question.prompt.user) + len(question.prefix)


def check_answers(outcomes: Sequence[Answer | ItemError]) -> list[Answer | ItemError]:
    """The outcomes, with an error for what is neither; a back-end may give anything."""
    return [
        outcome if isinstance(outcome, ItemError) or _is_answer(outcome) else _odd(outcome)
        for outcome in outcomes
    ]


def ask_for_triples(
    ask: Ask,
    question: Callable[[int, int, str | None], Question],
    counts: Sequence[int],
    attempts: int,
) -> list[list[RGB] | ItemError]:
    """Ask for triples, and again where an answer cannot be read.

    Args:
        ask: answers questions.
        question: makes the i-th question for an attempt (from 0), with what was said last, if any.
        counts: how many triples each question asks for.
        attempts: how often each is asked at most.

    Returns:
        For each question its triples, or the error: the back-end's, or `unparsed`.
    """
    found: list[list[RGB] | ItemError | None] = [None] * len(counts)
    said: dict[int, str | None] = dict.fromkeys(range(len(counts)))
    for attempt in range(attempts):
        asked = list(said)
        outcomes = check_answers(ask([question(i, attempt, said[i]) for i in asked]))
        for i, outcome in zip(asked, outcomes, strict=True):
            if isinstance(outcome, ItemError):
                found[i] = outcome
            else:
                found[i] = read_triples(outcome.text, counts[i])
                said[i] = _shortened(outcome.text)
        said = {i: text for i, text in said.items() if found[i] is None}
    return [
        _unparsed(said[i], counts[i], attempts) if outcome is None else outcome
        for i, outcome in enumerate(found)
    ]


def _is_answer(found: object) -> bool:
    text: object = found.text if isinstance(found, Answer) else None
    return isinstance(text, str)


def _odd(found: object) -> ItemError:
    said = f"the language model gave a {type(found).__name__} instead of an answer"
    return ItemError("backend-error", said, retryable=True)


def _unparsed(said: str | None, count: int, attempts: int) -> EmotionError:
    form = f"{count} triples" if count > 1 else "one triple"
    detail = f"no line '{START}' with {form} in {attempts} attempts; at last it said: {said}"
    return EmotionError("unparsed", detail, retryable=True)


def _shortened(text: str) -> str:
    line = " ".join(text[: 4 * _SHOWN].split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
