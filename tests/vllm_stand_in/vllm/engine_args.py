"""The options of an engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class EngineArgs:
    """Fields as of the real class, where cmean sets them."""

    model: str = "Qwen/Qwen3-0.6B"
    dtype: str = "auto"
    quantization: str | None = None
    max_model_len: int | None = None
    enforce_eager: bool = False
    gpu_memory_utilization: float = 0.92
    tensor_parallel_size: int = 1
    device_ids: list[int | str] | None = None
    enable_prefix_caching: bool | None = None
    limit_mm_per_prompt: dict[str, int] = field(default_factory=dict)
    mm_processor_cache_gb: float = 4
    mm_processor_kwargs: dict[str, Any] | None = None
    generation_config: str = "auto"
    trust_remote_code: bool = False
    disable_log_stats: bool = False
    use_tqdm_on_load: bool = True
    seed: int = 0
    max_num_seqs: int | None = None
