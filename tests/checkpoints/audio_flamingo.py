"""A tiny Audio Flamingo 3 and a tiny Music Flamingo: windows of 2 s, up to 6 s at once."""

from __future__ import annotations

from checkpoints import making, qwen2_5_vl, tokenizers

WINDOW, HEARD = 2, 6
AUDIO = {
    "model_type": "audioflamingo3_encoder",
    "num_mel_bins": 16,
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_source_positions": WINDOW * 50,
}
SOUND, BEGIN, END = "<sound>", "<|sound_bos|>", "<|sound_eos|>"


def build(folder):
    import transformers as t

    tokenizer = _tokenizer(SOUND)
    config = t.AudioFlamingo3Config(**_parts(tokenizer))
    model = making.redraw(t.AudioFlamingo3ForConditionalGeneration(config), tokenizer)
    return _save(folder, model, t.AudioFlamingo3Processor, tokenizer)


def build_music(folder):
    import transformers as t

    tokenizer = _tokenizer(BEGIN + SOUND + END)
    place = tokenizer.convert_tokens_to_ids
    config = t.MusicFlamingoConfig(
        **_parts(tokenizer), audio_bos_token_id=place(BEGIN), audio_eos_token_id=place(END)
    )
    model = making.redraw(t.MusicFlamingoForConditionalGeneration(config), tokenizer)
    return _save(folder, model, t.MusicFlamingoProcessor, tokenizer)


def _tokenizer(audio):
    return tokenizers.of_bytes(
        ["<|im_start|>", SOUND, BEGIN, END], template=tokenizers.chatml(audio=audio)
    )


def _parts(tokenizer):
    text = {k: v for k, v in qwen2_5_vl.TEXT.items() if k != "rope_parameters"}
    return {
        "audio_config": AUDIO,
        "text_config": text | {"model_type": "qwen2", "vocab_size": len(tokenizer)},
        "audio_token_id": tokenizer.convert_tokens_to_ids(SOUND),
    }


def _save(folder, model, processor_class, tokenizer):
    from transformers import WhisperFeatureExtractor

    extractor = WhisperFeatureExtractor(feature_size=16, chunk_length=WINDOW)
    processor = processor_class(
        extractor, tokenizer, chat_template=tokenizer.chat_template, max_audio_len=HEARD
    )
    return making.save(folder, model, processor, eos_token_id=tokenizer.eos_token_id)
