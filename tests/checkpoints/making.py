"""What the builders of checkpoints share: random weights, and how they are saved."""

from __future__ import annotations

import json
import string


def redrawn(model, seed=0):
    """The model with its matrices from N(0, 0.2): the usual initialisation gives flat logits.

    Biases and norms stay as they are: at random, they would drown what the input says.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.ndim > 1:
                weights.copy_(torch.randn(weights.shape, generator=generator) * 0.2)
    return model.eval()


def redraw(model, tokenizer, ends=None, seed=0):
    """Draw all weights from N(0, 0.2), those of norms excepted, and tame what is written.

    Only printable characters and the `ends` of a turn have a score other than 0, which never wins:
    so a caption's text has its tokens.
    """
    import torch

    torch.manual_seed(seed)
    for name, weight in model.named_parameters():
        if weight.dim() > 1 or "norm" not in name:
            torch.nn.init.normal_(weight, 0.0, 0.2)
    head = model.get_output_embeddings().weight
    written = tokenizer(string.ascii_letters + string.digits + " .,;", add_special_tokens=False)
    keep = torch.zeros(len(head), dtype=torch.bool)
    keep[[*written["input_ids"], *(ends or [tokenizer.eos_token_id])]] = True
    with torch.no_grad():
        head[~keep] = 0.0
    return model


def save(folder, model, processor, **generation):
    """Write model and processor as published checkpoints are written."""
    for name, value in generation.items():
        setattr(model.generation_config, name, value)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def write_settings(folder, **settings):
    """Write the settings of a processor, whose parts are saved without it."""
    (folder / "processor_config.json").write_text(json.dumps(settings))
