"""All back-ends of cmean; here those that run a checkpoint or ask a model server.

Licences are those that the publishers of the weights state on their cards; where the repository of
the code states another, it stands behind "code".
"""

from __future__ import annotations

from typing import Any

from cmean.backends.cpu_table import CPU_BACKENDS
from cmean.backends.info import BackendInfo
from cmean.domain import Kind, Role

_TRACK, _ARTWORK = (Kind.TRACK,), (Kind.ARTWORK,)
_BOTH = (Kind.TRACK, Kind.ARTWORK)
_PACKAGE = "cmean.backends"


def _make_model_info(
    name: str,
    role: Role,
    kinds: tuple[Kind, ...],
    target: str,
    **facts: Any,  # noqa: ANN401 - fields of BackendInfo
) -> BackendInfo:
    """Describe a back-end that runs a checkpoint: batches fill a GPU, one process loads it."""
    defaults: dict[str, Any] = {
        "batch": 40,
        "share": 1_000_000,
        "requires": "transformers",
        "extra": "models",
        "ahead": True,
    }
    return BackendInfo(name, role, kinds, f"{_PACKAGE}.{target}", **(defaults | facts))


def _make_chat_info(
    name: str,
    kinds: tuple[Kind, ...],
    architectures: tuple[str, ...],
    licence: str,
    model: str,
    **facts: Any,  # noqa: ANN401 - fields of BackendInfo
) -> BackendInfo:
    """Describe a chat model of these architectures; none: of all that `ChatCaptioner` runs."""
    defaults: dict[str, Any] = {
        "architectures": architectures,
        "licence": licence,
        "model": model,
        "prompt": "{kind}" if kinds == _BOTH else kinds[0].value,
        "continues": True,
    }
    target = "captioners.chat:ChatCaptioner"
    return _make_model_info(name, Role.CAPTIONER, kinds, target, **(defaults | facts))


_CAPTIONERS = (
    _make_chat_info("chat", _BOTH, (), "Apache-2.0", "google/gemma-4-E4B-it"),
    _make_chat_info(
        "qwen2-audio", _TRACK, ("qwen2_audio",), "Apache-2.0", "Qwen/Qwen2-Audio-7B-Instruct"
    ),
    _make_chat_info(
        "qwen2.5-vl", _ARTWORK, ("qwen2_5_vl",), "Apache-2.0", "Qwen/Qwen2.5-VL-7B-Instruct"
    ),
    _make_chat_info(
        "qwen2.5-omni",
        _BOTH,
        ("qwen2_5_omni", "qwen2_5_omni_thinker"),
        "Apache-2.0",
        "Qwen/Qwen2.5-Omni-7B",
    ),
    _make_chat_info(
        "qwen3-omni",
        _BOTH,
        ("qwen3_omni_moe", "qwen3_omni_moe_thinker"),
        "Apache-2.0",
        "Qwen/Qwen3-Omni-30B-A3B-Instruct",
    ),
    _make_chat_info(
        "qwen3-omni-captioner",
        _TRACK,
        ("qwen3_omni_moe", "qwen3_omni_moe_thinker"),
        "Apache-2.0",
        "Qwen/Qwen3-Omni-30B-A3B-Captioner",
        prompt="",
    ),
    _make_chat_info(
        "audio-flamingo-3",
        _TRACK,
        ("audioflamingo3",),
        "NVIDIA OneWay Noncommercial; code MIT",
        "nvidia/audio-flamingo-3-hf",
        commercial=False,
    ),
    _make_chat_info(
        "music-flamingo",
        _TRACK,
        ("musicflamingo",),
        "NVIDIA OneWay Noncommercial; code MIT",
        "nvidia/music-flamingo-2601-hf",
        commercial=False,
    ),
    _make_chat_info(
        "llava",
        _ARTWORK,
        ("llava",),
        "Llama 2 Community; code Apache-2.0",
        "llava-hf/llava-1.5-7b-hf",
    ),
    _make_chat_info(
        "llava-next", _ARTWORK, ("llava_next",), "Apache-2.0", "llava-hf/llava-v1.6-mistral-7b-hf"
    ),
    _make_chat_info(
        "llava-next-interleave",
        _ARTWORK,
        ("llava",),
        "Tongyi Qianwen Research",
        "llava-hf/llava-interleave-qwen-7b-hf",
        commercial=False,
    ),
    _make_model_info(
        "blip",
        Role.CAPTIONER,
        _ARTWORK,
        "captioners.blip:BlipCaptioner",
        licence="BSD-3-Clause",
        model="Salesforce/blip-image-captioning-large",
    ),
    _make_model_info(
        "blip-2",
        Role.CAPTIONER,
        _ARTWORK,
        "captioners.blip2:Blip2Captioner",
        licence="MIT; code BSD-3-Clause",
        model="Salesforce/blip2-opt-2.7b",
        prompt="artwork-short",
    ),
    _make_model_info(
        "instructblip",
        Role.CAPTIONER,
        _ARTWORK,
        "captioners.instructblip:InstructBlipCaptioner",
        licence="LLaMA and Vicuna terms; code BSD-3-Clause",
        commercial=False,
        model="Salesforce/instructblip-vicuna-7b",
        prompt="artwork-short",
    ),
    _make_model_info(
        "lp-musiccaps",
        Role.CAPTIONER,
        _TRACK,
        "captioners.lp_musiccaps:LPMusicCapsCaptioner",
        licence="MIT; code CC-BY-NC-4.0",
        commercial=False,
        model="seungheondoh/lp-music-caps",
    ),
    BackendInfo(
        name="openai",
        role=Role.CAPTIONER,
        kinds=_BOTH,
        target=f"{_PACKAGE}.captioners.openai_server:ServerCaptioner",
        licence="of the served model",
        batch=100,
        share=1_000_000,
        ahead=True,
        requires="openai",
        extra="server",
        prompt="{kind}",
    ),
    BackendInfo(
        name="vllm",
        role=Role.CAPTIONER,
        kinds=_BOTH,
        target=f"{_PACKAGE}.captioners.vllm_chat:VllmCaptioner",
        licence="of the model that it runs",
        batch=250,
        share=1_000_000,
        ahead=True,
        requires="vllm",
        extra="vllm",
        prompt="{kind}",
        continues=True,
    ),
)

_MAPPERS = (
    _make_model_info(
        "qwen3",
        Role.MAPPER,
        _BOTH,
        "mappers.causal_lm:CausalLanguageModel",
        licence="Apache-2.0",
        model="Qwen/Qwen3-4B",
        prompt="emotion",
        batch=100,
        grades=True,
    ),
    BackendInfo(
        name="openai",
        role=Role.MAPPER,
        kinds=_BOTH,
        target=f"{_PACKAGE}.mappers.openai_server:ServerLanguageModel",
        licence="of the served model",
        batch=100,
        share=1_000_000,
        ahead=True,
        requires="openai",
        extra="server",
        prompt="emotion",
    ),
    BackendInfo(
        name="vllm",
        role=Role.MAPPER,
        kinds=_BOTH,
        target=f"{_PACKAGE}.mappers.vllm_language_model:VllmLanguageModel",
        licence="of the model that it runs",
        batch=250,
        share=1_000_000,
        ahead=True,
        requires="vllm",
        extra="vllm",
        prompt="emotion-captions-last",
    ),
)

_EMBEDDERS = (
    _make_model_info(
        "imagebind",
        Role.EMBEDDER,
        _BOTH,
        "embedders.imagebind:ImageBindEmbedder",
        licence="CC-BY-NC-SA-4.0",
        commercial=False,
        extra="imagebind",
        model="nielsr/imagebind-huge",
    ),
    _make_model_info(
        "pe-av",
        Role.EMBEDDER,
        _BOTH,
        "embedders.pe_av:PeAvEmbedder",
        licence="Apache-2.0",
        model="facebook/pe-av-small",
        rate=48_000,
        architectures=("pe_audio_video",),
    ),
    _make_model_info(
        "clip",
        Role.EMBEDDER,
        _ARTWORK,
        "embedders.clip:ClipEmbedder",
        licence="none stated; code MIT",
        model="openai/clip-vit-base-patch32",
        batch=100,
        architectures=("clip",),
    ),
    _make_model_info(
        "siglip-2",
        Role.EMBEDDER,
        _ARTWORK,
        "embedders.clip:SiglipEmbedder",
        licence="Apache-2.0",
        model="google/siglip2-base-patch16-224",
        batch=100,
        architectures=("siglip", "siglip2"),
    ),
    _make_model_info(
        "metaclip-2",
        Role.EMBEDDER,
        _ARTWORK,
        "embedders.clip:ClipEmbedder",
        licence="CC-BY-NC-4.0",
        commercial=False,
        model="facebook/metaclip-2-worldwide-huge-quickgelu",
        batch=100,
        architectures=("metaclip_2",),
    ),
    _make_model_info(
        "clap",
        Role.EMBEDDER,
        _TRACK,
        "embedders.clap:ClapEmbedder",
        licence="Apache-2.0; code CC0-1.0",
        model="laion/larger_clap_general",
        rate=48_000,
        architectures=("clap",),
    ),
)

BACKENDS = (*CPU_BACKENDS, *_CAPTIONERS, *_MAPPERS, *_EMBEDDERS)

STEPS = (
    BackendInfo(
        name="shuffle",
        role=Role.CAPTIONER,
        kinds=(),
        target=f"{_PACKAGE}.no_model:NoModel",
        licence="Apache-2.0",
        batch=1000,
        share=100_000,
    ),
)
"""Entries for steps without a model. They take no kind, so no profile can name them."""
