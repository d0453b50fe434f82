"""The commits of published checkpoints that are used where no revision is named.

A branch may move or lose its files; a commit stays what it was. Each was found in public sources in
December 2026; none was loaded here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PINNED_COMMITS: Final[Mapping[str, str]] = {
    "HuggingFaceTB/SmolVLM2-2.2B-Instruct": "482adb537c021c86670beed01cd58990d01e72e4",
    "OpenGVLab/InternVL3_5-8B-HF": "741a7d03020411e666c6109218ab71e08151ef86",
    "Qwen/Qwen2-Audio-7B-Instruct": "0a095220c30b7b31434169c3086508ef3ea5bf0a",
    "Qwen/Qwen2.5-Omni-7B": "ae9e1690543ffd5c0221dc27f79834d0294cba00",
    "Qwen/Qwen2.5-VL-7B-Instruct": "cc594898137f460bfe9f0759e9844b3ce807cfb5",
    "Qwen/Qwen3-4B": "1cfa9a7208912126459214e8b04321603b3df60c",
    "Qwen/Qwen3-4B-Instruct-2507": "cdbee75f17c01a7cc42f958dc650907174af0554",
    "Qwen/Qwen3-Omni-30B-A3B-Captioner": "a2bd106cbf527db5676e79662674da22b0545ec0",
    "Qwen/Qwen3-Omni-30B-A3B-Instruct": "26291f793822fb6be9555850f06dfe95f2d7e695",
    "Qwen/Qwen3-VL-4B-Instruct": "ebb281ec70b05090aa6165b016eac8ec08e71b17",
    "Qwen/Qwen3-VL-8B-Instruct": "0c351dd01ed87e9c1b53cbc748cba10e6187ff3b",
    "Qwen/Qwen3.5-4B": "851bf6e806efd8d0a36b00ddf55e13ccb7b8cd0a",
    "Salesforce/blip-image-captioning-large": "353689b859fcf0523410b1806dace5fb46ecdf41",
    "Salesforce/blip2-opt-2.7b": "59a1ef6c1e5117b3f65523d1c6066825bcf315e3",
    # its older layout of the processor, whose tensors are known to be published there
    "Salesforce/instructblip-vicuna-7b": "52ba0cb2c44d96b2fcceed4e84141dc40d2b6a92",
    "facebook/bart-base": "aadd2ab0ae0c8268c7c9693540e9904811f36177",
    "facebook/metaclip-2-worldwide-huge-quickgelu": "c139061af7b10fdb2e754b60d2b1182a3d5526c2",
    "facebook/pe-av-small": "dd050762bb9704ae9cd996ca45532a98f81d817e",
    "google/gemma-4-E4B-it": "ee0ef6023621cff504d758262d4e04895a5af4a2",
    "google/siglip2-base-patch16-224": "75de2d55ec2d0b4efc50b3e9ad70dba96a7b2fa2",
    # publishes pytorch_model.bin alone
    "laion/larger_clap_general": "ada0c23a36c4e8582805bb38fec3905903f18b41",
    "llava-hf/llava-1.5-7b-hf": "b234b804b114d9e37bb655e11cbbb5f5e971b7a9",
    "llava-hf/llava-interleave-qwen-7b-hf": "dfc07edd053263d2b799233b548dd4cc21f2bd94",
    "llava-hf/llava-v1.6-mistral-7b-hf": "2424fdd47412fccc66d91719126b420e9fbd7065",
    "nielsr/imagebind-huge": "51fc1ff707903501e60bdb2f73dd4e8818eef099",
    "nvidia/audio-flamingo-3-hf": "7d4bae64ee29878af6504ae6f6bb3e40492838ad",
    "nvidia/audio-flamingo-next-hf": "5634886e2615c2f587dcf8b93c6edfe9907930ca",
    "nvidia/music-flamingo-2601-hf": "6b5be086d52f65a1e204cb0faf70bf54e2741ecd",
    # a conversion to safetensors, which the branch main does not have
    "openai/clip-vit-base-patch32": "c237dc49a33fc61debc9276459120b7eac67e7ef",
}
"""Repository → commit. Of seungheondoh/lp-music-caps no commit is known."""


def choose_revision(model: str, revision: str = "") -> str:
    """Choose the revision of a repository: as named, else the pinned commit, else main."""
    return revision or PINNED_COMMITS.get(model, "main")
