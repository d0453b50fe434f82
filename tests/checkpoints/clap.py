"""A CLAP of two stages that hears one second; its texts have 16 tokens at most."""

from checkpoints.making import redrawn
from checkpoints.tokenizers import numbered, signs

TOKENS = 16
POSITIONS = TOKENS + 2  # they are counted from the padding's id on
RATE = 48_000
SECONDS = 1


def build(folder, fusion=False):
    """Write the checkpoint."""
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, RobertaTokenizer

    vocabulary = numbered("<s>", "<pad>", "</s>", "<unk>", "<mask>", *signs())
    RobertaTokenizer(vocab=vocabulary, merges=[], model_max_length=TOKENS).save_pretrained(folder)
    ClapFeatureExtractor(
        feature_size=16,
        max_length_s=SECONDS,
        truncation="fusion" if fusion else "rand_trunc",
    ).save_pretrained(folder)
    config = ClapConfig(
        text_config={
            "vocab_size": len(vocabulary),
            "hidden_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 32,
            "max_position_embeddings": POSITIONS,
            "bos_token_id": vocabulary["<s>"],
            "pad_token_id": vocabulary["<pad>"],
            "eos_token_id": vocabulary["</s>"],
        },
        audio_config={
            "num_mel_bins": 16,
            "spec_size": 64,
            "patch_size": 4,
            "patch_stride": [4, 4],
            "patch_embeds_hidden_size": 16,
            "hidden_size": 32,
            "depths": [1, 1],
            "num_attention_heads": [2, 2],
            "window_size": 4,
            "enable_fusion": fusion,
        },
        projection_dim=16,
    )
    model = redrawn(ClapModel(config))
    for weights in model.text_model.parameters():
        if weights.ndim > 1:
            weights.data.mul_(3)  # or all texts have nearly the same vector
    model.save_pretrained(folder)
    return folder
