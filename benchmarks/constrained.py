"""What it costs to hold answers to a pattern, at the vocabulary of a real language model.

    python benchmarks/constrained.py

The tokenizer is a byte-level BPE of 151,000 tokens, made here. Printed are the mask's cost for each
token of each answer (compute: which tokens may come next; apply: strike out the others' logits),
and the same decoding with and without it, by a model so small that the logits are nearly all of its
work.
"""

from __future__ import annotations

import itertools
import re
import string
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from cmean.backends import registry
from cmean.domain import Prompt, Question
from cmean.generation.patterns import PatternMatchers
from cmean.inference import structured_answers

VOCABULARY = 151_000
TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}"
END = "<|im_end|>"
BATCHES = (1, 8, 32)
ROUNDS = 3
FIVE = structured_answers.build_pattern(5)


def tokenizer() -> Any:  # noqa: ANN401 - of transformers
    """All bytes, numbers to three digits, what triples are made of, then strings of letters."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers  # noqa: PLC0415 - of an extra

    transformers: Any = import_module("transformers")

    names = [END, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    vocabulary = {name: number for number, name in enumerate(names)}
    merges: list[tuple[str, str]] = []

    def add(left: str, right: str) -> None:
        if len(vocabulary) < VOCABULARY and left + right not in vocabulary:
            vocabulary[left + right] = len(vocabulary)
            merges.append((left, right))

    for left, right in [("R", "G"), ("RG", "B"), ("RGB", ":"), ("Ġ", "("), (")", "Ġ"), (")Ġ", "(")]:
        add(left, right)
    for alphabet in (string.digits, string.ascii_lowercase):
        for length in (2, 3, 4):
            if (alphabet, length) != (string.digits, 4):
                for letters in itertools.product(alphabet, repeat=length):
                    add("".join(letters[:-1]), letters[-1])
    bpe = Tokenizer(models.BPE(vocabulary, merges))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token=END, pad_token=END, chat_template=TEMPLATE
    )


def build(folder: Path) -> Any:  # noqa: ANN401 - of transformers
    """Write a checkpoint with that tokenizer; returns the tokenizer."""
    import torch

    transformers: Any = import_module("transformers")

    torch.manual_seed(0)
    words = tokenizer()
    config = transformers.Qwen3Config(
        vocab_size=len(words),
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=1024,
        eos_token_id=0,
    )
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    words.save_pretrained(folder)
    return words


def mask_cost(patterns: PatternMatchers, words: Any, rows: int) -> tuple[float, float]:  # noqa: ANN401 - of transformers
    """Milliseconds a token a row: of computing and of applying the mask, mean over an answer."""
    import torch

    answer = words("RGB: (200,100,50) (12,0,255) (7,77,177) (1,2,3) (99,240,30)")["input_ids"]
    held = {row: patterns.create_matcher(FIVE) for row in range(rows)}
    total = 0.0
    for token in answer:
        scores = torch.zeros(rows, VOCABULARY)
        start = time.perf_counter()
        patterns.mask_scores(scores, held)
        patterns.executor.consume_token_par([(matcher, token) for matcher in held.values()])
        total += time.perf_counter() - start
        assert torch.isfinite(scores[:, token]).all()
    computed = 0.0
    matchers = [(patterns.create_matcher(FIVE), row) for row in range(rows)]
    bits = torch.zeros(rows, (VOCABULARY + 31) // 32, dtype=torch.int32)
    for token in answer:
        start = time.perf_counter()
        patterns.executor.unsafe_compute_mask_ptr(
            matchers, bits.data_ptr(), bits.shape[1] * 4, rows
        )
        patterns.executor.consume_token_par([(matcher, token) for matcher, _ in matchers])
        computed += time.perf_counter() - start
    unit = 1000 / len(answer) / rows
    return computed * unit, (total - computed) * unit


def decoding(model: Any, rows: int, pattern: str | None) -> float:  # noqa: ANN401 - a LanguageModel
    """Milliseconds a token a row, the best of some rounds."""
    questions = [
        Question(
            Prompt("rate"),
            structured_answers.limit_tokens(5) if pattern else 40,
            pattern,
            1.0,
            seed,
        )
        for seed in range(rows)
    ]
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        answers = model.write(questions)
        steps = max(answer.tokens for answer in answers)
        best = min(best, 1000 * (time.perf_counter() - start) / steps / rows)
        assert pattern is None or all(re.fullmatch(pattern, answer.text) for answer in answers)
    return best


def main() -> None:
    """Print the costs."""
    with tempfile.TemporaryDirectory() as name:
        words = build(Path(name))
        start = time.perf_counter()
        patterns = PatternMatchers(words, VOCABULARY, [0])
        patterns.create_matcher(FIVE)
        print(f"vocabulary {len(words):,}; prepared in {time.perf_counter() - start:.2f} s, once")
        model = registry.create_mapper("qwen3", {"model": name, "dtype": "float32"})
        model.load()
        print("ms a token a row   compute     apply   decoding with    without")
        for rows in BATCHES:
            mask_cost(patterns, words, rows)
            compute, apply = mask_cost(patterns, words, rows)
            held, free = decoding(model, rows, FIVE), decoding(model, rows, None)
            print(f"{rows:5} rows       {compute:10.3f}{apply:10.3f}{held:16.3f}{free:11.3f}")


if __name__ == "__main__":
    main()
