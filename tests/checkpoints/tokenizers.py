"""Tokenizers of one token a byte, and weights that write only what reads back the same."""

from __future__ import annotations

import string

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% else %}"
    "{{ placeholders[part['type']] }}"
    "{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def chatml(**placeholders):
    """A chat template in the manner of Qwen's, with what stands for each medium."""
    return "{% set placeholders = " + repr(placeholders) + " %}" + CHATML


def of_bytes(special, *, named=None, eos="<|im_end|>", pad="<|endoftext|>", template=None):
    """A byte-level tokenizer with these special tokens; `named` are further attributes of it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers  # noqa: PLC0415 - slow to import
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE(vocab={byte: n for n, byte in enumerate(alphabet)}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = decoders.ByteLevel()
    tokens = list(dict.fromkeys([eos, pad, *special]))
    core.add_special_tokens(tokens)
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token=eos,
        pad_token=pad,
        additional_special_tokens=[t for t in tokens if t not in {eos, pad}],
        padding_side="left",
        chat_template=template,
        **(named or {}),
    )


def redraw(model, tokenizer, ends=None, seed=0):
    """Draw all weights from N(0, 0.2), those of norms excepted, and tame what is written.

    The default initialisation gives near-flat scores. Only printable characters and the `ends` of
    a turn have a score other than 0, which never wins: so a caption's text has its tokens.
    """
    import torch

    torch.manual_seed(seed)
    for name, weight in model.named_parameters():
        if weight.dim() > 1 or "norm" not in name:
            torch.nn.init.normal_(weight, 0.0, 0.2)
    head = model.get_output_embeddings().weight
    written = tokenizer(string.ascii_letters + string.digits + " .,;", add_special_tokens=False)
    keep = torch.zeros(len(head), dtype=torch.bool)
    keep[[*written["input_ids"], *(ends or [tokenizer.eos_token_id])]] = True
    with torch.no_grad():
        head[~keep] = 0.0
    return model


def save(folder, model, processor, **generation):
    """Write model and processor as published checkpoints are written."""
    for name, value in generation.items():
        setattr(model.generation_config, name, value)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
