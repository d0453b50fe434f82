"""A tiny InternVL, which sees a picture in tiles of 32 pixels and whole."""

from __future__ import annotations

from checkpoints import making, smolvlm, tokenizers

NAMED = {
    "start_image_token": "<img>",
    "end_image_token": "</img>",
    "context_image_token": "<IMG_CONTEXT>",
    "video_token": "<video>",
}
SIDE = 32


def build(folder):
    import transformers as t
    from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil

    tokenizer = tokenizers.of_bytes(
        ["<|im_start|>", *NAMED.values()],
        named=NAMED,
        template=tokenizers.chatml(image="<IMG_CONTEXT>\n"),
    )
    config = t.InternVLConfig(
        text_config=smolvlm.TEXT
        | {"model_type": "qwen3", "head_dim": 16, "vocab_size": len(tokenizer)},
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": SIDE,
            "patch_size": 8,
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
        tie_word_embeddings=False,
    )
    model = making.redraw(t.InternVLForConditionalGeneration(config), tokenizer)
    making.save(folder, model, tokenizer, eos_token_id=tokenizer.eos_token_id)
    GotOcr2ImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, crop_to_patches=False, min_patches=1, max_patches=4
    ).save_pretrained(folder)
    making.write_settings(folder, processor_class="InternVLProcessor", image_seq_length=4)
    return folder
