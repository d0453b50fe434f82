"""What `first_hour.py` measures of one model: a row for each fact."""

from __future__ import annotations

import statistics
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gpu_bare import get_memory_mib, measure_bandwidth
from gpu_subject import STATIC_BATCH, Row, Subject, apply_to_items

from cmean import torch_tools
from cmean.domain import Caption, Role
from cmean.errors import ItemError
from cmean.protocols import get_concurrency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LEFT_FREE = 2 << 30
"""Bytes of a GPU that are left free where memory is to run out."""


def measure_one_at_a_time(subject: Subject) -> Iterator[Row]:
    """The study's way: transformers' own generation, one item at a time."""
    items = subject.make_items(3)
    subject.bare.generate(items[:1], subject.scale.longest)  # warm
    yield _describe_static(subject, "one at a time", items[1:], 1)


def measure_static(subject: Subject) -> Iterator[Row]:
    """Batches of 40 by transformers' own generation: each waits for its longest."""
    items = subject.make_items(subject.scale.static)
    yield _describe_static(subject, "static 40", items, STATIC_BATCH)


def _describe_static(subject: Subject, part: str, items: Sequence[Any], size: int) -> Row:
    started, lengths, steps = time.perf_counter(), [], 0
    for start in range(0, len(items), size):
        batch = items[start : start + size]
        found = subject.bare.generate(batch, subject.scale.longest)
        lengths += found
        steps += max(found) * len(batch)
    seconds = time.perf_counter() - started
    return _make_rate_row(
        part,
        subject,
        len(items),
        seconds,
        lengths,
        f"useful share of steps {sum(lengths) / steps:.2f}",
    )


def _make_rate_row(
    part: str, subject: Subject, count: int, seconds: float, lengths: Sequence[int], more: str
) -> Row:
    unit = "captions" if subject.model.role is Role.CAPTIONER else "answers"
    spread = f"tokens: mean {statistics.mean(lengths):.0f}, longest {max(lengths)}"
    detail = f"{count} in {seconds:.1f} s; {sum(lengths) / seconds:.0f} tokens/s; {spread}; {more}"
    return Row(part, subject.title, f"{count / seconds:.2f} {unit}/s", detail)


def measure_bound(subject: Subject) -> Iterator[Row]:
    """The share of the bound that the memory's bandwidth sets to a step of a batch."""
    bandwidth = measure_bandwidth()
    size = min(STATIC_BATCH, subject.scale.static)
    seconds, read = subject.bare.measure_step(subject.make_items(size), subject.scale.compared)
    yield Row(
        "bandwidth bound",
        subject.title,
        f"{read / seconds / bandwidth:.0%}",
        f"a step of {size} rows reads {read / 1e9:.2f} GB of weights and cache in "
        f"{seconds * 1e3:.1f} ms; a copy moves {bandwidth / 1e12:.2f} TB/s",
    )


def measure_dynamic(subject: Subject) -> Iterator[Row]:
    """The back-end of cmean, as a worker uses it."""
    yield _measure_backend("dynamic", subject, subject.loaded)


def measure_vllm(subject: Subject) -> Iterator[Row]:
    """vLLM in this process; its start is not timed."""
    subject.release()
    backend = subject.load("vllm")
    try:
        yield _measure_backend("vLLM", subject, backend)
    finally:
        backend.unload()


def _measure_backend(part: str, subject: Subject, backend: Any) -> Row:  # noqa: ANN401
    items = subject.make_items(subject.scale.items)
    apply_to_items(backend, items[:2])  # warm
    started = time.perf_counter()
    found = apply_to_items(backend, items)
    seconds = time.perf_counter() - started
    good = [one for one in found if not isinstance(one, ItemError)]
    if len(good) < len(found):
        raise next(one for one in found if isinstance(one, ItemError))
    threads = get_concurrency(backend)
    how = f"{threads} threads" if threads > 1 else f"batches of {STATIC_BATCH}"
    return _make_rate_row(part, subject, len(good), seconds, [one.tokens for one in good], how)


def measure_equality(subject: Subject) -> Iterator[Row]:
    """Whether a caption depends on what else is in its batch, in bfloat16, decoded greedily."""
    subject.release()
    backend = subject.load(
        subject.model.backend, temperature=0.0, max_new_tokens=subject.scale.compared
    )
    try:
        items = subject.make_items(subject.scale.equal)
        together = [one.text for one in apply_to_items(backend, items)]
        alone = [backend.caption([item])[0].text for item in items]
    finally:
        backend.unload()
    parted = [_find_parting(one, other) for one, other in zip(together, alone, strict=True)]
    places = sorted(place for place in parted if place is not None)
    where = f"they part at character {places[len(places) // 2]} (median)" if places else ""
    count = len(items)
    yield Row(
        "batch = single",
        subject.title,
        f"{(count - len(places)) / count:.1%}",
        f"{count - len(places)} of {count} texts of {subject.scale.compared} tokens equal; {where}",
    )


def _find_parting(one: str, other: str) -> int | None:
    """The first place where two texts differ; None: nowhere."""
    if one == other:
        return None
    same = (a == b for a, b in zip(one, other, strict=False))
    return next((place for place, equal in enumerate(same) if not equal), min(len(one), len(other)))


def measure_full_memory(subject: Subject) -> Iterator[Row]:
    """Whether captions are lost where memory runs out in the middle."""
    items = subject.make_items(min(64, subject.scale.items))
    backend = subject.loaded
    with fill_memory():
        found = apply_to_items(backend, items, size=len(items))
    captions = sum(isinstance(one, Caption) for one in found)
    after = len(apply_to_items(backend, items[:2]))
    yield Row(
        "full memory",
        subject.title,
        f"{captions} of {len(items)}",
        f"captions while memory was full; {after} of 2 afterwards",
    )


@contextmanager
def fill_memory() -> Iterator[None]:
    """Fill a GPU but for 2 GiB. On a CPU the first layer that is run finds its memory full."""
    import torch

    if torch_tools.choose_device().type == "cuda":
        torch_tools.release_memory()
        free, _ = torch.cuda.mem_get_info()
        filler = torch.empty(max(0, free - LEFT_FREE), dtype=torch.uint8, device="cuda")
        try:
            yield
        finally:
            del filler
            torch_tools.release_memory()
        return
    refused: list[bool] = []

    def refuse(*_: object) -> None:
        if not refused:
            refused.append(True)
            raise torch.OutOfMemoryError("out of memory, on purpose")

    handle = torch.nn.modules.module.register_module_forward_pre_hook(refuse)
    try:
        yield
    finally:
        handle.remove()


def measure_unloading(subject: Subject) -> Iterator[Row]:
    """How much memory is left in use once a back-end is unloaded."""
    loaded = subject.loaded is not None and get_memory_mib()
    subject.release()
    yield Row(
        "after unload",
        subject.title,
        f"{get_memory_mib():,.0f} MiB",
        f"in use; {loaded:,.0f} MiB while it was loaded",
    )


PARTS: dict[str, Callable[[Subject], Iterator[Row]]] = {
    "one": measure_one_at_a_time,
    "static": measure_static,
    "bound": measure_bound,
    "dynamic": measure_dynamic,
    "memory": measure_full_memory,
    "unload": measure_unloading,
    "equal": measure_equality,
    "vllm": measure_vllm,
}
"""The parts that are measured of each model, in order; the first three share a bare network."""

CAPTIONERS_ONLY = frozenset({"equal", "memory"})
