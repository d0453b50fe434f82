"""A tiny Qwen3.5 that sees: three layers of linear attention, then one of full attention."""

from __future__ import annotations

from checkpoints import making, qwen2_5_vl, qwen3_omni, tokenizers

THINK = (
    "{% if add_generation_prompt %}"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n"
    "{% else %}<think>\n{% endif %}{% endif %}"
)


def build(folder):
    from transformers import Qwen3_5Config, Qwen3_5ForConditionalGeneration

    template = tokenizers.chatml(image="<|vision_start|><|image_pad|><|vision_end|>")
    tokenizer = tokenizers.of_bytes(
        qwen2_5_vl.SPECIAL,
        template=template + THINK,
        plain=["<think>", "</think>"],
    )
    place = tokenizer.convert_tokens_to_ids
    config = Qwen3_5Config(
        text_config=qwen2_5_vl.TEXT
        | {
            "vocab_size": len(tokenizer),
            "num_hidden_layers": 4,
            "head_dim": 16,
            "linear_key_head_dim": 8,
            "linear_value_head_dim": 8,
            "linear_num_key_heads": 2,
            "linear_num_value_heads": 4,
            "rope_parameters": {
                "rope_type": "default",
                "mrope_section": [1, 1, 2],
                "partial_rotary_factor": 0.5,
                "rope_theta": 10_000.0,
            },
        },
        vision_config={k: v for k, v in qwen3_omni.VISION.items() if "deepstack" not in k},
        image_token_id=place("<|image_pad|>"),
        video_token_id=place("<|video_pad|>"),
        vision_start_token_id=place("<|vision_start|>"),
        vision_end_token_id=place("<|vision_end|>"),
    )
    model = making.redraw(Qwen3_5ForConditionalGeneration(config), tokenizer)
    making.save(folder, model, tokenizer, eos_token_id=tokenizer.eos_token_id)
    qwen2_5_vl.pictures(patch_size=16).save_pretrained(folder)
    return folder
