"""Answers in a fixed form: their pattern, their parsing, and asking again where it fails."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from cmean.domain import CHANNELS, RGB, Answer, GradedAnswer, MeanRGB
from cmean.errors import ConfigError, EmotionError, ItemError
from cmean.failure_reasons import FailureReason
from cmean.protocols import GradingLanguageModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmean.domain import Question
    from cmean.inference.batching import Batcher
    from cmean.protocols import LanguageModel

    Ask: TypeAlias = Callable[[Sequence[Question]], list[Answer | ItemError]]
    """Answers questions in order, each with an answer or an error."""

START = "RGB:"
# 0..255, no leading zeros. Plain brackets: the JSON schemas of Ollama and of older versions of
# llama.cpp know no (?:…).
_CHANNEL = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_TRIPLE = rf"\({_CHANNEL},{_CHANNEL},{_CHANNEL}\)"
_LONGEST_TRIPLE = " (255,255,255)"
_SHOWN = 200

_MARKDOWN = re.compile(r"```\w*|[*`]")
"""The fence of a code block with its language; emphasis and code within a line."""

_SPACED = rf"\( *{_CHANNEL} *, *{_CHANNEL} *, *{_CHANNEL} *\)"


def build_pattern(count: int) -> str:
    """Build the regular expression of `count` triples on a line, like `RGB: (1,20,3) (0,9,255)`."""
    return f"{START}( {_TRIPLE}){{{count}}}"


def limit_tokens(count: int) -> int:
    """Return a token limit that no such answer reaches: a byte a token, and one for its end."""
    return len(START) + count * len(_LONGEST_TRIPLE) + 1


def build_example(count: int) -> str:
    """Build an answer of the right form, as an example in a prompt."""
    shown = [((40 * i + 20) % 256, (90 * i + 110) % 256, (70 * i + 60) % 256) for i in range(count)]
    return " ".join([START, *(f"({red},{green},{blue})" for red, green, blue in shown)])


def read_triples(text: str, count: int) -> list[RGB] | None:
    """Parse the triples of an answer; None where it does not have the form.

    Spaces, and commas between triples, may be missing or too many; Markdown around or within the
    line is ignored. Anything else is not parsed: other words, more or fewer triples, a number that
    would have to be clamped.
    """
    line = _MARKDOWN.sub("", text).strip()
    if not re.fullmatch(rf"{START} *{_SPACED}(?: *,? *{_SPACED}){{{count - 1}}}", line):
        return None
    return [RGB(*map(int, found)) for found in re.findall(_SPACED, line)]


def make_asker(model: LanguageModel, batcher: Batcher) -> Ask:
    """Make a function that asks a model in batches. A question that fails affects no other."""

    def ask(questions: Sequence[Question]) -> list[Answer | ItemError]:
        answer: Callable[[Sequence[Question]], Sequence[Answer | ItemError]] = model.write
        if any(question.graded for question in questions):
            if not isinstance(model, GradingLanguageModel):
                raise ConfigError("this mapper cannot give expected values: remove 'graded'")
            answer = model.grade
        return batcher.apply_to_all(answer, questions, _measure_question)

    return ask


def _measure_question(question: Question) -> int:
    return len(question.prompt.system) + len(question.prompt.user) + len(question.prefix)


def check_answers(outcomes: Sequence[Answer | ItemError]) -> list[Answer | ItemError]:
    """Return the outcomes of a back-end, with an error for any that is no answer."""
    return [
        outcome
        if isinstance(outcome, ItemError) or _is_answer(outcome)
        else _make_type_error(outcome)
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
        question: makes the i-th question for an attempt (from 0), with the last answer, if any.
        counts: how many triples each question asks for.
        attempts: how often each is asked at most.

    Returns:
        For each question its triples, or the error: the back-end's, or `unparsed`.
    """
    found: list[list[RGB] | ItemError | None] = [None] * len(counts)
    last_answers: dict[int, str | None] = dict.fromkeys(range(len(counts)))
    for attempt in range(attempts):
        asked = list(last_answers)
        outcomes = check_answers(ask([question(i, attempt, last_answers[i]) for i in asked]))
        for i, outcome in zip(asked, outcomes, strict=True):
            if isinstance(outcome, ItemError):
                found[i] = outcome
            else:
                found[i] = _read_answer(outcome, counts[i])
                last_answers[i] = _shorten(outcome.text)
        last_answers = {i: text for i, text in last_answers.items() if found[i] is None}
    return [
        _make_parse_error(last_answers[i], counts[i], attempts) if outcome is None else outcome
        for i, outcome in enumerate(found)
    ]


def _read_answer(answer: Answer, count: int) -> list[RGB] | None:
    """Parse the triples of an answer, graded or not; None where it does not have the form."""
    triples = read_triples(answer.text, count)
    if triples is None or not isinstance(answer, GradedAnswer):
        return triples
    pairs = list(zip(answer.means, answer.spreads, strict=True))
    if len(pairs) != len(CHANNELS) * count:
        return None
    graded: list[RGB] = []
    for start in range(0, len(pairs), len(CHANNELS)):
        (red, red_sd), (green, green_sd), (blue, blue_sd) = pairs[start : start + len(CHANNELS)]
        spread = (red_sd, green_sd, blue_sd)
        graded.append(MeanRGB(round(red), round(green), round(blue), samples=None, spread=spread))
    return graded


def _is_answer(found: object) -> bool:
    text: object = found.text if isinstance(found, Answer) else None
    return isinstance(text, str)


def _make_type_error(found: object) -> ItemError:
    detail = f"the language model gave a {type(found).__name__} instead of an answer"
    return ItemError(FailureReason.BACKEND_ERROR, detail, retryable=True)


def _make_parse_error(last_answer: str | None, count: int, attempts: int) -> EmotionError:
    form = f"{count} triples" if count > 1 else "one triple"
    detail = (
        f"no line '{START}' with {form} in {attempts} attempts; the last answer was: {last_answer}"
    )
    return EmotionError(FailureReason.UNPARSED, detail, retryable=True)


def _shorten(text: str) -> str:
    line = " ".join(text[: 4 * _SHOWN].split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
