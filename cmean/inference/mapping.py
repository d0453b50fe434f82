"""Mapping: captions to emotion triples or typed errors, never to a default triple."""

from __future__ import annotations

from dataclasses import dataclass, fields
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any, Final

from cmean.domain import POSITION_NAMES, RGB, WHOLE, Kind, MeanRGB, Question
from cmean.errors import ConfigError, EmotionError, ItemError
from cmean.failure_reasons import FailureReason
from cmean.inference import structured_answers
from cmean.inference.batching import apply_isolated
from cmean.inference.prompting import render_prompt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cmean.inference.structured_answers import Ask
    from cmean.protocols import EmotionMapper

_NOUNS = {Kind.TRACK: "piece of music", Kind.ARTWORK: "picture"}

_ADDED_OPTIONS: Final = ("whole_last", "top_k", "top_p", "graded")
"""Options that recipes do not have where they are at their defaults: there were none at first."""


def map_captions(mapper: EmotionMapper, texts: Sequence[str]) -> list[RGB | ItemError]:
    """Map captions to triples. A caption that fails affects no other."""
    return [_check_triple(outcome) for outcome in apply_isolated(mapper.map, texts)]


@dataclass(frozen=True, slots=True)
class ItemCaptions:
    """The captions of one item that are to be mapped: text by position."""

    kind: Kind
    texts: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class MappingOptions:
    """How a language model is asked to map captions.

    Args:
        together: all captions of an item in one question, as the study did; else each in its own.
        whole_last: of these, the fragments come first and the whole last, as in the study's code;
            else the whole comes first.
        samples: how often each question is answered; the triples are averaged.
        temperature: of the sampling; 0 is greedy.
        top_k: sampling is among so many most likely tokens; 0: among all.
        top_p: it is among the most likely tokens that together have this probability; 1: among all.
        seed: of the first sample; the next ones count up.
        attempts: how often a question is asked until its answer can be read.
        longest: characters; a longer caption is refused, since a part of it would pass for all.
        graded: the expected value of each channel, with its standard deviation, in place of the
            greedy one.
    """

    together: bool = False
    samples: int = 1
    temperature: float = 0.0
    seed: int = 0
    attempts: int = 3
    longest: int = 20_000
    whole_last: bool = False
    top_k: int = 0
    top_p: float = 1.0
    graded: bool = False

    def __post_init__(self) -> None:
        if min(self.samples, self.attempts, self.longest) < 1:
            raise ConfigError("a mapper's samples, attempts and longest are 1 or more")
        if not 0 <= self.temperature < float("inf"):
            raise ConfigError(f"a mapper's temperature is 0 or more, not {self.temperature}")
        if self.top_k < 0 or not 0 < self.top_p <= 1:
            raise ConfigError("a mapper's top_k is 0 or more, and top_p above 0 and at most 1")
        if self.graded and (self.temperature > 0 or self.samples > 1):
            raise ConfigError("graded triples are not drawn: remove samples and temperature")
        if self.samples > 1 and self.temperature == 0:
            raise ConfigError("several samples need a temperature above 0, or all are the same")

    def list_parameters(self) -> dict[str, Any]:
        """List the options as parameters of a recipe; `MappingOptions` takes them back."""
        values = ((option, getattr(self, option.name)) for option in fields(self))
        return {
            option.name: value
            for option, value in values
            if option.name not in _ADDED_OPTIONS or value != option.default
        }


def map_by_language_model(
    ask: Ask, template: str, groups: Sequence[ItemCaptions], options: MappingOptions
) -> list[dict[int, RGB | ItemError]]:
    """Map captions by asking a language model.

    Args:
        ask: answers questions.
        template: of the prompt. Its facts: `kind`, `noun` ("piece of music"), `captions` (each with
            `position`, `part`, `text`), `example` (an answer of the right form), `attempt` (from
            1), `said` (what was answered to the attempt before, or None).
        groups: the captions of each item.
        options: how they are put.

    Returns:
        For each group what each position came to. `samples` > 1 and `graded` give `MeanRGB`.
        Errors: `empty-caption`, `caption-too-long`, `unparsed`, or the back-end's own. Captions
        that are asked together fail together.

    Raises:
        ConfigError: the template cannot be filled in.
    """
    found: list[dict[int, RGB | ItemError]] = [{} for _ in groups]
    wanted: list[tuple[int, ItemCaptions]] = []
    for i, group in enumerate(groups):
        for part in _split_group(group, options):
            fault = _find_fault(part, options.longest)
            if fault is None:
                wanted.append((i, part))
            else:
                found[i] |= dict.fromkeys(part.texts, fault)
    for (i, part), triples in zip(
        wanted, _sample_triples(ask, template, [part for _, part in wanted], options), strict=True
    ):
        if isinstance(triples, ItemError):
            found[i] |= dict.fromkeys(part.texts, triples)
        else:
            found[i] |= dict(zip(_order_positions(part, options), triples, strict=True))
    return found


def _split_group(group: ItemCaptions, options: MappingOptions) -> list[ItemCaptions]:
    """Split a group into the captions of one question each."""
    if options.together:
        return [group] if group.texts else []
    return [ItemCaptions(group.kind, {p: text}) for p, text in sorted(group.texts.items())]


def _order_positions(part: ItemCaptions, options: MappingOptions) -> list[int]:
    """Order the positions of a question's captions, and so of the triples in its answer."""
    return sorted(
        part.texts, key=lambda position: (options.whole_last and position == WHOLE, position)
    )


def _find_fault(part: ItemCaptions, longest: int) -> EmotionError | None:
    """Return an error where a caption is empty or too long."""
    for position, text in sorted(part.texts.items()):
        name = POSITION_NAMES[part.kind][position]
        if not text.strip():
            detail = f"the caption of the {name} is empty: caption the item again"
            return EmotionError(FailureReason.EMPTY_CAPTION, detail)
        if len(text) > longest:
            detail = f"the caption of the {name} has {len(text):,} characters; {longest:,} are read"
            return EmotionError(FailureReason.CAPTION_TOO_LONG, detail)
    return None


def _sample_triples(
    ask: Ask, template: str, parts: Sequence[ItemCaptions], options: MappingOptions
) -> list[Sequence[RGB] | ItemError]:
    """Return for each part a triple for each caption, as `_order_positions` orders them."""
    samples = options.samples

    def make_question(i: int, attempt: int, last_answer: str | None) -> Question:
        part, sample = parts[i // samples], i % samples
        count = len(part.texts)
        return Question(
            render_prompt(template, _make_facts(part, options, attempt, last_answer)),
            max_tokens=structured_answers.limit_tokens(count),
            pattern=structured_answers.build_pattern(count),
            temperature=options.temperature,
            top_k=options.top_k,
            top_p=options.top_p,
            seed=options.seed + sample + attempt * samples,
            graded=options.graded,
        )

    counts = [len(part.texts) for part in parts for _ in range(samples)]
    outcomes = structured_answers.ask_for_triples(ask, make_question, counts, options.attempts)
    return [_average_samples(outcomes[i : i + samples]) for i in range(0, len(outcomes), samples)]


def _make_facts(
    part: ItemCaptions, options: MappingOptions, attempt: int, last_answer: str | None
) -> dict[str, object]:
    names = POSITION_NAMES[part.kind]
    captions = [
        {"position": position, "part": names[position], "text": part.texts[position]}
        for position in _order_positions(part, options)
    ]
    return {
        "kind": part.kind.value,
        "noun": _NOUNS[part.kind],
        "captions": captions,
        "example": structured_answers.build_example(len(captions)),
        "attempt": attempt + 1,
        "said": last_answer,
    }


def _average_samples(samples: Sequence[list[RGB] | ItemError]) -> Sequence[RGB] | ItemError:
    """Return the mean of all samples at each position, or the error of one that failed."""
    good: list[list[RGB]] = []
    for sample in samples:
        if isinstance(sample, ItemError):
            return sample
        good.append(sample)
    if len(good) == 1:
        return good[0]
    return [_average_triples(triples) for triples in zip(*good, strict=True)]


def _average_triples(triples: Sequence[RGB]) -> MeanRGB:
    channels = [list(values) for values in zip(*triples, strict=True)]
    red, green, blue = (round(fmean(values)) for values in channels)
    spread = (pstdev(channels[0]), pstdev(channels[1]), pstdev(channels[2]))
    return MeanRGB(red, green, blue, samples=len(triples), spread=spread)


def _check_triple(found: object) -> RGB | ItemError:
    """Return a back-end's result, or an error if it is not a triple."""
    if isinstance(found, RGB | ItemError):
        return found
    detail = f"the mapper gave a {type(found).__name__} instead of a triple"
    return EmotionError(FailureReason.BACKEND_ERROR, detail, retryable=True)
