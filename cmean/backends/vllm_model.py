"""Base class of the back-ends that run a checkpoint by vLLM."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from cmean.backends import checkpoints
from cmean.backends.model import ModelBackend
from cmean.backends.vllm_engine import VllmEngine
from cmean.config import load_settings
from cmean.errors import ConfigError, WeightsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_ROWS = 256
"""Requests in the engine at the same time, at most: fewer where their cache does not fit."""

_HOTTEST = 2.0


def check_temperature(temperature: float) -> float:
    """Return a temperature that vLLM takes.

    Raises:
        ConfigError: it is below 0 or above 2.
    """
    if not 0 <= temperature <= _HOTTEST:
        raise ConfigError(f"vLLM takes temperatures from 0 to {_HOTTEST:g}, not {temperature!r}")
    return temperature


class VllmModel(ModelBackend):
    """A checkpoint that vLLM's engine runs; a subclass says what it is asked.

    How much memory it takes and over how many GPUs it is divided are settings (CMEAN_VLLM_MEMORY,
    CMEAN_VLLM_GPUS), no parameters: they change no recipe.

    Args:
        model: a repository or a folder.
        revision: of the repository.
        dtype: number format of the weights: float32, bfloat16 or float16.
        quantization: a method of vLLM, e.g. ``"fp8"``; None: as the checkpoint says.
        max_model_len: how many tokens a prompt with its answer may have, unless the model has a
            smaller context.
        eager: whether vLLM compiles and captures nothing: it starts in seconds, and is slower.
    """

    concurrency: ClassVar[int] = _ROWS

    def __init__(
        self,
        *,
        model: str = "",
        revision: str = "",
        dtype: str = "bfloat16",
        quantization: str | None = None,
        max_model_len: int = 8192,
        eager: bool = False,
    ) -> None:
        if not model:
            raise ConfigError("the back-end 'vllm' needs `model`: a repository or a folder")
        if max_model_len < 1:
            raise ConfigError("max_model_len is at least 1")
        super().__init__(model, revision, dtype)
        self._quantization = quantization
        self._longest = max_model_len
        self._eager = eager
        self._engine: VllmEngine | None = None
        self._tokenizer: Any = None
        self._ends: tuple[int, ...] = ()
        self._model_type = ""
        self._published: dict[str, Any] = {}

    @property
    def context(self) -> int:
        """How many tokens fit, prompt and answer."""
        return self._longest

    def _load(self) -> None:
        from transformers import AutoConfig

        folder = checkpoints.open_checkpoint(self.model, self._revision)
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        self._model_type = config.model_type
        text = config.get_text_config()
        self._longest = min(self._longest, getattr(text, "max_position_embeddings", self._longest))
        self._tokenizer = checkpoints.load_tokenizer(folder)
        if not self._tokenizer.chat_template:
            self._tokenizer.chat_template = _read_template(folder)
        self._published = _read_optional(folder / "generation_config.json")
        named = self._published.get("eos_token_id", getattr(text, "eos_token_id", None))
        listed = named if isinstance(named, list) else [named]
        ends = {*listed, self._tokenizer.eos_token_id} - {None}
        self._ends = tuple(sorted(ends))
        media = find_media(config.to_dict())
        self._prepare(folder, media)
        self._engine = VllmEngine(self._make_options(folder, media), _ROWS)

    def _prepare(self, folder: Path, media: Sequence[str]) -> None:
        """Check and read what else the back-end needs of a checkpoint that takes these media."""

    def _release_model(self) -> None:
        engine, self._engine = self._engine, None
        self._tokenizer = None
        if engine is not None:
            engine.close()

    def _get_engine(self) -> VllmEngine:
        if self._engine is None:
            raise RuntimeError("load() comes first")
        return self._engine

    def _make_options(self, folder: Path, media: Sequence[str]) -> dict[str, Any]:
        """Make the options of the engine."""
        settings = load_settings()
        _, _, index = (settings.device or "").partition("cuda:")
        first = int(index) if index.isdigit() else None
        gpus = settings.vllm_gpus
        return {
            "model": str(folder),
            "dtype": self._dtype,
            "quantization": self._quantization,
            "max_model_len": self._longest,
            "enforce_eager": self._eager,
            "gpu_memory_utilization": settings.vllm_memory,
            "tensor_parallel_size": gpus,
            "device_ids": None if first is None else list(range(first, first + gpus)),
            "enable_prefix_caching": True,
            "limit_mm_per_prompt": dict.fromkeys(media, 0),
            "mm_processor_cache_gb": 0,  # each medium is seen once
            # what the checkpoint proposes for sampling must not change results unseen
            "generation_config": "vllm",
            "trust_remote_code": False,
            "disable_log_stats": True,
            "use_tqdm_on_load": False,
            "seed": 0,
        }

    def _apply_template(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """Format messages by the checkpoint's chat template, its thinking turned off."""
        known = "enable_thinking" in str(self._tokenizer.chat_template)
        off = {"enable_thinking": False} if known else {}
        return str(
            self._tokenizer.apply_chat_template(
                list(messages), add_generation_prompt=True, tokenize=False, **off
            )
        )

    def _cut_at_end(self, tokens: Sequence[int]) -> tuple[list[int], bool]:
        """Return the tokens before the first that ends a turn, and whether there is one."""
        end = next((place for place, token in enumerate(tokens) if token in self._ends), None)
        return list(tokens[:end]), end is not None


def find_media(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Find what a checkpoint takes besides text, by the parts of its config: image, audio, video.

    >>> find_media({"thinker_config": {"audio_config": {}, "text_config": {}}})
    ('audio',)
    """
    parts = [config, *(part for part in config.values() if isinstance(part, dict))]
    has = {name for part in parts for name in part}
    seen = ("image", "video") if "vision_config" in has else ()
    return (*seen, *(("audio",) if "audio_config" in has else ()))


def _read_template(folder: Path) -> str:
    """Read the chat template that older checkpoints keep with their processor."""
    template = _read_optional(folder / "chat_template.json").get("chat_template")
    if not isinstance(template, str):
        raise WeightsError(f"{folder} has no chat template: name a model that is made to chat")
    return template


def _read_optional(file: Path) -> dict[str, Any]:
    """Read a JSON object; an empty one where there is no such file."""
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{file} cannot be read as JSON: fetch the weights again") from error
    return dict(content) if isinstance(content, dict) else {}
