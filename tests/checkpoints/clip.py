"""A CLIP of two layers; its texts have 16 tokens at most."""

from checkpoints.making import redrawn
from checkpoints.tokenizers import numbered, signs

TOKENS = 16


def build(folder):
    """Write the checkpoint."""
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

    spelt = signs()
    ends = ("<|startoftext|>", "<|endoftext|>")
    vocabulary = numbered(*spelt, *(f"{sign}</w>" for sign in spelt), *ends)
    CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=TOKENS).save_pretrained(folder)
    CLIPImageProcessorPil(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    ).save_pretrained(folder)
    layers = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    layers |= {"num_attention_heads": 4, "projection_dim": 16}
    config = CLIPConfig(
        text_config=layers
        | {
            "vocab_size": len(vocabulary),
            "max_position_embeddings": TOKENS,
            "bos_token_id": vocabulary[ends[0]],
            "eos_token_id": vocabulary[ends[1]],
            "pad_token_id": vocabulary[ends[1]],
        },
        vision_config=layers | {"image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    redrawn(CLIPModel(config)).save_pretrained(folder)
    return folder
