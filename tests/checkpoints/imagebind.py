"""ImageBind with towers of two blocks: every tensor of the published checkpoint's, but small."""

import json

from checkpoints.tokenizers import write_bpe
from cmean.backends import registry
from cmean.backends.embedders.imagebind.sizes import TowerSizes

SIZES = {
    "out_embed_dim": 12,
    "vision_embed_dim": 16,
    "vision_num_blocks": 2,
    "vision_num_heads": 2,
    "audio_embed_dim": 12,
    "audio_num_blocks": 2,
    "audio_num_heads": 3,
    "text_embed_dim": 8,
    "text_num_blocks": 2,
    "text_num_heads": 2,
    "text_vocab_size": 518,
}
CHECKPOINT = "model.safetensors"


def build(folder):
    """A complete checkpoint: weights, sizes, and the files of a tokenizer of bytes."""
    from safetensors.torch import save_file  # noqa: PLC0415 - of an extra

    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights(), folder / CHECKPOINT)
    (folder / "config.json").write_text(json.dumps(SIZES))
    write_tokenizer(folder)
    return folder


def weights():
    """Its tensors by name, drawn anew; and one of a tower that is of no use here."""
    import torch

    from cmean.backends.embedders.imagebind.towers import (  # noqa: PLC0415 - it imports PyTorch
        ImageBind,
    )

    state = ImageBind(TowerSizes(**SIZES)).state_dict()
    random = torch.Generator().manual_seed(0)
    for name, tensor in state.items():
        if not name.endswith(".mask"):
            tensor.normal_(0, 0.2, generator=random)
    return state | {"modality_trunks.depth.blocks.0.norm_1.weight": torch.zeros(4)}


def write_tokenizer(folder, merges=("t h", "th e</w>", "i n", "a n")):
    """CLIP's kind of vocabulary: bytes, bytes that end a word, merges, start and end."""
    # the order of bytes is CLIP's own
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    spelt = list(bytes_to_unicode().values())
    words = [*spelt, *(f"{sign}</w>" for sign in spelt)]
    write_bpe(folder, [], words, merges, ["<|startoftext|>", "<|endoftext|>"])


def loaded(folder, **parameters):
    """The embedder of a checkpoint, ready to embed."""
    found = registry.create_embedder("imagebind", {"model": str(folder)} | parameters)
    found.load()
    return found
