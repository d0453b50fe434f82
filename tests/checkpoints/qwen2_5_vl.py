"""A tiny Qwen2.5-VL."""

from __future__ import annotations

from checkpoints import making, tokenizers

SPECIAL = ("<|im_start|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
TEXT = {
    "bos_token_id": None,
    "eos_token_id": None,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 4096,
    "rope_parameters": {
        "rope_type": "default",
        "mrope_section": [2, 3, 3],
        "rope_theta": 10_000.0,
    },
    "tie_word_embeddings": False,
}
VISION = {
    "depth": 2,
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_heads": 2,
    "out_hidden_size": 32,
    "window_size": 56,
    "fullatt_block_indexes": [1],
}


def build(folder):
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    tokenizer = tokenizers.of_bytes(
        SPECIAL,
        template=tokenizers.chatml(image="<|vision_start|><|image_pad|><|vision_end|>"),
    )
    place = tokenizer.convert_tokens_to_ids
    config = Qwen2_5_VLConfig(
        text_config=TEXT | {"vocab_size": len(tokenizer)},
        vision_config=VISION,
        image_token_id=place("<|image_pad|>"),
        video_token_id=place("<|video_pad|>"),
        vision_start_token_id=place("<|vision_start|>"),
        vision_end_token_id=place("<|vision_end|>"),
    )
    model = making.redraw(Qwen2_5_VLForConditionalGeneration(config), tokenizer)
    ends = [tokenizer.eos_token_id, tokenizer.pad_token_id]
    making.save(
        folder, model, tokenizer, eos_token_id=ends, repetition_penalty=1.05, do_sample=True
    )
    pictures().save_pretrained(folder)
    return folder


def pictures(**settings):
    from transformers import Qwen2VLImageProcessorPil

    return Qwen2VLImageProcessorPil(**settings)
