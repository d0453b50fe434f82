"""A tiny random Qwen3: the files of the real one, loaded by the same code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.tokenizers import of_bytes

if TYPE_CHECKING:
    from pathlib import Path

PAD, START, END = SPECIAL = "<|endoftext|>", "<|im_start|>", "<|im_end|>"

TEMPLATE = """\
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- if enable_thinking is defined and enable_thinking is false %}
{{- '<think>\\n\\n</think>\\n\\n' }}
{%- endif %}
{%- endif %}"""

SENTENCES = [
    "A slow and gentle piano over soft strings.",
    "Drums and bass join with a driving, energetic beat.",
    *("RGB: " + " ".join(f"({n},{n},{n})" for n in range(k, 256, 50)) for k in range(50)),
]


def tokenizer(size: int = 700):
    """A byte-level BPE of at most that size, with Qwen's special tokens and a chat template."""
    return of_bytes(
        SPECIAL,
        eos=END,
        pad=PAD,
        template=TEMPLATE,
        sentences=SENTENCES,
        size=size,
        plain=["<think>", "</think>"],
    )


def build(folder: Path, *, context: int = 32_768, layers: int = 2) -> Path:
    """Write the checkpoint; weights are drawn from N(0, 0.2)."""
    import torch
    import transformers

    words = tokenizer()
    config = transformers.Qwen3Config(
        # larger than the tokenizer, as the real one's
        vocab_size=len(words) + 10,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        eos_token_id=words.eos_token_id,
    )
    generator = torch.Generator().manual_seed(1)
    model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(0.2 * torch.randn(weight.shape, generator=generator))
    # as the real one's: sampling by default, which the back-end must not heed
    model.generation_config = transformers.GenerationConfig(
        do_sample=True,
        temperature=0.6,
        top_k=20,
        repetition_penalty=1.5,
        eos_token_id=[words.eos_token_id, words.pad_token_id],
        pad_token_id=words.pad_token_id,
    )
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
