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
    """Write the part that reads and writes."""
    model, tokenizer = make_thinker()
    return _save(folder, model, tokenizer)


def build_whole(folder):
    """Write it with the parts that speak, as it is published."""
    from transformers import Qwen2_5OmniConfig, Qwen2_5OmniForConditionalGeneration

    thinker, tokenizer = make_thinker()
    small = {key: TALKER[key] for key in ("hidden_size", "num_attention_heads", "head_dim")}
    config = Qwen2_5OmniConfig(
        thinker_config=thinker.config.to_dict(),
        talker_config=TALKER | {"embedding_size": 32},
        token2wav_config={
            "dit_config": small
            | {"num_hidden_layers": 1, "mel_dim": 8, "enc_dim": 8, "emb_dim": 8, "enc_emb_dim": 8}
            | {"enc_channels": [8, 8, 8], "enc_kernel_sizes": [5, 3, 1]}
            | {"enc_dilations": [1, 2, 1], "enc_attention_channels": 8, "enc_se_channels": 8}
            | {"num_embeds": 16, "enc_res2net_scale": 2},
            "bigvgan_config": {
                "mel_dim": 8,
                "upsample_initial_channel": 8,
                "upsample_rates": [2],
                "upsample_kernel_sizes": [4],
            },
        },
    )
    return _save(
        folder, fill_whole(Qwen2_5OmniForConditionalGeneration(config), thinker), tokenizer
    )


TALKER = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "rope_parameters": qwen2_5_vl.TEXT["rope_parameters"],
}


def fill_whole(whole, thinker):
    """The whole model with the weights of a part of it."""
    whole.thinker.load_state_dict(thinker.state_dict())
    whole.generation_config = thinker.generation_config
    return whole


def make_thinker():
    from transformers import Qwen2_5OmniThinkerConfig, Qwen2_5OmniThinkerForConditionalGeneration

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
    return making.redraw(Qwen2_5OmniThinkerForConditionalGeneration(config), tokenizer), tokenizer


def _save(folder, model, tokenizer):
    return save(folder, model, tokenizer, make_extractor(), qwen2_5_vl.pictures())


def make_extractor():
    from transformers import WhisperFeatureExtractor

    return WhisperFeatureExtractor(feature_size=16, chunk_length=HEARD)


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
