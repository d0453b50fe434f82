"""A tiny LLaVA 1.5, LLaVA-NeXT and LLaVA-NeXT-Interleave."""

from __future__ import annotations

from checkpoints import making, qwen2_5_vl, tokenizers

SIDE, PATCH = 28, 14
GRID = [[56, 28], [28, 56], [56, 56]]
VISION = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "image_size": SIDE,
    "patch_size": PATCH,
}
VICUNA = (
    "{% for message in messages %}"
    "{% if message['role'] != 'system' %}{{ message['role'].upper() }}: {% endif %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>\n{% else %}{{ part['text'] }} {% endif %}"
    "{% endfor %}{% endfor %}{% if add_generation_prompt %}ASSISTANT:\n{% endif %}"
)


def build(folder):
    import transformers as t

    tokenizer = _vicuna()
    config = t.LlavaConfig(
        vision_config={"model_type": "clip_vision_model"} | VISION,
        text_config=_text("llama", tokenizer),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=(SIDE // PATCH) ** 2,
    )
    model = making.redraw(t.LlavaForConditionalGeneration(config), tokenizer)
    return _save(folder, model, tokenizer, t.LlavaProcessor, _clip("CLIPImageProcessorPil"))


def build_next(folder):
    import transformers as t

    tokenizer = _vicuna()
    config = t.LlavaNextConfig(
        vision_config={"model_type": "clip_vision_model"} | VISION,
        text_config=_text("llama", tokenizer),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=GRID,
        image_seq_length=(SIDE // PATCH) ** 2,
    )
    model = making.redraw(t.LlavaNextForConditionalGeneration(config), tokenizer)
    pictures = _clip("LlavaNextImageProcessorPil", image_grid_pinpoints=GRID)
    return _save(folder, model, tokenizer, t.LlavaNextProcessor, pictures)


def build_interleave(folder):
    import transformers as t

    template = tokenizers.chatml(image="<image>")
    tokenizer = tokenizers.of_bytes(["<|im_start|>", "<image>"], template=template)
    config = t.LlavaConfig(
        vision_config={"model_type": "siglip_vision_model", "vision_use_head": False} | VISION,
        text_config=_text("qwen2", tokenizer),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=(SIDE // PATCH) ** 2,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    model = making.redraw(t.LlavaForConditionalGeneration(config), tokenizer, seed=3)
    pictures = t.SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE})
    return _save(folder, model, tokenizer, t.LlavaProcessor, pictures, classes=0, select="full")


def _vicuna():
    special = ["<s>", "<image>"]
    return tokenizers.of_bytes(special, eos="</s>", pad="<pad>", template=VICUNA)


def _text(model_type, tokenizer):
    text = {k: v for k, v in qwen2_5_vl.TEXT.items() if k != "rope_parameters"}
    return text | {"model_type": model_type, "vocab_size": len(tokenizer)}


def _clip(name, **settings):
    import transformers

    size = {"shortest_edge": SIDE}
    crop = {"height": SIDE, "width": SIDE}
    return getattr(transformers, name)(size=size, crop_size=crop, **settings)


def _save(folder, model, tokenizer, processor_class, pictures, *, classes=1, select="default"):
    processor = processor_class(
        pictures,
        tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy=select,
        num_additional_image_tokens=classes,
        chat_template=tokenizer.chat_template,
    )
    return making.save(folder, model, processor, eos_token_id=tokenizer.eos_token_id)
