"""Trying a back-end out: built, loaded, used on a chord, a gradient or a sentence, unloaded."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cmean.backends import hub, registry
from cmean.backends.check_results import (
    QUESTIONS,
    TEXTS,
    compare_directions,
    compare_triples,
    compare_unrelated_answers,
    compare_unrelated_vectors,
    compare_words,
    describe_answer,
    describe_caption,
    describe_triple,
    describe_vector,
)
from cmean.domain import WHOLE, Excerpt, Kind, Picture, Prompt, Role, Sound
from cmean.errors import CmeanError, MissingExtraError
from cmean.protocols import LanguageModel
from cmean.weights import store
from cmean.weights.packages import find_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cmean.backends.info import BackendInfo
    from cmean.protocols import Backend, Captioner, Embedder, EmotionMapper

_CHORD = (220.0, 277.2, 329.6)
_SIDE = 224


@dataclass(frozen=True, slots=True)
class BackendCheck:
    """What was tried, whether it went well, and the message."""

    check: str
    ok: bool
    detail: str


def make_sample_excerpts(kind: Kind, rate: int, prompt: Prompt | None) -> list[Excerpt]:
    """Make two unlike excerpts of a kind.

    Sounds of about a second at `rate` in Hz, a chord and bursts of noise; or two small gradients.
    """
    media: list[Sound] | list[Picture]
    if kind is Kind.TRACK:
        media = [
            Sound(_make_chord(_CHORD, rate, rate), rate),
            Sound(_make_bursts(rate, rate + 77), rate),
        ]
    else:
        media = [
            Picture(_make_gradient(_SIDE, _SIDE)),
            Picture(_make_gradient(_SIDE, _SIDE + 32)[:, ::-1]),
        ]
    return [Excerpt(kind, WHOLE, medium, prompt) for medium in media]


def _make_chord(tones: Sequence[float], rate: int, samples: int) -> Any:  # noqa: ANN401 - an array
    seconds = np.arange(samples) / rate
    waves = [np.sin(2 * np.pi * tone * seconds) for tone in tones]
    return (0.2 * np.sum(waves, axis=0) * np.exp(-seconds)).astype(np.float32)


def _make_bursts(rate: int, samples: int) -> Any:  # noqa: ANN401 - an array
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, samples)
    since_burst = np.arange(samples) % (rate // 4) / rate
    return (noise * np.exp(-30 * since_burst)).astype(np.float32)


def _make_gradient(height: int, width: int) -> Any:  # noqa: ANN401 - an array
    down, across = np.mgrid[0:height, 0:width]
    channels = (255 * down / height, 255 * across / width, np.full((height, width), 96.0))
    return np.stack(channels, axis=-1).astype(np.uint8)


def check_backend(
    info: BackendInfo,
    parameters: Mapping[str, Any],
    prompts: Mapping[Kind, Prompt | None],
) -> Iterator[BackendCheck]:
    """Try a back-end out, giving each check as soon as it is made. Ends at what makes more useless.

    Args:
        info: of the back-end.
        parameters: that it is built with.
        prompts: of the kinds that it takes, if it is a captioner.
    """
    parameters = registry.complete_parameters(info, parameters)
    step = "installed"
    try:
        yield BackendCheck(step, ok=True, detail=_check_installation(info))
        step = "weights"
        yield BackendCheck(step, ok=True, detail=_check_weights(info, parameters))
        step = "loaded"
        backend = registry.create_backend(info.name, info.role, parameters)
        revision = backend.revision
        started = time.perf_counter()
        backend.load()
        seconds = time.perf_counter() - started
    except Exception as error:  # noqa: BLE001 - a back-end may raise anything
        yield BackendCheck(step, ok=False, detail=_describe_in_one_line(error))
        return
    yield BackendCheck(step, ok=True, detail=f"in {seconds:.1f} s, revision {revision}")
    for name, use in _list_uses(info, backend, prompts).items():
        yield from _check_use(name, use)
    yield BackendCheck("memory", ok=True, detail=_describe_memory())
    yield _try("unloaded", lambda: _unload(backend))


def _check_installation(info: BackendInfo) -> str:
    if not info.installed:
        raise MissingExtraError(f"back-ends like {info.name}", info.extra)
    return f"with the extra {info.extra}" if info.extra else "no extra needed"


def _check_weights(info: BackendInfo, parameters: Mapping[str, Any]) -> str:
    licence = info.licence if info.commercial else f"{info.licence} (not for commercial use)"
    if info.packages:
        return f"{_require_packages(info.packages)}; licence {licence}"
    if not info.model:
        return f"none needed; licence {licence}"
    model = str(parameters["model"])
    found = hub.locate_checkpoint(model, str(parameters.get("revision", "")))
    known = f"licence {licence}" if model == info.model else "licence as its publisher states"
    return f"{model}, revision {found.revision}; {known}"


def _require_packages(names: Sequence[str]) -> str:
    """Check that weight packages are ready, and return their titles."""
    found = [find_package(name) for name in names]
    for package in found:
        store.require_package(package, thorough=True)
    return ", ".join(package.title for package in found)


def _unload(backend: Backend) -> str:
    backend.unload()
    return "its memory is released"


class _Use:
    """One way to use a back-end, and what must hold of its results.

    Args:
        apply: gives a result for each input.
        inputs: unlike each other.
        describe: a single result; raises where it is none.
        alike: compares a result with that of the same input in a batch.
        unlike: compares the results of all inputs, where they must differ.
    """

    def __init__(
        self,
        apply: Callable[[Any], Sequence[Any]],
        inputs: Sequence[Any],
        describe: Callable[[Any], str],
        alike: Callable[[Any, Any], str],
        unlike: Callable[[Sequence[Any]], str] | None = None,
    ) -> None:
        self.apply = apply
        self.inputs = inputs
        self.describe = describe
        self.alike = alike
        self.unlike = unlike


def _list_uses(
    info: BackendInfo, backend: Backend, prompts: Mapping[Kind, Prompt | None]
) -> dict[str, _Use]:
    if info.role is Role.CAPTIONER:
        captioner = cast("Captioner", backend)
        return {
            f"{kind.value} caption": _Use(
                captioner.caption,
                make_sample_excerpts(kind, info.rate, prompts.get(kind)),
                describe_caption,
                compare_words,
            )
            for kind in info.kinds
        }
    if info.role is Role.EMBEDDER:
        embedder = cast("Embedder", backend)
        media = {
            f"{kind.value} vector": _Use(
                embedder.embed,
                make_sample_excerpts(kind, info.rate, None),
                describe_vector,
                compare_directions,
                # synthetic pictures may well look alike to a model of photographs
                compare_unrelated_vectors if kind is Kind.TRACK else None,
            )
            for kind in info.kinds
        }
        texts = _Use(
            embedder.embed_texts,
            TEXTS,
            describe_vector,
            compare_directions,
            compare_unrelated_vectors,
        )
        return media | {"text vector": texts}
    if isinstance(backend, LanguageModel):
        describe = describe_answer(backend)
        return {
            "answer": _Use(
                backend.write, QUESTIONS, describe, compare_words, compare_unrelated_answers
            )
        }
    mapper = cast("EmotionMapper", backend)
    unlike = None if info.constant else compare_unrelated_answers
    return {"triple": _Use(mapper.map, TEXTS, describe_triple, compare_triples, unlike)}


def _check_use(name: str, use: _Use) -> Iterator[BackendCheck]:
    """Check the results of single inputs, a batch of two with them, and that they differ."""
    singles: list[Any] = []

    def one_by_one() -> str:
        singles.extend(_apply(use, [given])[0] for given in use.inputs)
        return use.describe(singles[0])

    def together() -> str:
        batch = _apply(use, use.inputs[:2])
        return "; ".join(dict.fromkeys(map(use.alike, singles, batch)))

    first = _try(name, one_by_one)
    yield first
    if first.ok:
        yield _try(f"{name}, batch of 2", together)
        if use.unlike is not None:
            yield _try(f"{name}, unrelated inputs", lambda: str(use.unlike and use.unlike(singles)))


def _apply(use: _Use, inputs: Sequence[Any]) -> Sequence[Any]:
    results = use.apply(inputs)
    if len(results) != len(inputs):
        raise CmeanError(f"{len(results)} results for {len(inputs)} inputs")
    return results


def _try(name: str, do: Callable[[], str]) -> BackendCheck:
    try:
        return BackendCheck(name, ok=True, detail=do())
    except Exception as error:  # noqa: BLE001 - a back-end may raise anything
        return BackendCheck(name, ok=False, detail=_describe_in_one_line(error))


def _describe_memory() -> str:
    """Describe the memory that the process holds now, and the peak of a GPU."""
    import psutil  # noqa: PLC0415 - most of the module's users never ask

    parts = [f"{psutil.Process().memory_info().rss / 2**20:,.0f} MiB of main memory"]
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        parts.append(f"up to {torch.cuda.max_memory_allocated() / 2**20:,.0f} MiB of the GPU's")
    return ", ".join(parts)


def _describe_in_one_line(error: Exception) -> str:
    message = " ".join(str(error).split())
    return message if isinstance(error, CmeanError) else f"{type(error).__name__}: {message}"[:500]
