"""Captions and triples per second on a GPU, compared with one item at a time as in the study.

    python benchmarks/gpu_models.py         # on a GPU of 80 GB; minutes
    python benchmarks/gpu_models.py --tiny  # the same code with tiny shapes, on any machine

Speed depends on a model's shape and not on its weights: the networks have the shapes of the
published config.json files and random weights, made on the device in bfloat16, so nothing is
fetched or written. Each caption has the same number of tokens. The back-ends are cmean's own, put
together from a tiny checkpoint; only the network is exchanged, and the feature extractor is that of
the real size. Triples are constrained by their pattern, five a question. The tokenizer is a tiny
one too: prompts have about as many tokens as real ones, but a step's mask is cheaper to work out.

The share of the bound is bytes of the weights × tokens / bandwidth of the device / seconds: every
step must read all weights once, whatever the batch.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import servers  # noqa: F401 - sets the path on which the tests' checkpoints are found
from gpu_shapes import QWEN2_5_VL, QWEN2_AUDIO, QWEN3, shape
from peers import TEXT

from cmean.backends import registry, torch_tools
from cmean.domain import Excerpt, Kind, Picture, Prompt, Question, Sound
from cmean.inference import structured_answers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BANDWIDTHS = {"H200": 4.8e12, "H100": 3.35e12}
"""Bytes a second, as NVIDIA states them."""
TARGET = 20  # times the study's way
BATCHES = (1, 8, 32, 64, 128, 256, 512)
ONE_BY_ONE = 2  # items that the study's way is timed over
REQUEST = Prompt("Describe what you perceive, its mood and its emotions.", "You are an expert.")


@dataclass(frozen=True)
class Scale:
    """How large everything is."""

    tiny: bool
    batches: tuple[int, ...]
    tokens: int
    seconds: int
    side: int


REAL = Scale(tiny=False, batches=BATCHES, tokens=128, seconds=30, side=448)
TINY = Scale(tiny=True, batches=(1, 2), tokens=4, seconds=2, side=56)


@dataclass(frozen=True)
class Subject:
    """A back-end whose network has the real size.

    Args:
        name: of the model.
        unit: what it gives, in the plural.
        network: of transformers.
        prepare: so many items, prepared.
        work: does what was prepared; returns the units, and the tokens of the longest row.
    """

    name: str
    unit: str
    network: Any
    prepare: Callable[[int], Any]
    work: Callable[[Any], tuple[int, int]]


def made(model_class: Any, config: Any) -> Any:  # noqa: ANN401 - of transformers
    """A network of that shape with random weights in bfloat16, made where it is to run."""
    import torch

    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(torch_tools.choose_device()):
            return model_class(config).eval()
    finally:
        torch.set_default_dtype(usual)


def captioner(name: str, folder: Path, scale: Scale) -> Subject:
    """Qwen2-Audio or Qwen2.5-VL."""
    from checkpoints import (  # noqa: PLC0415 - of the tests
        qwen2_5_vl,
        qwen2_audio,
    )

    hears = name == "qwen2-audio"
    (qwen2_audio if hears else qwen2_5_vl).build(folder)
    settings = {"model": str(folder), "max_new_tokens": scale.tokens}
    backend: Any = registry.create_captioner(name, settings)
    backend.load()
    tiny, processor = backend._network, backend._processor  # noqa: SLF001 - see the module's text
    config = shape(QWEN2_AUDIO if hears else QWEN2_5_VL, tiny.config, tiny=scale.tiny)
    network = made(type(tiny), config)
    network.generation_config = tiny.generation_config
    network.generation_config.min_new_tokens = scale.tokens
    backend._network = network  # noqa: SLF001
    if hears and not scale.tiny:
        processor.feature_extractor = type(processor.feature_extractor)(feature_size=128)
        backend.window_seconds = 30.0
    excerpt = _sound(scale.seconds) if hears else _picture(scale.side)

    def work(prepared: Any) -> tuple[int, int]:  # noqa: ANN401 - the back-end's own
        captions = backend.generate(prepared)
        return len(captions), scale.tokens

    title = "Qwen2-Audio-7B" if hears else "Qwen2.5-VL-7B"
    title += " (tiny)" * scale.tiny
    return Subject(title, "captions", network, lambda n: backend.prepare([excerpt] * n), work)


def mapper(folder: Path, scale: Scale) -> Subject:
    """Qwen3-4B, constrained to five triples a question."""
    from checkpoints import qwen3  # noqa: PLC0415 - of the tests

    backend: Any = registry.create_mapper("qwen3", {"model": str(qwen3.build(folder))})
    backend.load()
    loaded = backend._loaded  # noqa: SLF001 - see the module's text
    config = shape(QWEN3, loaded.model.config, tiny=scale.tiny)
    network = made(type(loaded.model), config)
    network.generation_config = loaded.model.generation_config
    backend._loaded = replace(loaded, model=network)  # noqa: SLF001
    said = TEXT[:90]  # nearly a byte a token here, so as many tokens as a real caption has
    captions = "\n".join(f"{number}. {said}" for number in range(1, 6))
    question = Question(
        Prompt(captions, REQUEST.system),
        structured_answers.limit_tokens(5),
        pattern=structured_answers.build_pattern(5),
    )

    def work(questions: Sequence[Question]) -> tuple[int, int]:
        answers = backend.write(questions)
        triples = [structured_answers.read_triples(answer.text, 5) for answer in answers]
        assert all(triples), "a constrained answer could not be read"
        return 5 * len(answers), max(answer.tokens for answer in answers) + 1  # and its end

    title = "Qwen3-4B, constrained" + " (tiny)" * scale.tiny
    return Subject(title, "triples", network, lambda n: [question] * n, work)


def _sound(seconds: int) -> Excerpt:
    noise = np.random.default_rng(1).normal(0, 0.1, 16_000 * seconds)
    return Excerpt(Kind.TRACK, 0, Sound(noise.astype(np.float32), 16_000), REQUEST)


def _picture(side: int) -> Excerpt:
    pixels = np.random.default_rng(1).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Excerpt(Kind.ARTWORK, 0, Picture(pixels), REQUEST)


class Device:
    """What is known of where it runs."""

    def __init__(self) -> None:
        import torch

        self.torch = torch
        self.cuda = torch_tools.choose_device().type == "cuda"
        self.name = torch.cuda.get_device_name() if self.cuda else "CPU"
        found = [rate for sign, rate in BANDWIDTHS.items() if sign in self.name]
        self.bandwidth = found[0] if found else None

    def timed(self, work: Callable[[], Any]) -> tuple[float, Any]:
        """Seconds until all of it is done, and what it gave."""
        self._wait()
        started = time.perf_counter()
        given = work()
        self._wait()
        return time.perf_counter() - started, given

    def _wait(self) -> None:
        if self.cuda:
            self.torch.cuda.synchronize()

    def forget_peak(self) -> None:
        """Measure the most memory from here."""
        if self.cuda:
            torch_tools.release_memory()
            self.torch.cuda.reset_peak_memory_stats()

    def peak(self) -> str:
        """The most memory since, in GiB."""
        return f"{self.torch.cuda.max_memory_allocated() / 2**30:.1f}" if self.cuda else ""

    def share(self, network: Any, tokens: int, seconds: float) -> str:  # noqa: ANN401
        """Of the bound that the memory's bandwidth sets."""
        if self.bandwidth is None:
            return ""
        size = sum(weight.numel() * weight.element_size() for weight in network.parameters())
        return f"{size * tokens / self.bandwidth / seconds:.0%}"


def measure(subject: Subject, scale: Scale, device: Device) -> None:
    """Print the rows of a model: the study's way, then batches until memory ends."""
    subject.work(subject.prepare(1))  # warm
    subject.network.half()
    subject.work(subject.prepare(1))
    device.forget_peak()

    def one_by_one() -> list[tuple[int, int]]:
        return [subject.work(subject.prepare(1)) for _ in range(ONE_BY_ONE)]

    seconds, given = device.timed(one_by_one)
    base = sum(units for units, _ in given) / seconds
    tokens = sum(longest for _, longest in given)
    head = f"| {subject.name} |"
    share = device.share(subject.network, tokens, seconds)
    print(
        f"{head} one at a time, fp16 | {base:.2f} {subject.unit}/s | 1 | {device.peak()} "
        f"| {share} | with it |"
    )
    subject.network.bfloat16()
    for batch in scale.batches:
        device.forget_peak()
        preparing, prepared = device.timed(partial(subject.prepare, batch))
        try:
            seconds, (units, tokens) = device.timed(partial(subject.work, prepared))
        except MemoryError:
            print(f"{head} {batch} | out of memory | | | | |")
            return
        share = device.share(subject.network, tokens, seconds)
        print(
            f"{head} {batch} | {units / seconds:.2f} {subject.unit}/s "
            f"| {units / seconds / base:.1f} | {device.peak()} | {share} | {preparing:.2f} s |",
            flush=True,
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiny", action="store_true", help="tiny shapes: is the code whole?")
    parser.add_argument("--tokens", type=int, help="of a caption")
    args = parser.parse_args()
    device = Device()
    if not (args.tiny or device.cuda):
        sys.exit("there is no GPU here, and real sizes need one; --tiny tries the code on a CPU")
    scale = TINY if args.tiny else REAL
    scale = replace(scale, tokens=args.tokens or scale.tokens)
    today = datetime.now(UTC).date()
    stated = f", {device.bandwidth / 1e12} TB/s" if device.bandwidth else ""
    print(f"{device.name}{stated}, {today}, {scale.tokens} tokens per caption")
    print("of random weights; the target is", TARGET, "times the study's way.\n")
    print(
        "| model | batch | rate | times the study's way | peak GiB | share of bound | preparing |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        subjects: list[Callable[[], Subject]] = [
            lambda: captioner("qwen2-audio", Path(name) / "audio", scale),
            lambda: captioner("qwen2.5-vl", Path(name) / "vision", scale),
            lambda: mapper(Path(name) / "text", scale),
        ]
        for make in subjects:  # one in memory at a time
            measure(make(), scale, device)
            torch_tools.release_memory()


if __name__ == "__main__":
    main()
