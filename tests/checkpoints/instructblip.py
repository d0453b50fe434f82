"""An InstructBLIP of two layers each, over a Llama."""

from checkpoints.blip import LAYERS, PICTURE
from checkpoints.blip2 import QFORMER, QUERIES, build_language
from checkpoints.making import redrawn
from checkpoints.tokenizers import of_letters


def build(folder):
    """Write the checkpoint."""
    from transformers import InstructBlipConfig, InstructBlipForConditionalGeneration, LlamaConfig

    tokenizer = build_language(folder)
    instructions = of_letters()
    instructions.save_pretrained(folder / "qformer_tokenizer")
    config = InstructBlipConfig(
        text_config=LlamaConfig(
            **LAYERS,
            vocab_size=len(tokenizer),
            max_position_embeddings=512,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        ).to_dict(),
        vision_config=LAYERS | PICTURE,
        qformer_config=QFORMER | {"vocab_size": len(instructions)},
        num_query_tokens=QUERIES,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    redrawn(InstructBlipForConditionalGeneration(config)).save_pretrained(folder)
    return folder
