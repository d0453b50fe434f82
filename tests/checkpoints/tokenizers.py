"""Tiny tokenizers: a token a byte, or with few merges; and one of single letters."""

from __future__ import annotations

import json
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


def signs():
    """The signs by which byte-level BPE spells the 256 bytes."""
    from tokenizers.pre_tokenizers import ByteLevel  # noqa: PLC0415 - of an extra

    return sorted(ByteLevel.alphabet())


def numbered(*tokens):
    """A vocabulary: tokens with their ids."""
    return {token: number for number, token in enumerate(dict.fromkeys(tokens))}


def of_bytes(special, *, eos="<|im_end|>", pad="<|endoftext|>", template=None, **options):
    """A byte-level tokenizer with these special tokens, and a token a byte.

    Args:
        special: further special tokens.
        eos: ends a turn.
        pad: fills up.
        template: of chats.
        options: `named`: further attributes of it; `sentences` and `size`: what merges are learnt
            from, and how many tokens there are then; `plain`: further tokens that are not special.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: PLC0415 - slow to import
    from transformers import PreTrainedTokenizerFast

    sentences = options.get("sentences", ())
    core = Tokenizer(models.BPE(vocab=numbered(*signs()), merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=bool(sentences))
    core.decoder = decoders.ByteLevel()
    tokens = list(dict.fromkeys([eos, pad, *special]))
    if sentences:
        trainer = trainers.BpeTrainer(
            vocab_size=options["size"],
            special_tokens=tokens,
            initial_alphabet=signs(),
            show_progress=False,
        )
        core.train_from_iterator(sentences, trainer)
    core.add_special_tokens(tokens)
    core.add_tokens(list(options.get("plain", ())))
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token=eos,
        pad_token=pad,
        additional_special_tokens=[t for t in tokens if t not in {eos, pad}],
        padding_side="left",
        chat_template=template,
        **options.get("named", {}),
    )


def write_bpe(folder, before, words, merges, after):
    """Write the two files of older byte-level BPE: special tokens, words, merges, special tokens.

    Returns:
        The vocabulary.
    """
    joined = ["".join(merge.split()) for merge in merges]
    vocabulary = numbered(*before, *words, *joined, *after)
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]))
    return vocabulary


def of_letters(**options):
    """BERT's WordPiece over single letters."""
    from transformers import BertTokenizer

    letters = string.ascii_lowercase + string.digits + ".,:!?'-"
    pieces = [*letters, *(f"##{letter}" for letter in letters)]
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    return BertTokenizer(vocab=numbered(*special, *pieces), **options)
