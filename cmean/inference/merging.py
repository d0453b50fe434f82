"""Merging: captions of successive windows to one caption or a typed error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cmean.domain import Caption, Question, Window
from cmean.errors import CaptionError, ConfigError, ItemError
from cmean.failure_reasons import FailureReason
from cmean.inference.captioning import check_caption
from cmean.inference.prompting import render_prompt
from cmean.inference.structured_answers import check_answers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cmean.domain import Answer, Kind
    from cmean.inference.structured_answers import Ask

_Outcome = list[Window] | ItemError
"""The windows that are left of an excerpt, or its error."""


@dataclass(frozen=True, slots=True)
class WindowCaptions:
    """The captions of an excerpt's windows, in the order of time."""

    kind: Kind
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class MergeOptions:
    """How a language model is asked to merge captions.

    Args:
        max_tokens: each answer is cut there.
        longest: characters of captions in one question; more windows are merged level by level.
        temperature: of the sampling; 0 is greedy.
        seed: of the sampling.
    """

    max_tokens: int = 512
    longest: int = 12_000
    temperature: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.max_tokens, self.longest) < 1:
            raise ConfigError("a merger's max_tokens and longest are 1 or more")
        if not 0 <= self.temperature < float("inf"):
            raise ConfigError(f"a merger's temperature is 0 or more, not {self.temperature}")


def merge_captions(
    ask: Ask, template: str, excerpts: Sequence[WindowCaptions], options: MergeOptions
) -> list[Caption | ItemError]:
    """Join the captions of each excerpt's windows into one.

    Windows that are too many for one question are joined in groups of neighbours, then the groups'
    captions, until one is left: what is joined always covers one stretch of time.

    Args:
        ask: answers questions.
        template: of the prompt. Its facts: `kind`, `windows` (each with `start`, `end` in seconds
            and `text`), `seconds` (that they cover).
        excerpts: the captions of their windows.
        options: how it is put.

    Returns:
        For each excerpt its caption, with the windows that it was made of; or the error. `tokens`
        and `finish_reason` are those of the last answer; a single window's caption is that
        window's. Errors: `empty-caption`, `caption-too-long` where two neighbours
        exceed a question, or the back-end's own.

    Raises:
        ConfigError: the template cannot be filled in.
    """
    left: list[_Outcome] = [_collect_windows(excerpt) for excerpt in excerpts]
    while any(isinstance(outcome, list) and len(outcome) > 1 for outcome in left):
        left = _merge_level(ask, template, excerpts, left, options)
    return [
        _make_caption(excerpt, outcome) for excerpt, outcome in zip(excerpts, left, strict=True)
    ]


def _collect_windows(excerpt: WindowCaptions) -> _Outcome:
    captioned = [window for window in excerpt.windows if window.text.strip()]
    if not captioned:
        return CaptionError(
            FailureReason.EMPTY_CAPTION, "no window has a caption: caption the item again"
        )
    return captioned


def _merge_level(
    ask: Ask,
    template: str,
    excerpts: Sequence[WindowCaptions],
    left: Sequence[_Outcome],
    options: MergeOptions,
) -> list[_Outcome]:
    """Merge neighbouring windows once, those of all excerpts in one batch."""
    grouped = [_group_windows(outcome, options.longest) for outcome in left]
    questions = [
        _make_question(template, excerpt.kind, group, options)
        for excerpt, groups in zip(excerpts, grouped, strict=True)
        if not isinstance(groups, ItemError)
        for group in groups
        if len(group) > 1
    ]
    answers = iter(check_answers(ask(questions)))
    return [_join_groups(groups, answers) for groups in grouped]


def _group_windows(outcome: _Outcome, longest: int) -> list[list[Window]] | ItemError:
    """Group neighbours so that each group fits one question; the groups have similar lengths."""
    if isinstance(outcome, ItemError):
        return outcome
    total = sum(len(window.text) for window in outcome)
    share = total / math.ceil(total / longest)
    groups: list[list[Window]] = []
    size = 0
    for window in outcome:
        if not groups or size >= share or size + len(window.text) > longest:
            groups.append([])
            size = 0
        groups[-1].append(window)
        size += len(window.text)
    if 1 < len(groups) == len(outcome):
        detail = f"two neighbouring windows have captions of more than {longest:,} characters"
        return CaptionError(FailureReason.CAPTION_TOO_LONG, detail)
    return groups


def _make_question(
    template: str, kind: Kind, group: Sequence[Window], options: MergeOptions
) -> Question:
    facts = {
        "kind": kind.value,
        "windows": group,
        "seconds": group[-1].end - group[0].start,
    }
    return Question(
        render_prompt(template, facts),
        max_tokens=options.max_tokens,
        temperature=options.temperature,
        seed=options.seed,
    )


def _join_groups(
    groups: list[list[Window]] | ItemError, answers: Iterator[Answer | ItemError]
) -> _Outcome:
    """Return a window for each group: its only one, or one made of the next answer."""
    if isinstance(groups, ItemError):
        return groups
    joined = [
        group[0] if len(group) == 1 else _make_window(group, next(answers)) for group in groups
    ]
    good = [window for window in joined if isinstance(window, Window)]
    return good if len(good) == len(joined) else next(w for w in joined if isinstance(w, ItemError))


def _make_window(group: Sequence[Window], answer: Answer | ItemError) -> Window | ItemError:
    if isinstance(answer, ItemError):
        return answer
    found = check_caption(Caption(answer.text, answer.finish_reason, tokens=answer.tokens))
    if isinstance(found, ItemError):
        return found
    return Window(group[0].start, group[-1].end, found.text, found.finish_reason, found.tokens)


def _make_caption(excerpt: WindowCaptions, outcome: _Outcome) -> Caption | ItemError:
    if isinstance(outcome, ItemError):
        return outcome
    (last,) = outcome
    return Caption(last.text, last.finish_reason, tokens=last.tokens, windows=excerpt.windows)
