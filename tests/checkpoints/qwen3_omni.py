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


TALKER = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 32,
    "shared_expert_intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "rope_parameters": qwen2_5_vl.TEXT["rope_parameters"],
}


def build(folder):
    """Write the part that reads and writes."""
    return _save(folder, *_make_thinker())


def build_whole(folder):
    """Write it with the parts that speak, as it is published: a tensor for each expert."""
    from transformers import Qwen3OmniMoeConfig, Qwen3OmniMoeForConditionalGeneration

    thinker, tokenizer = _make_thinker()
    predictor = {key: TALKER[key] for key in ("vocab_size", "hidden_size", "intermediate_size")}
    config = Qwen3OmniMoeConfig(
        thinker_config=thinker.config.to_dict(),
        talker_config={
            "text_config": TALKER | EXPERTS,
            "code_predictor_config": predictor
            | {"num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1}
            | {"head_dim": 16, "num_code_groups": 2},
            "num_code_groups": 2,
            "thinker_hidden_size": 32,
            "spatial_merge_size": 2,
        },
        code2wav_config={
            "codebook_size": 8,
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "decoder_dim": 32,
            "num_quantizers": 2,
        },
    )
    whole = qwen2_5_omni.fill_whole(Qwen3OmniMoeForConditionalGeneration(config), thinker)
    return _save(folder, whole, tokenizer)


def _make_thinker():
    from transformers import Qwen3OmniMoeThinkerConfig, Qwen3OmniMoeThinkerForConditionalGeneration

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
    return making.redraw(Qwen3OmniMoeThinkerForConditionalGeneration(config), tokenizer), tokenizer


def _save(folder, model, tokenizer):
    pictures = qwen2_5_vl.pictures(patch_size=16)
    return qwen2_5_omni.save(folder, model, tokenizer, qwen2_5_omni.make_extractor(), pictures)
