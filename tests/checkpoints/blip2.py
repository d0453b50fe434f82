"""A BLIP-2 of two layers each, over an OPT."""

from checkpoints.blip import LAYERS, PICTURE
from checkpoints.making import redrawn
from checkpoints.tokenizers import numbered, signs

QUERIES = 4
QFORMER = LAYERS | {
    "vocab_size": 100,
    "encoder_hidden_size": 32,
    "cross_attention_frequency": 1,
    "max_position_embeddings": 128,
}


def build(folder, encoder_decoder=False):
    """Write the checkpoint; with an encoder and a decoder it is over a T5."""
    from transformers import Blip2Config, Blip2ForConditionalGeneration

    tokenizer = build_language(folder)
    config = Blip2Config(
        text_config=(_t5 if encoder_decoder else _opt)(tokenizer),
        vision_config=LAYERS | PICTURE,
        qformer_config=QFORMER,
        num_query_tokens=QUERIES,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    redrawn(Blip2ForConditionalGeneration(config)).save_pretrained(folder)
    return folder


def _opt(tokenizer):
    from transformers import OPTConfig

    return OPTConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        ffn_dim=64,
        word_embed_proj_dim=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=256,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    ).to_dict()


def _t5(tokenizer):
    from transformers import T5Config

    return T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_ff=64,
        d_kv=8,
        num_layers=2,
        num_heads=4,
        decoder_start_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    ).to_dict()


def build_language(folder):
    """Write tokenizer and picture processor."""
    from transformers import BlipImageProcessorPil, GPT2Tokenizer

    BlipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    vocabulary = numbered("<s>", "<pad>", "</s>", "<unk>", *signs())
    ends = {"bos_token": "<s>", "eos_token": "</s>"}
    special = ends | {"unk_token": "<unk>", "pad_token": "<pad>"}
    tokenizer = GPT2Tokenizer(vocab=vocabulary, merges=[], **special)
    tokenizer.add_tokens(["<image>"], special_tokens=True)
    tokenizer.save_pretrained(folder)
    return tokenizer
