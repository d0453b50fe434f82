"""A BLIP of two layers."""

from checkpoints.making import redrawn
from checkpoints.tokenizers import of_letters

LAYERS = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}
PICTURE = {"image_size": 32, "patch_size": 8}


def build(folder):
    """Write the checkpoint."""
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipImageProcessorPil

    tokenizer = of_letters()
    tokenizer.save_pretrained(folder)
    BlipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    config = BlipConfig(
        text_config=LAYERS
        | {
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 128,
            "encoder_hidden_size": 32,
            "bos_token_id": tokenizer.cls_token_id,
            "eos_token_id": tokenizer.sep_token_id,
            "sep_token_id": tokenizer.sep_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config=LAYERS | PICTURE,
    )
    redrawn(BlipForConditionalGeneration(config)).save_pretrained(folder)
    return folder
