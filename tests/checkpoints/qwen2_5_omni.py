"""A tiny Qwen2.5-Omni that hears 2 s, and whose part that speaks is left out."""

from __future__ import annotations

import json

from checkpoints import making, qwen2_5_vl, tokenizers

HEARD = 2
NAMED = {
    "image_token": "<|IMAGE|>",
    "audio_token": "<|AUDIO|>",
    "video_token": "<|VIDEO|>",
    "vision_bos_token": "<|vision_bos|>",
    "vision_eos_token": "<|vision_eos|>",
    "audio_bos_token": "<|audio_bos|>",
    "audio_eos_token": "<|audio_eos|>",
}
AUDIO = {
    "num_mel_bins": 16,
    "d_model": 32,
    "encoder_layers": 1,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "max_source_positions": 100,
    "n_window": 20,
    "output_dim": 32,
}


def build(folder):
    from transformers import (
        Qwen2_5OmniThinkerConfig,
        Qwen2_5OmniThinkerForConditionalGeneration,
        WhisperFeatureExtractor,
    )

    tokenizer = tokenizer_for(NAMED)
    place = tokenizer.convert_tokens_to_ids
    config = Qwen2_5OmniThinkerConfig(
        audio_config=AUDIO,
        vision_config=qwen2_5_vl.VISION,
        text_config=qwen2_5_vl.TEXT | {"vocab_size": len(tokenizer)},
        **{f"{medium}_token_index": place(NAMED[f"{medium}_token"]) for medium in MEDIA},
        audio_start_token_id=place("<|audio_bos|>"),
        audio_end_token_id=place("<|audio_eos|>"),
        vision_start_token_id=place("<|vision_bos|>"),
        vision_end_token_id=place("<|vision_eos|>"),
    )
    model = making.redraw(Qwen2_5OmniThinkerForConditionalGeneration(config), tokenizer)
    extractor = WhisperFeatureExtractor(feature_size=16, chunk_length=HEARD)
    return save(folder, model, tokenizer, extractor, qwen2_5_vl.pictures())


MEDIA = ("image", "audio", "video")


def tokenizer_for(named):
    template = tokenizers.chatml(
        **{
            medium: named[f"{part}_bos_token"]
            + named[f"{medium}_token"]
            + named[f"{part}_eos_token"]
            for medium, part in (("image", "vision"), ("audio", "audio"))
        }
    )
    return tokenizers.of_bytes(["<|im_start|>", *named.values()], named=named, template=template)


def save(folder, model, tokenizer, extractor, pictures):
    """Write both processors into one file, as the published checkpoints have them."""
    making.save(folder, model, tokenizer, eos_token_id=tokenizer.eos_token_id)
    settings = pictures.to_dict() | extractor.to_dict()
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder
