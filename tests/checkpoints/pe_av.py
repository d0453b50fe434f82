"""A tiny PE-AV, whose tower of pictures is described as timm's wrapper describes it."""

import json
import string

from checkpoints.making import redrawn
from checkpoints.tokenizers import numbered

RATE = 48_000
TOKENS = 24
LAYERS = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "head_dim": 16,
}
SIZES = {"img_size": 28, "patch_size": 7, "embed_dim": 32, "depth": 2, "num_heads": 2}


def build(folder):
    """Write the checkpoint."""
    from transformers import PeAudioFeatureExtractor, PeAudioVideoModel

    from cmean.backends.embedders.pe_av import make_config  # noqa: PLC0415 - of an extra

    tokenizer = _write_tokenizer(folder)
    settings = {
        "model_type": "pe_audio_video",
        "text_config": {
            "model_type": "modernbert",
            "vocab_size": len(tokenizer),
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "max_position_embeddings": TOKENS,
            "pad_token_id": tokenizer.pad_token_id,
            "cls_token_id": tokenizer.cls_token_id,
            "sep_token_id": tokenizer.sep_token_id,
            "bos_token_id": tokenizer.cls_token_id,
            "eos_token_id": tokenizer.sep_token_id,
        },
        "audio_video_config": LAYERS
        | {
            "model_type": "pe_audio_video_encoder",
            "audio_config": LAYERS
            | {
                "model_type": "pe_audio_encoder",
                "dac_config": {
                    "model_type": "dac",
                    "encoder_hidden_size": 4,
                    "downsampling_ratios": [2, 8, 10, 12],
                    "codebook_dim": 8,
                    "n_codebooks": 1,
                },
            },
            "video_config": LAYERS
            | {
                "model_type": "pe_video_encoder",
                "vision_config": {
                    "model_type": "timm_wrapper",
                    "architecture": "vit_pe_core_large_patch14_336",
                    "num_classes": 16,
                    "model_args": SIZES,
                },
            },
        },
    }
    redrawn(PeAudioVideoModel(make_config(settings))).save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(settings))
    PeAudioFeatureExtractor(sampling_rate=RATE).save_pretrained(folder)
    pictures = {
        "size": {"height": 28, "width": 28},
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
    }
    (folder / "video_preprocessor_config.json").write_text(json.dumps(pictures))
    return folder


def _write_tokenizer(folder):
    from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: PLC0415 - slow to import
    from transformers import PreTrainedTokenizerFast

    letters = [*string.ascii_letters, *string.digits, *" .,!?"]
    special = {"pad": "[PAD]", "cls": "[CLS]", "sep": "[SEP]", "unk": "[UNK]"}
    vocabulary = numbered(*special.values(), *letters)
    core = Tokenizer(models.WordLevel(vocabulary, unk_token=special["unk"]))
    core.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        model_max_length=TOKENS,
        **{f"{name}_token": token for name, token in special.items()},
    )
    tokenizer.save_pretrained(folder)
    return tokenizer
