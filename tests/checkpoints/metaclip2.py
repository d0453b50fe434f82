"""A MetaCLIP 2 of two layers; its texts have 16 tokens at most."""

from checkpoints import siglip
from checkpoints.making import redrawn
from checkpoints.tokenizers import of_bytes


def build(folder):
    """Write the checkpoint."""
    from transformers import CLIPImageProcessorPil, MetaClip2Config, MetaClip2Model

    tokenizer = of_bytes(
        ["<s>"],
        eos="</s>",
        pad="<pad>",
        named={"bos_token": "<s>", "model_max_length": siglip.TOKENS},
    )
    tokenizer.save_pretrained(folder)
    CLIPImageProcessorPil(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    ).save_pretrained(folder)
    layers = siglip.LAYERS | {"projection_dim": 16}
    config = MetaClip2Config(
        text_config=layers
        | {
            "vocab_size": len(tokenizer),
            "max_position_embeddings": siglip.TOKENS,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config=layers | {"image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    redrawn(MetaClip2Model(config)).save_pretrained(folder)
    return folder
