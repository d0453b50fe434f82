"""The shapes that `first_hour.py` measures: of the published checkpoints, by their config.json."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

Shape = dict[str, dict[str, Any]]
"""Part of the config → its values; the part "" is the config itself."""

QWEN2_AUDIO: Shape = {  # Qwen/Qwen2-Audio-7B-Instruct
    "text_config": {
        "vocab_size": 156_032,
        "hidden_size": 4096,
        "intermediate_size": 11_008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-5,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0},
    },
    "audio_config": {
        "num_mel_bins": 128,
        "d_model": 1280,
        "encoder_layers": 32,
        "encoder_attention_heads": 20,
        "encoder_ffn_dim": 5120,
        "max_source_positions": 1500,
    },
}

QWEN2_5_VL: Shape = {  # Qwen/Qwen2.5-VL-7B-Instruct
    "text_config": {
        "vocab_size": 152_064,
        "hidden_size": 3584,
        "intermediate_size": 18_944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "max_position_embeddings": 128_000,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {
            "rope_type": "default",
            "mrope_section": [16, 24, 24],
            "rope_theta": 1_000_000.0,
        },
    },
    "vision_config": {
        "depth": 32,
        "hidden_size": 1280,
        "intermediate_size": 3420,
        "num_heads": 16,
        "out_hidden_size": 3584,
        "window_size": 112,
        "fullatt_block_indexes": [7, 15, 23, 31],
    },
}

QWEN3: Shape = {  # Qwen/Qwen3-4B
    "": {
        "vocab_size": 151_936,
        "hidden_size": 2560,
        "intermediate_size": 9728,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "max_position_embeddings": 40_960,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0},
        "tie_word_embeddings": True,
    },
}


def shape(published: Shape, config: Any, *, tiny: bool) -> Any:  # noqa: ANN401 - of transformers
    """The config with the published shape; tiny, it keeps its own and gets the vocabulary only.

    Tokens that mean something stay those of the config.
    """
    values = deepcopy(config.to_dict())
    for part, wanted in published.items():
        taken = {"vocab_size": wanted["vocab_size"]} if tiny and "vocab_size" in wanted else wanted
        if tiny and taken is wanted:
            continue
        (values[part] if part else values).update(taken)
    if not tiny:  # it follows from the number of layers
        for part in [values, *(values[name] for name in published if name)]:
            part.pop("layer_types", None)
    return type(config)(**values)
