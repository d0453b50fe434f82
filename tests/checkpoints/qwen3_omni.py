"""A tiny Qwen3-Omni that hears 2 s: four experts, two of them for each token."""

from __future__ import annotations

from checkpoints import making, qwen2_5_omni, qwen2_5_vl

NAMED = qwen2_5_omni.NAMED | {
    "image_token": "<|image_pad|>",
    "audio_token": "<|audio_pad|>",
    "video_token": "<|video_pad|>",
}
EXPERTS = {
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
    "head_dim": 16,
}
VISION = {
    "depth": 2,
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_heads": 2,
    "out_hidden_size": 32,
    "num_position_embeddings": 16,
    "deepstack_visual_indexes": [0],
}
AUDIO = qwen2_5_omni.AUDIO | {"n_window": 50, "n_window_infer": 100, "downsample_hidden_size": 8}


def build(folder):
    from transformers import (
        Qwen3OmniMoeThinkerConfig,
        Qwen3OmniMoeThinkerForConditionalGeneration,
        WhisperFeatureExtractor,
    )

    tokenizer = qwen2_5_omni.tokenizer_for(NAMED)
    place = tokenizer.convert_tokens_to_ids
    config = Qwen3OmniMoeThinkerConfig(
        audio_config=AUDIO,
        vision_config=VISION,
        text_config=qwen2_5_vl.TEXT | EXPERTS | {"vocab_size": len(tokenizer)},
        **{f"{medium}_token_id": place(NAMED[f"{medium}_token"]) for medium in qwen2_5_omni.MEDIA},
        audio_start_token_id=place("<|audio_bos|>"),
        vision_start_token_id=place("<|vision_bos|>"),
    )
    model = making.redraw(Qwen3OmniMoeThinkerForConditionalGeneration(config), tokenizer)
    extractor = WhisperFeatureExtractor(feature_size=16, chunk_length=qwen2_5_omni.HEARD)
    pictures = qwen2_5_vl.pictures(patch_size=16)
    return qwen2_5_omni.save(folder, model, tokenizer, extractor, pictures)
