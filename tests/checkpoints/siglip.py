"""A SigLIP 2 of two layers; its texts have 16 tokens. The second takes pictures at their ratio."""

import string

from checkpoints.making import redrawn
from checkpoints.tokenizers import numbered

TOKENS = 16
LAYERS = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}


def build(folder):
    """Write a checkpoint of a fixed size of pictures; its `model_type` is "siglip"."""
    from transformers import SiglipConfig, SiglipModel
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    config = SiglipConfig(
        text_config=_write_text(folder), vision_config=LAYERS | {"image_size": 32, "patch_size": 8}
    )
    SiglipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    redrawn(SiglipModel(config)).save_pretrained(folder)
    return folder


def build_naflex(folder):
    """Write a checkpoint that sees pictures at their own ratio; its `model_type` is "siglip2"."""
    from transformers import Siglip2Config, Siglip2Model
    from transformers.models.siglip2.image_processing_pil_siglip2 import Siglip2ImageProcessorPil

    config = Siglip2Config(
        text_config=_write_text(folder), vision_config=LAYERS | {"num_patches": 16, "patch_size": 8}
    )
    Siglip2ImageProcessorPil(patch_size=8, max_num_patches=16).save_pretrained(folder)
    redrawn(Siglip2Model(config)).save_pretrained(folder)
    return folder


def _write_text(folder):
    """Write the tokenizer, and make the configuration of the text model."""
    from transformers import Siglip2Tokenizer

    spelt = [*string.ascii_lowercase, "▁", *(f"<0x{byte:02X}>" for byte in range(256))]
    vocabulary = numbered("<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *spelt)
    tokenizer = Siglip2Tokenizer(vocab=vocabulary, merges=[], model_max_length=TOKENS)
    tokenizer.save_pretrained(folder)
    return LAYERS | {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": TOKENS,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": None,
        "projection_size": 32,
    }
