"""All back-ends of cmean; here those that run a checkpoint or ask a model server.

Licences are those that the publishers of the weights state.
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


_CAPTIONERS = (
    _make_model_info(
        "qwen2-audio",
        Role.CAPTIONER,
        _TRACK,
        "captioners.qwen2_audio:Qwen2AudioCaptioner",
        licence="Apache-2.0",
        model="Qwen/Qwen2-Audio-7B-Instruct",
        prompt="track",
        continues=True,
    ),
    _make_model_info(
        "qwen2.5-vl",
        Role.CAPTIONER,
        _ARTWORK,
        "captioners.qwen2_5_vl:Qwen25VLCaptioner",
        licence="Apache-2.0",
        model="Qwen/Qwen2.5-VL-7B-Instruct",
        prompt="artwork",
        continues=True,
    ),
    _make_model_info(
        "qwen2.5-omni",
        Role.CAPTIONER,
        _BOTH,
        "captioners.qwen2_5_omni:Qwen25OmniCaptioner",
        licence="Apache-2.0",
        model="Qwen/Qwen2.5-Omni-7B",
        prompt="{kind}",
        continues=True,
    ),
    _make_model_info(
        "qwen3-omni",
        Role.CAPTIONER,
        _BOTH,
        "captioners.qwen3_omni:Qwen3OmniCaptioner",
        licence="Apache-2.0",
        model="Qwen/Qwen3-Omni-30B-A3B-Instruct",
        prompt="{kind}",
        continues=True,
    ),
    _make_model_info(
        "audio-flamingo-3",
        Role.CAPTIONER,
        _TRACK,
        "captioners.audio_flamingo:AudioFlamingo3Captioner",
        licence="NVIDIA OneWay Noncommercial",
        commercial=False,
        model="nvidia/audio-flamingo-3-hf",
        prompt="track",
        continues=True,
    ),
    _make_model_info(
        "music-flamingo",
        Role.CAPTIONER,
        _TRACK,
        "captioners.audio_flamingo:MusicFlamingoCaptioner",
        licence="NVIDIA OneWay Noncommercial",
        commercial=False,
        model="nvidia/music-flamingo-2601-hf",
        prompt="track",
        continues=True,
    ),
    _make_model_info(
        "llava",
        Role.CAPTIONER,
        _ARTWORK,
        "captioners.llava:LlavaCaptioner",
        licence="Llama 2 Community",
        model="llava-hf/llava-1.5-7b-hf",
        prompt="artwork",
        continues=True,
    ),
    _make_model_info(
        "llava-next",
        Role.CAPTIONER,
        _ARTWORK,
        "captioners.llava_next:LlavaNextCaptioner",
        licence="Apache-2.0",
        model="llava-hf/llava-v1.6-mistral-7b-hf",
        prompt="artwork",
        continues=True,
    ),
    _make_model_info(
        "llava-next-interleave",
        Role.CAPTIONER,
        _ARTWORK,
        "captioners.llava_next:LlavaInterleaveCaptioner",
        licence="Tongyi Qianwen Research",
        commercial=False,
        model="llava-hf/llava-interleave-qwen-7b-hf",
        prompt="artwork",
        continues=True,
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
        licence="MIT",
        model="Salesforce/blip2-opt-2.7b",
        prompt="artwork-short",
    ),
    _make_model_info(
        "instructblip",
        Role.CAPTIONER,
        _ARTWORK,
        "captioners.instructblip:InstructBlipCaptioner",
        licence="Llama 2 Community (Vicuna)",
        commercial=False,
        model="Salesforce/instructblip-vicuna-7b",
        prompt="artwork-short",
    ),
    _make_model_info(
        "lp-musiccaps",
        Role.CAPTIONER,
        _TRACK,
        "captioners.lp_musiccaps:LPMusicCapsCaptioner",
        licence="CC-BY-NC-4.0",
        commercial=False,
        model="seungheondoh/lp-music-caps",
    ),
    BackendInfo(
        name="openai",
        role=Role.CAPTIONER,
        kinds=_BOTH,
        target=f"{_PACKAGE}.captioners.openai_server:ServerCaptioner",
        licence="of the served model",
        batch=16,
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
        batch=256,
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
    ),
    BackendInfo(
        name="openai",
        role=Role.MAPPER,
        kinds=_BOTH,
        target=f"{_PACKAGE}.mappers.openai_server:ServerLanguageModel",
        licence="of the served model",
        batch=50,
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
        batch=256,
        share=1_000_000,
        ahead=True,
        requires="vllm",
        extra="vllm",
        prompt="emotion",
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
        "clip",
        Role.EMBEDDER,
        _ARTWORK,
        "embedders.clip:ClipEmbedder",
        licence="MIT",
        model="openai/clip-vit-base-patch32",
        batch=100,
    ),
    _make_model_info(
        "clap",
        Role.EMBEDDER,
        _TRACK,
        "embedders.clap:ClapEmbedder",
        licence="Apache-2.0",
        model="laion/larger_clap_general",
        rate=48_000,
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
