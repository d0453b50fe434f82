"""A tiny Gemma 4 that hears 2 s: one layer with a sliding window, one without."""

from __future__ import annotations

import json

from checkpoints import making, tokenizers

HEARD, MS_A_TOKEN = 2, 40
NAMED = {
    "image_token": "<|image|>",
    "boi_token": "<|image>",
    "eoi_token": "<image|>",
    "audio_token": "<|audio|>",
    "boa_token": "<|audio>",
    "eoa_token": "<audio|>",
}
BEGIN, START, END = "<bos>", "<|turn>", "<turn|>"
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|turn>{{ message['role'] }}\n"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% else %}<|{{ part['type'] }}|>{% endif %}"
    "{% endfor %}<turn|>\n{% endfor %}"
    "{% if enable_thinking is not defined or enable_thinking %}<|think|>{% endif %}"
    "{% if add_generation_prompt %}<|turn>model\n{% endif %}"
)


def build(folder):
    import transformers as t
    from transformers.models.gemma4.image_processing_pil_gemma4 import Gemma4ImageProcessorPil

    tokenizer = tokenizers.of_bytes(
        [BEGIN, START, "<|think|>", "<|video|>", *NAMED.values()],
        eos=END,
        pad="<pad>",
        template=TEMPLATE,
        named=NAMED | {"bos_token": BEGIN},
    )
    place = tokenizer.convert_tokens_to_ids
    config = t.Gemma4Config(
        text_config={
            "vocab_size": len(tokenizer),
            "vocab_size_per_layer_input": len(tokenizer),
            "hidden_size": 32,
            "hidden_size_per_layer_input": 8,
            "intermediate_size": 64,
            "num_hidden_layers": 3,
            "layer_types": ["sliding_attention", "full_attention", "full_attention"],
            "num_kv_shared_layers": 0,
            "sliding_window": 16,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 16,
            "global_head_dim": 16,
            "max_position_embeddings": 4096,
            "use_bidirectional_attention": "vision",
            "pad_token_id": tokenizer.pad_token_id,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "tie_word_embeddings": False,
        },
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "patch_size": 4,
            "position_embedding_size": 256,
        },
        audio_config={
            "hidden_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "subsampling_conv_channels": [128, 4],
            "output_proj_dims": 32,
        },
        **{f"{name}_id": place(token) for name, token in NAMED.items() if name != "eoa_token"},
        eoa_token_index=place(NAMED["eoa_token"]),
        video_token_id=place("<|video|>"),
        tie_word_embeddings=False,
    )
    model = making.redraw(t.Gemma4ForConditionalGeneration(config), tokenizer)
    making.save(
        folder, model, tokenizer, eos_token_id=[tokenizer.eos_token_id, tokenizer.pad_token_id]
    )
    # all settings in one file, as it is published
    making.write_settings(
        folder,
        processor_class="Gemma4Processor",
        image_seq_length=70,
        audio_ms_per_token=MS_A_TOKEN,
        audio_seq_length=HEARD * 1000 // MS_A_TOKEN,
        feature_extractor=json.loads(t.Gemma4AudioFeatureExtractor().to_json_string()),
        image_processor=Gemma4ImageProcessorPil(patch_size=4, max_soft_tokens=70).to_dict(),
    )
    return folder
