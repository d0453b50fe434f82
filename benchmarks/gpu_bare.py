"""A network as transformers loads and generates it, without cmean: the baseline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psutil

from cmean import torch_tools
from cmean.backends import checkpoints
from cmean.backends.captioners.conversation import convert_to_image
from cmean.domain import Question, Sound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ANSWER = 60
"""Tokens of a mapper's answer, which has no grammar here: five triples have about as many."""


_ENCODERS = ("visual", "audio_tower", "vision")
"""Parts of the names of weights that a step does not read: those of encoders of media."""


class BareModel:
    """A checkpoint on the device, by transformers' own classes.

    Args:
        folder: of the checkpoint.
        dtype: of its weights.
    """

    def __init__(self, folder: Path, dtype: str) -> None:
        import transformers

        config = transformers.AutoConfig.from_pretrained(folder)
        network_class = getattr(transformers, config.architectures[0])
        self.network: Any = checkpoints.load_model(network_class, folder, dtype=dtype)
        is_text = config.get_text_config() is config
        load: Any = transformers.AutoTokenizer if is_text else transformers.AutoProcessor
        self.processor: Any = load.from_pretrained(folder)
        self.tokenizer: Any = getattr(self.processor, "tokenizer", self.processor)
        self.tokenizer.padding_side = "left"
        ends = self.network.generation_config.eos_token_id
        self.ends = set(ends if isinstance(ends, list) else [ends])

    def prepare(self, items: Sequence[Any]) -> dict[str, Any]:
        """Make the tensors of a batch, on the device."""
        if isinstance(items[0], Question):
            texts = [f"{item.prompt.system}\n{item.prompt.user}" for item in items]
            tensors = self.tokenizer(texts, padding=True, return_tensors="pt")
        else:
            tensors = self._prepare_excerpts(items)
        network = self.network
        return {
            name: one.to(network.device, network.dtype if one.is_floating_point() else None)
            for name, one in tensors.items()
        }

    def _prepare_excerpts(self, items: Sequence[Any]) -> Any:  # noqa: ANN401 - of transformers
        hears = isinstance(items[0].media, Sound)
        medium = {"type": "audio" if hears else "image"}
        content = [medium, {"type": "text", "text": items[0].prompt.user}]
        messages = [{"role": "user", "content": content}]
        template = self.processor.chat_template or self.tokenizer.chat_template
        text = self.tokenizer.apply_chat_template(
            messages, chat_template=template, add_generation_prompt=True, tokenize=False
        )
        given: dict[str, Any] = (
            {
                "audio": [item.media.samples for item in items],
                "audio_kwargs": {"sampling_rate": items[0].media.rate},
            }
            if hears
            else {"images": [convert_to_image(item.media) for item in items]}
        )
        return self.processor(text=[text] * len(items), padding=True, return_tensors="pt", **given)

    def generate(self, items: Sequence[Any], longest: int, *, whole: bool = False) -> list[int]:
        """Sample a text of each item and return their numbers of tokens; `whole`: all `longest`."""
        import torch

        prepared = self.prepare(items)
        if isinstance(items[0], Question):
            longest, whole = (longest if whole else min(longest, _ANSWER)), True
        with torch.inference_mode():
            rows = self.network.generate(
                **prepared,
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                repetition_penalty=1.0,
                max_new_tokens=longest,
                min_new_tokens=longest if whole else None,
                pad_token_id=self.tokenizer.pad_token_id,
            )
        written = rows[:, prepared["input_ids"].shape[1] :].tolist()
        return [self._measure_length(row) for row in written]

    def _measure_length(self, row: Sequence[int]) -> int:
        end = next((place for place, token in enumerate(row) if token in self.ends), None)
        return len(row) if end is None else end + 1

    def measure_step(self, items: Sequence[Any], tokens: int) -> tuple[float, float]:
        """Measure a step of a batch: seconds, and the bytes of weights and cache that it reads.

        It is the difference between texts of `tokens` and of five times as many.
        """
        seconds = []
        for longest in (tokens, tokens, 5 * tokens):  # the first warms
            _wait()
            started = time.perf_counter()
            self.generate(items, longest, whole=True)
            _wait()
            seconds.append(time.perf_counter() - started)
        step = max(seconds[2] - seconds[1], 1e-9) / (4 * tokens)
        table = self.network.get_input_embeddings().weight  # of which a step reads a row
        if table is self.network.get_output_embeddings().weight:
            table = None
        size = sum(
            weight.numel() * weight.element_size()
            for name, weight in self.network.named_parameters()
            if weight is not table and not any(part in name for part in _ENCODERS)
        )
        context = self.prepare(items)["input_ids"].shape[1] + 3 * tokens
        return step, size + len(items) * context * self._count_cache_bytes()

    def _count_cache_bytes(self) -> int:
        """Bytes of the cache for one token."""
        config = self.network.config.get_text_config()
        heads = config.num_attention_heads
        width = getattr(config, "head_dim", None) or config.hidden_size // heads
        keys = getattr(config, "num_key_value_heads", None) or heads
        return int(2 * config.num_hidden_layers * keys * width * self.network.dtype.itemsize)


def measure_bandwidth() -> float:
    """Measure how many bytes a second a copy within the device's memory reads and writes."""
    import torch

    device = torch_tools.choose_device()
    size = 1 << (30 if device.type == "cuda" else 24)
    source = torch.ones(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    best = float("inf")
    for _ in range(10):
        _wait()
        started = time.perf_counter()
        target.copy_(source)
        _wait()
        best = min(best, time.perf_counter() - started)
    return 2 * size / best


def get_memory_mib() -> float:
    """The memory in use: of the GPU, else of the process, in MiB."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.memory_allocated() / 2**20
    return float(psutil.Process().memory_info().rss) / 2**20


def _wait() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
