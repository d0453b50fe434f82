"""Trying a back-end out: built, loaded, used on a chord, a gradient or a sentence, unloaded."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cmean.backends import hub, registry
from cmean.domain import RGB, WHOLE, Caption, Excerpt, Kind, Picture, Prompt, Question, Role, Sound
from cmean.errors import CmeanError, MissingExtraError
from cmean.protocols import LanguageModel
from cmean.weights import store
from cmean.weights.packages import find_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cmean.backends.info import BackendInfo
    from cmean.protocols import Backend, Captioner, Embedder, EmotionMapper

TEXTS = (
    "A slow, mournful cello over a quiet piano, full of longing.",
    "A bright and joyful dance in red and gold, fast and loud.",
)
QUESTIONS = tuple(
    Question(Prompt(f"Is this calm? Answer yes or no. {text}"), 8, pattern="(yes|no)")
    for text in TEXTS
)
_CHORDS = ((220.0, 277.2, 329.6), (261.6, 311.1, 392.0))
_SIDE = 224
_WORDS_ALIKE = 5
_COSINE_ALIKE = 0.999
_UNIT = 1e-3
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class BackendCheck:
    """What was tried, whether it went well, and the message."""

    check: str
    ok: bool
    detail: str


def make_sample_excerpts(kind: Kind, rate: int, prompt: Prompt | None) -> list[Excerpt]:
    """Make two excerpts of a kind: chords of about a second at `rate` in Hz, or small gradients."""
    media: list[Sound] | list[Picture]
    if kind is Kind.TRACK:
        media = [
            Sound(_make_chord(tones, rate, rate + 77 * n), rate) for n, tones in enumerate(_CHORDS)
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
    found = hub.locate_checkpoint(model, str(parameters.get("revision", "main")))
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
    """One way to use a back-end: on a single input, on a batch, and what must hold of a result."""

    def __init__(
        self,
        apply: Callable[[Any], Sequence[Any]],
        inputs: Sequence[Any],
        describe: Callable[[Any], str],
        alike: Callable[[Any, Any], str],
    ) -> None:
        self.apply = apply
        self.inputs = inputs
        self.describe = describe
        self.alike = alike


def _list_uses(
    info: BackendInfo, backend: Backend, prompts: Mapping[Kind, Prompt | None]
) -> dict[str, _Use]:
    if info.role is Role.CAPTIONER:
        captioner = cast("Captioner", backend)
        return {
            f"{kind.value} caption": _Use(
                captioner.caption,
                make_sample_excerpts(kind, info.rate, prompts.get(kind)),
                _describe_caption,
                _compare_words,
            )
            for kind in info.kinds
        }
    if info.role is Role.EMBEDDER:
        embedder = cast("Embedder", backend)
        media = {
            f"{kind.value} vector": _Use(
                embedder.embed,
                make_sample_excerpts(kind, info.rate, None),
                _describe_vector,
                _compare_directions,
            )
            for kind in info.kinds
        }
        texts = _Use(embedder.embed_texts, TEXTS, _describe_vector, _compare_directions)
        return media | {"text vector": texts}
    if isinstance(backend, LanguageModel):
        return {"answer": _Use(backend.write, QUESTIONS, _describe_answer(backend), _compare_words)}
    mapper = cast("EmotionMapper", backend)
    return {"triple": _Use(mapper.map, TEXTS, _describe_triple, _compare_triples)}


def _check_use(name: str, use: _Use) -> Iterator[BackendCheck]:
    """Return the result of a single input, then compare a batch of two with single ones."""
    singles: list[Any] = []

    def one_by_one() -> str:
        singles.extend(_apply(use, [given])[0] for given in use.inputs)
        return use.describe(singles[0])

    def together() -> str:
        batch = _apply(use, use.inputs)
        return "; ".join(map(use.alike, singles, batch))

    first = _try(name, one_by_one)
    yield first
    if first.ok:
        yield _try(f"{name}, batch of 2", together)


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


def _describe_caption(found: Any) -> str:  # noqa: ANN401 - whatever the captioner gave
    if not isinstance(found, Caption):
        raise CmeanError(f"a {type(found).__name__} instead of a caption")
    if not found.text.strip():
        raise CmeanError("the caption is empty")
    return f"{_shorten(found.text)!r}, ended by {found.finish_reason.value}"


def _describe_answer(model: LanguageModel) -> Callable[[Any], str]:
    def describe(found: Any) -> str:  # noqa: ANN401 - whatever the model gave
        text, pattern = found.text.strip(), str(QUESTIONS[0].pattern)
        if re.fullmatch(pattern, text):
            return f"{text!r}, as the pattern wants"
        if model.constrains or not text:
            raise CmeanError(f"the answer {_shorten(text)!r} does not match {pattern}")
        return f"{_shorten(text)!r}; this model is not held to patterns"

    return describe


def _describe_triple(found: Any) -> str:  # noqa: ANN401 - whatever the mapper gave
    if not isinstance(found, RGB):
        raise CmeanError(f"a {type(found).__name__} instead of a triple")
    return f"{tuple(found)}"


def _describe_vector(found: Any) -> str:  # noqa: ANN401 - whatever the embedder gave
    vector = np.asarray(found)
    length = float(np.linalg.norm(vector))
    if vector.ndim != 1 or vector.dtype != np.float32 or not abs(length - 1) < _UNIT:
        raise CmeanError(
            f"shape {vector.shape}, {vector.dtype}, length {length:.4f}: no unit vector"
        )
    return f"float32 of {len(vector)} numbers, length {length:.4f}"


def _compare_words(single: Any, batched: Any) -> str:  # noqa: ANN401 - captions or answers
    """Compare the first words; rounding in half precision may make long texts differ later."""
    one, other = single.text.split(), batched.text.split()
    if one == other:
        return "the same"
    agreeing = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    if agreeing < _WORDS_ALIKE:
        raise CmeanError(f"{_shorten(batched.text)!r}, but alone {_shorten(single.text)!r}")
    return f"the same for {agreeing} words, then rounding parts them"


def _compare_triples(single: RGB, batched: RGB) -> str:
    if single != batched:
        raise CmeanError(f"{tuple(batched)}, but alone {tuple(single)}")
    return "the same"


def _compare_directions(single: Any, batched: Any) -> str:  # noqa: ANN401 - vectors
    cosine = float(np.dot(single, batched))
    if not cosine > _COSINE_ALIKE:
        raise CmeanError(f"cosine {cosine:.6f} with the vector that it has alone")
    return f"cosine {cosine:.6f}"


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


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
