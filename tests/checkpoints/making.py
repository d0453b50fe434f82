"""What the builders of checkpoints share: random weights, and vocabularies that spell letters."""

import string


def redrawn(model, seed=0):
    """The model with its matrices from N(0, 0.2): the usual initialisation gives flat logits.

    Biases and norms stay as they are: at random, they would drown what the input says.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.ndim > 1:
                weights.copy_(torch.randn(weights.shape, generator=generator) * 0.2)
    return model.eval()


def numbered(*tokens):
    """A vocabulary: tokens with their ids."""
    return {token: number for number, token in enumerate(dict.fromkeys(tokens))}


def bytes_of_bpe():
    """The signs by which byte-level BPE spells the 256 bytes."""
    from tokenizers.pre_tokenizers import ByteLevel  # noqa: PLC0415 - of an extra

    return sorted(ByteLevel.alphabet())


def bert_tokenizer(**options):
    """WordPiece over single letters."""
    from transformers import BertTokenizer

    signs = string.ascii_lowercase + string.digits + ".,:!?'-"
    pieces = [*signs, *(f"##{sign}" for sign in signs)]
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    return BertTokenizer(vocab=numbered(*special, *pieces), **options)
