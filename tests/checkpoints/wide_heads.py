"""Tiny checkpoints whose attention has heads of 32, the narrowest that vLLM computes on a CPU."""

from __future__ import annotations

from checkpoints import making

WIDTH = 32
SECTIONS = [4, 6, 6]


def widen(folder):
    """Write the checkpoint in a folder anew, one head of 32 in place of several narrower ones."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(folder)
    text = config.get_text_config()
    text.num_attention_heads = text.num_key_value_heads = text.hidden_size // WIDTH
    text.head_dim = WIDTH
    if "mrope_section" in (text.rope_parameters or {}):
        text.rope_parameters["mrope_section"] = SECTIONS
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    generation = transformers.GenerationConfig.from_pretrained(folder)
    model = getattr(transformers, config.architectures[0])(config)
    named = generation.eos_token_id
    making.redraw(model, tokenizer, named if isinstance(named, list) else [named])
    model.generation_config = generation
    model.save_pretrained(folder)
    _mend_names(folder / "model.safetensors")
    return folder


def _mend_names(file):
    """Name tensors as published: transformers 5.19, which vLLM needs, writes a prefix twice."""
    from safetensors.torch import load_file, save_file  # noqa: PLC0415 - of an extra

    tensors = {name.replace("model.model.", "model."): one for name, one in load_file(file).items()}
    save_file(tensors, file, metadata={"format": "pt"})
