"""Excerpts in, valid captions or typed failures out."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cmean.domain import (
    POSITION_NAMES,
    WHOLE,
    Caption,
    Excerpt,
    FinishReason,
    Picture,
    Window,
)
from cmean.errors import CaptionError, CmeanError, ItemError
from cmean.inference.prompting import render
from cmean.inference.windows import Piece, cut, join
from cmean.protocols import PreparingCaptioner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmean.domain import Kind, Prompt, Sound
    from cmean.inference.batching import Batcher
    from cmean.protocols import Captioner

MAX_CHARACTERS = 200_000
"""A longer caption is refused: no captioner of a picture or a track has that much to say."""


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """One caption to write.

    Args:
        kind: of the item.
        position: of the fragment.
        media: the fragment.
        template: of the prompt; empty: none.
        title: for the prompt; None: it is not told.
        creator: likewise.
        earlier: a caption that was cut, to go on with; None: to be begun.
        whole: the whole item that the fragment is of; None where it is not at hand.
    """

    kind: Kind
    position: int
    media: Sound | Picture
    template: str = ""
    title: str | None = None
    creator: str | None = None
    earlier: Caption | None = None
    whole: Sound | Picture | None = None


@dataclass(slots=True, eq=False)
class _Part:
    """A piece of an assignment; `found` is what was written of it."""

    piece: Piece
    excerpt: Excerpt
    found: Caption | ItemError | None = None
    before: int = 0


class Captioning:
    """Captions being written: prepared, maybe in another thread, then carried out.

    Args:
        captioner: loaded.
        batcher: remembers how much it takes at once.
        assignments: what to caption.
    """

    def __init__(
        self, captioner: Captioner, batcher: Batcher, assignments: Sequence[Assignment]
    ) -> None:
        self.captioner = captioner
        self.batcher = batcher
        longest = getattr(captioner, "window_seconds", None)
        self._parts = [_parts(each, longest) for each in assignments]
        self._batches: list[tuple[list[_Part], Any]] = []

    def prepare(self) -> None:
        """Run the captioner's preprocessing."""
        open_ = [part for parts in self._parts for part in parts if part.found is None]
        for chunk in self.batcher.chunks(open_, _length):
            batch = [open_[number] for number in chunk]
            self._batches.append((batch, self._prepared([part.excerpt for part in batch])))

    def _prepared(self, excerpts: Sequence[Excerpt]) -> object:
        if not isinstance(self.captioner, PreparingCaptioner):
            return None
        try:
            return self.captioner.prepare(excerpts)
        except Exception:  # noqa: BLE001 - captioning them one by one shows whose fault it is
            return None

    def carry_out(self, stopped: Callable[[], bool]) -> list[Caption | ItemError | None]:
        """Caption; the results in the order of the assignments, None where it was stopped.

        Raises:
            CmeanError: of the back-end, concerning no item, before anything was written. Later it
                only stops, so that what was written is kept; whoever goes on meets it again.
        """
        for number, (batch, prepared) in enumerate(self._batches):
            if stopped():
                break
            started = time.perf_counter()
            try:
                found = self._captioned([part.excerpt for part in batch], prepared)
            except CmeanError:
                if number == 0:
                    raise
                break
            share = (time.perf_counter() - started) / len(batch)
            for part, outcome in zip(batch, found, strict=True):
                part.found = _valid_part(outcome, part, share)
        self._batches.clear()
        return [_joined(parts) for parts in self._parts]

    def _captioned(
        self, excerpts: Sequence[Excerpt], prepared: object
    ) -> list[Caption | ItemError]:
        waiting = [prepared]

        def apply(batch: Sequence[Excerpt]) -> list[Caption | ItemError]:
            ready = waiting.pop() if waiting else None  # of the first attempt, at all of them
            if ready is not None and isinstance(self.captioner, PreparingCaptioner):
                return list(self.captioner.generate(ready))
            return list(self.captioner.caption(batch))

        return self.batcher.apply(apply, excerpts)


def _parts(assignment: Assignment, longest: float | None) -> list[_Part]:
    pieces = cut(assignment.media, longest)
    earlier = _earlier(assignment, pieces)
    parts = []
    for piece, before in zip(pieces, earlier, strict=True):
        prompt = _prompt(assignment, piece, len(pieces)) if assignment.template else None
        excerpt = Excerpt(
            assignment.kind, assignment.position, piece.media, prompt, whole=assignment.whole
        )
        if before is None:
            parts.append(_Part(piece, excerpt))
        elif before.finish_reason is FinishReason.STOP:
            parts.append(_Part(piece, excerpt, before))
        else:
            going_on = replace(excerpt, prefix=before.text)
            parts.append(_Part(piece, going_on, before=before.tokens or 0))
    return parts


def _earlier(assignment: Assignment, pieces: Sequence[Piece]) -> Sequence[Caption | None]:
    """What was written of each piece before."""
    if assignment.earlier is None:
        return [None] * len(pieces)
    if len(pieces) == 1:
        return [assignment.earlier]
    return [_of_window(window) for window in assignment.earlier.windows]


def _of_window(window: Window) -> Caption:
    return Caption(window.text, window.finish_reason, tokens=window.tokens)


def _prompt(assignment: Assignment, piece: Piece, pieces: int) -> Prompt:
    window = {"start": round(piece.start), "end": round(piece.end)} if pieces > 1 else None
    return render(
        assignment.template,
        {
            "kind": assignment.kind.value,
            "whole": assignment.position == WHOLE,
            "part": POSITION_NAMES[assignment.kind][assignment.position],
            "window": window,
            "title": assignment.title,
            "creator": assignment.creator,
        },
    )


def _length(part: _Part) -> float:
    """Samples or pixels, and what is to be read besides: alike in length, alike in a batch."""
    media = part.excerpt.media
    size = media.pixels.size if isinstance(media, Picture) else len(media.samples)
    return size + len(part.excerpt.prefix)


def _valid_part(outcome: object, part: _Part, seconds: float) -> Caption | ItemError:
    found = validated(outcome)
    if isinstance(found, ItemError):
        return found
    tokens = None if found.tokens is None else found.tokens + part.before
    return replace(found, tokens=tokens, seconds=seconds)


def _joined(parts: Sequence[_Part]) -> Caption | ItemError | None:
    captions = []
    for part in parts:
        if part.found is None or isinstance(part.found, ItemError):
            return part.found
        captions.append(part.found)
    found = join([part.piece for part in parts], captions)
    if len(found.text) > MAX_CHARACTERS:
        return CaptionError("caption-too-long", f"the caption has {len(found.text):,} characters")
    return found


def validated(found: object) -> Caption | ItemError:
    """The caption without control characters, or why it is of no use."""
    if isinstance(found, ItemError):
        return found
    fault = _fault(found)
    if fault is not None or not isinstance(found, Caption):
        return CaptionError("backend-error", f"the captioner gave {fault}", retryable=True)
    text = _BAD.sub("", found.text)
    # What was cut is gone on with just where it ends.
    text = text.lstrip() if found.finish_reason is FinishReason.LENGTH else text.strip()
    if not text.strip():
        return CaptionError("empty-caption", "the captioner wrote nothing", retryable=True)
    if len(text) > MAX_CHARACTERS:
        return CaptionError("caption-too-long", f"the caption has {len(text):,} characters")
    return replace(found, text=text)


def _fault(found: object) -> str | None:
    """What is wrong with what a back-end gave, which may be anything."""
    if not isinstance(found, Caption):
        return f"a {type(found).__name__} instead of a caption"
    text: object = found.text
    reason: object = found.finish_reason
    if not isinstance(text, str) or not isinstance(reason, FinishReason):
        return f"a text of type {type(text).__name__}, or the finish reason {str(reason)!r:.50}"
    try:
        json.dumps(dict(found.measurements), allow_nan=False)
    except (TypeError, ValueError) as error:
        return f"measurements that are no JSON values: {error}"
    return None


_BAD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters but newline and tab, and lone surrogates, which no database takes."""
