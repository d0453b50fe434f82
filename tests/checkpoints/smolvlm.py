"""A tiny SmolVLM2, which sees a picture in tiles of 32 pixels and whole."""

from __future__ import annotations

from checkpoints import making, tokenizers

IMAGE, AROUND, GLOBAL = "<image>", "<fake_token_around_image>", "<global-img>"
TILES = [f"<row_{row}_col_{column}>" for row in (1, 2) for column in (1, 2)]
TEXT = {
    "model_type": "llama",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 4096,
    "bos_token_id": None,
    "eos_token_id": None,
    "tie_word_embeddings": False,
}
SIDE = 32


def build(folder):
    import transformers as t
    from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

    tokenizer = tokenizers.of_bytes(
        ["<|im_start|>", IMAGE, AROUND, GLOBAL, *TILES],
        eos="<end_of_utterance>",
        template=tokenizers.chatml(image=IMAGE).replace("<|im_end|>", "<end_of_utterance>"),
    )
    config = t.SmolVLMConfig(
        text_config=TEXT | {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id},
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": SIDE,
            "patch_size": 8,
        },
        image_token_id=tokenizer.convert_tokens_to_ids(IMAGE),
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = making.redraw(t.SmolVLMForConditionalGeneration(config), tokenizer)
    making.save(folder, model, tokenizer, eos_token_id=tokenizer.eos_token_id)
    SmolVLMImageProcessorPil(
        size={"longest_edge": 2 * SIDE}, max_image_size={"longest_edge": SIDE}
    ).save_pretrained(folder)
    making.write_settings(folder, processor_class="SmolVLMProcessor", image_seq_len=4)
    return folder
