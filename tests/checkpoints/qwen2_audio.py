"""A tiny Qwen2-Audio that hears 2 s."""

from __future__ import annotations

from checkpoints import making, tokenizers

HEARD = 2


def build(folder, heard=HEARD):
    from transformers import (
        Qwen2AudioConfig,
        Qwen2AudioForConditionalGeneration,
        Qwen2AudioProcessor,
        WhisperFeatureExtractor,
    )

    tokenizer = tokenizers.of_bytes(["<|im_start|>", "<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"])
    config = Qwen2AudioConfig(
        audio_config={
            "num_mel_bins": 16,
            "d_model": 32,
            "encoder_layers": 1,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 32,
            "max_source_positions": heard * 50,
        },
        text_config={
            "model_type": "qwen2",
            "vocab_size": len(tokenizer),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "max_position_embeddings": 2048,
            "tie_word_embeddings": False,
        },
        audio_token_index=tokenizer.convert_tokens_to_ids("<|AUDIO|>"),
    )
    # Its padding ends a turn too, as in the published weights.
    ends = [tokenizer.eos_token_id, tokenizer.pad_token_id]
    model = making.redraw(Qwen2AudioForConditionalGeneration(config), tokenizer, ends)
    extractor = WhisperFeatureExtractor(feature_size=16, chunk_length=heard)
    processor = Qwen2AudioProcessor(extractor, tokenizer)  # with the chat template that it has
    return making.save(
        folder, model, processor, eos_token_id=ends, repetition_penalty=1.5, do_sample=True
    )
