"""A tiny Qwen3-VL."""

from __future__ import annotations

from checkpoints import making, qwen2_5_vl, qwen3_omni, tokenizers


def build(folder):
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    tokenizer = tokenizers.of_bytes(
        qwen2_5_vl.SPECIAL,
        template=tokenizers.chatml(image="<|vision_start|><|image_pad|><|vision_end|>"),
    )
    place = tokenizer.convert_tokens_to_ids
    config = Qwen3VLConfig(
        text_config=qwen2_5_vl.TEXT | {"vocab_size": len(tokenizer), "head_dim": 16},
        vision_config=qwen3_omni.VISION,
        image_token_id=place("<|image_pad|>"),
        video_token_id=place("<|video_pad|>"),
        vision_start_token_id=place("<|vision_start|>"),
        vision_end_token_id=place("<|vision_end|>"),
    )
    model = making.redraw(Qwen3VLForConditionalGeneration(config), tokenizer)
    making.save(folder, model, tokenizer, eos_token_id=tokenizer.eos_token_id)
    qwen2_5_vl.pictures(patch_size=16).save_pretrained(folder)
    return folder
