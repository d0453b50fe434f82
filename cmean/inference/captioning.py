"""Captioning: long sounds cut into windows, prompts filled in, captions checked and joined."""

from __future__ import annotations

import json
import math
import re
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cmean.domain import (
    POSITION_NAMES,
    WHOLE,
    Caption,
    Excerpt,
    FinishReason,
    Picture,
    Sound,
    Window,
    is_repeated_token,
)
from cmean.errors import CaptionError, CmeanError, ItemError
from cmean.failure_reasons import FailureReason
from cmean.inference.caption_tasks import CaptionTask, Piece
from cmean.inference.prompting import render_prompt
from cmean.protocols import PreparingCaptioner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmean.domain import Prompt
    from cmean.inference.batching import Batcher
    from cmean.protocols import Captioner


MAX_CHARACTERS = 200_000
"""A longer caption is refused: no description of a picture or a track is that long."""

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters but newline and tab, and lone surrogates, which no database takes."""

_NEGLIGIBLE_SECONDS = 0.5
_NEGLIGIBLE_SHARES = (0.01, 0.05)
"""What may be left out at the end of a sound, to spare a window: so many seconds, but no less and
no more than these shares of a window."""


@dataclass(slots=True, eq=False)
class _Part:
    """A piece of a task. `outcome`: its caption or error; `tokens_before`: of the earlier one."""

    piece: Piece
    excerpt: Excerpt
    outcome: Caption | ItemError | None = None
    tokens_before: int = 0


class CaptionBatch:
    """Caption tasks: prepared, perhaps in another thread, then run.

    Args:
        captioner: loaded.
        batcher: remembers how much fits in memory.
        tasks: what to caption.
    """

    def __init__(
        self, captioner: Captioner, batcher: Batcher, tasks: Sequence[CaptionTask]
    ) -> None:
        self.captioner = captioner
        self.batcher = batcher
        longest = getattr(captioner, "window_seconds", None)
        self._parts = [_split_task(task, longest) for task in tasks]
        self._batches: list[tuple[list[_Part], Any]] = []

    def prepare(self) -> None:
        """Run the captioner's preprocessing."""
        open_ = [part for parts in self._parts for part in parts if part.outcome is None]
        for indices in self.batcher.split(open_, _measure_part):
            batch = [open_[index] for index in indices]
            self._batches.append((batch, self._preprocess([part.excerpt for part in batch])))

    def run(self, is_stopped: Callable[[], bool]) -> list[Caption | ItemError | None]:
        """Caption. Returns the outcomes in the order of the tasks, None for tasks not begun.

        Raises:
            CmeanError: the back-end failed before any caption was written, and no item is the
                cause. If it fails later, this only ends early, so that captions are kept.
        """
        for number, (batch, preprocessed) in enumerate(self._batches):
            if is_stopped():
                break
            started = time.perf_counter()
            try:
                outcomes = self._caption([part.excerpt for part in batch], preprocessed)
            except CmeanError:
                if number == 0:
                    raise
                break
            seconds = (time.perf_counter() - started) / len(batch)
            for part, outcome in zip(batch, outcomes, strict=True):
                part.outcome = _finish_part(part, outcome, seconds)
        self._batches.clear()
        return [_join_parts(parts) for parts in self._parts]

    def _preprocess(self, excerpts: Sequence[Excerpt]) -> object:
        if not isinstance(self.captioner, PreparingCaptioner):
            return None
        try:
            return self.captioner.prepare(excerpts)
        except Exception:  # noqa: BLE001 - captioning them one by one finds the item at fault
            return None

    def _caption(
        self, excerpts: Sequence[Excerpt], preprocessed: object
    ) -> list[Caption | ItemError]:
        first_attempt = [preprocessed]

        def apply(batch: Sequence[Excerpt]) -> list[Caption | ItemError]:
            # Only the first attempt is at the whole batch, which was preprocessed.
            ready = first_attempt.pop() if first_attempt else None
            if ready is not None and isinstance(self.captioner, PreparingCaptioner):
                return list(self.captioner.generate(ready))
            return list(self.captioner.caption(batch))

        return self.batcher.apply_to_batch(apply, excerpts)


def cut_windows(media: Sound | Picture, longest: float | None) -> list[Piece]:
    """Cut a sound into the fewest windows of equal length, none longer than `longest` seconds.

    A picture, and a sound where `longest` is None, is one piece. Where the last half second, or the
    last 1 % of a window, would need one more window, it is left out: excerpts "of 30 s" are often
    some milliseconds longer.
    """
    if not isinstance(media, Sound):
        return [Piece(media)]
    size = len(media.samples)
    most = max(1, size if longest is None else int(longest * media.rate))
    least, largest = (share * most for share in _NEGLIGIBLE_SHARES)
    excess = int(min(max(least, _NEGLIGIBLE_SECONDS * media.rate), largest))
    count = max(1, math.ceil((size - excess) / most))
    heard = min(size, count * most)
    bounds = [heard * number // count for number in range(count + 1)]
    return [
        Piece(Sound(media.samples[a:b], media.rate), a / media.rate, b / media.rate)
        for a, b in pairwise(bounds)
    ]


def join_captions(pieces: Sequence[Piece], captions: Sequence[Caption]) -> Caption:
    """Join the captions of the pieces of one fragment: a paragraph a window, in order of time."""
    if not isinstance(pieces[0].media, Sound):
        return captions[0]
    windows = tuple(
        Window(piece.start, piece.end, caption.text, caption.finish_reason, caption.tokens)
        for piece, caption in zip(pieces, captions, strict=True)
    )
    if len(captions) == 1:
        return replace(captions[0], windows=windows)
    is_cut = any(caption.finish_reason is FinishReason.LENGTH for caption in captions)
    counts = [caption.tokens for caption in captions if caption.tokens is not None]
    return Caption(
        text="\n\n".join(caption.text.strip() for caption in captions),
        finish_reason=FinishReason.LENGTH if is_cut else FinishReason.STOP,
        tokens=sum(counts) if len(counts) == len(captions) else None,
        seconds=sum(caption.seconds or 0.0 for caption in captions),
        windows=windows,
    )


def check_caption(outcome: object) -> Caption | ItemError:
    """Return a captioner's result without control characters, or an error if it is not usable."""
    if isinstance(outcome, ItemError):
        return outcome
    fault = _find_fault(outcome)
    if fault is not None or not isinstance(outcome, Caption):
        return CaptionError(
            FailureReason.BACKEND_ERROR, f"the captioner gave {fault}", retryable=True
        )
    text = _FORBIDDEN.sub("", outcome.text)
    # A caption that was cut is continued exactly where it ends: its final space must stay.
    text = text.lstrip() if outcome.finish_reason is FinishReason.LENGTH else text.strip()
    if not text.strip():
        return CaptionError(FailureReason.EMPTY_CAPTION, "the caption is empty", retryable=True)
    if is_repeated_token(text):
        detail = f"the caption repeats one token: {text.strip()[:40]!r}; try dtype = 'bfloat16'"
        return CaptionError(FailureReason.REPEATED_TOKEN, detail)
    return check_length(replace(outcome, text=text))


def check_length(caption: Caption) -> Caption | CaptionError:
    """Return a caption, or an error if it has more than `MAX_CHARACTERS`."""
    if len(caption.text) > MAX_CHARACTERS:
        detail = f"the caption has {len(caption.text):,} characters"
        return CaptionError(FailureReason.CAPTION_TOO_LONG, detail)
    return caption


def _find_fault(outcome: object) -> str | None:
    """Describe what is wrong with a back-end's result, which may be any object; None: nothing."""
    if not isinstance(outcome, Caption):
        return f"a {type(outcome).__name__} instead of a caption"
    text: object = outcome.text
    reason: object = outcome.finish_reason
    if not isinstance(text, str) or not isinstance(reason, FinishReason):
        return f"a text of type {type(text).__name__}, or the finish reason {str(reason)!r:.50}"
    try:
        json.dumps(dict(outcome.measurements), allow_nan=False)
    except (TypeError, ValueError) as error:
        return f"measurements that are no JSON values: {error}"
    return None


def _split_task(task: CaptionTask, longest: float | None) -> list[_Part]:
    """Split a task into the pieces that the captioner takes; finished ones have their caption."""
    pieces = cut_windows(task.media, longest)
    parts = []
    for piece, before in zip(pieces, _split_earlier(task, len(pieces)), strict=True):
        prompt = _render_task_prompt(task, piece, len(pieces)) if task.template else None
        excerpt = Excerpt(task.kind, task.position, piece.media, prompt, whole=task.whole)
        if before is None:
            parts.append(_Part(piece, excerpt))
        elif before.finish_reason is FinishReason.STOP:
            parts.append(_Part(piece, excerpt, before))
        else:
            continued = replace(excerpt, prefix=before.text)
            parts.append(_Part(piece, continued, tokens_before=before.tokens or 0))
    return parts


def _split_earlier(task: CaptionTask, count: int) -> Sequence[Caption | None]:
    """Return the earlier caption of each of `count` pieces."""
    if task.earlier is None:
        return [None] * count
    if count == 1:
        return [task.earlier]
    return [
        Caption(window.text, window.finish_reason, tokens=window.tokens)
        for window in task.earlier.windows
    ]


def _render_task_prompt(task: CaptionTask, piece: Piece, count: int) -> Prompt:
    window = {"start": round(piece.start), "end": round(piece.end)} if count > 1 else None
    return render_prompt(
        task.template,
        {
            "kind": task.kind.value,
            "whole": task.position == WHOLE,
            "part": POSITION_NAMES[task.kind][task.position],
            "window": window,
            "title": task.metadata.get("title"),
            "creator": task.metadata.get("creator"),
            "metadata": task.metadata,
        },
    )


def _measure_part(part: _Part) -> float:
    """Return the length of an input in samples or pixels, plus the text that it continues."""
    media = part.excerpt.media
    size = media.pixels.size if isinstance(media, Picture) else len(media.samples)
    return size + len(part.excerpt.prefix)


def _finish_part(part: _Part, outcome: object, seconds: float) -> Caption | ItemError:
    checked = check_caption(outcome)
    if isinstance(checked, ItemError):
        return checked
    tokens = None if checked.tokens is None else checked.tokens + part.tokens_before
    return replace(checked, tokens=tokens, seconds=seconds)


def _join_parts(parts: Sequence[_Part]) -> Caption | ItemError | None:
    """Join the captions of a task's parts; an error or None if one part has that."""
    captions = []
    for part in parts:
        if part.outcome is None or isinstance(part.outcome, ItemError):
            return part.outcome
        captions.append(part.outcome)
    return check_length(join_captions([part.piece for part in parts], captions))
