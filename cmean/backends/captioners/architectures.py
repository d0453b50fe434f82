"""Architectures of chat models: what cmean must know of each beside what transformers knows.

`model_type` in a checkpoint's ``config.json`` names its architecture. Of one that sees pictures and
has an image processor that needs no torchvision, transformers knows all that is needed, and there
is no entry here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cmean.backends import checkpoints
from cmean.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Architecture:
    """Facts about an architecture.

    Args:
        model: its class in transformers; empty: the one of `AutoModelForImageTextToText`.
        window: the longest sound of the published weights, in seconds; None: it hears nothing.
        padding: of sounds: "extractor": as the feature extractor does it; "windows": to whole
            windows of it; "second": at least a second of silence follows the longest sound.
        processor: its class in transformers; empty: the one of `AutoProcessor`.
        scales: whether a picture is scaled to between `min_pixels` and `max_pixels`.
        shortest: seconds; shorter sounds are followed by silence up to that.
    """

    model: str = ""
    window: float | None = None
    padding: str = "extractor"
    processor: str = ""
    scales: bool = False
    shortest: float = 0.1

    def make_audio_options(self, longest: float, rate: int) -> dict[str, Any]:
        """Make the options of the feature extractor.

        Args:
            longest: of the sounds, in seconds.
            rate: of the sounds, in Hz.
        """
        options: dict[str, Any] = {"sampling_rate": rate}
        if self.padding == "windows":
            return options | {"padding": "max_length"}
        if self.padding == "second":
            # Padding to 300 s is slow, and to the longest sound makes the last frame, which reaches
            # beyond its sound, depend on the batch: a second more is enough, the rest is ignored.
            padded = (math.ceil(longest) + 1) * rate
            return options | {"padding": "max_length", "max_length": padded, "truncation": False}
        return options


_SCALES = Architecture(scales=True)
_OMNI_2_5 = Architecture(
    "Qwen2_5OmniThinkerForConditionalGeneration", window=300.0, padding="second", scales=True
)
# Its audio tower reads whole seconds, and a shorter sound otherwise if it is alone.
_OMNI_3 = Architecture(
    "Qwen3OmniMoeThinkerForConditionalGeneration",
    window=300.0,
    padding="second",
    scales=True,
    shortest=1.0,
)

# Audio Flamingo and Music Flamingo cut sounds into windows of 30 s and read them all at once. Of
# the models that also speak, the part that reads and writes is loaded alone.
ARCHITECTURES: Final[Mapping[str, Architecture]] = {
    "audioflamingo3": Architecture(
        "AudioFlamingo3ForConditionalGeneration", window=600.0, padding="windows"
    ),
    "gemma4": Architecture(window=30.0),
    "musicflamingo": Architecture(
        "MusicFlamingoForConditionalGeneration", window=1200.0, padding="windows"
    ),
    "qwen2_5_omni": _OMNI_2_5,
    "qwen2_5_omni_thinker": _OMNI_2_5,
    "qwen2_5_vl": _SCALES,
    "qwen2_audio": Architecture("Qwen2AudioForConditionalGeneration", window=30.0),
    "qwen2_vl": _SCALES,
    "qwen3_5": _SCALES,
    "qwen3_omni_moe": _OMNI_3,
    "qwen3_omni_moe_thinker": _OMNI_3,
    "qwen3_vl": _SCALES,
    "qwen3_vl_moe": _SCALES,
    # for pictures the same as its own, which needs num2words to speak of the frames of a video
    "smolvlm": Architecture(processor="Idefics3Processor"),
}

_NEEDED: Final = ("image_seq_len", "image_seq_length", "patch_size")
"""Settings of processors that depend on the weights, and have no default that fits all."""

_REFUSED: Final[Mapping[str, str]] = {
    "gemma3n": "needs timm and torchvision for pictures; Gemma 4 does not",
    "phi4_multimodal": "needs torchvision for pictures",
    "phi4mm": "is run by code in its repository, and no code of a repository is run here",
}


def find_architecture(name: str, folder: Path) -> Architecture:
    """Find the facts about the architecture of that name, of the checkpoint in that folder.

    Raises:
        WeightsError: it cannot be run.
    """
    from transformers.models.auto import auto_mappings, modeling_auto

    if name in _REFUSED:
        raise WeightsError(f"{folder} holds a model of type {name!r}, which {_REFUSED[name]}")
    if (known := ARCHITECTURES.get(name)) is not None:
        return known
    if (
        name not in modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
        or name not in auto_mappings.PROCESSOR_MAPPING_NAMES
    ):
        raise WeightsError(
            f"{folder} holds a model of type {name!r}, which is no chat model of pictures or "
            "sounds that can be run: name another"
        )
    return Architecture()


def get_model_class(architecture: Architecture) -> Any:  # noqa: ANN401 - of transformers
    """Return the class of transformers that loads the weights."""
    import transformers

    return getattr(transformers, architecture.model or "AutoModelForImageTextToText")


class _NoVideoPart(dict[str, Any]):
    """Takes the place of a processor's video part, which would import torchvision.

    A dictionary, since transformers writes processors as JSON into its log.
    """

    fps = num_frames = None
    model_input_names: tuple[str, ...] = ()


def load_processor(architecture: str, folder: Path) -> Any:  # noqa: ANN401 - of transformers
    """Load the processor of an architecture, without a part for video.

    Raises:
        WeightsError: a part of it is missing or cannot be read, or it has no chat template.
    """
    from transformers.models.auto import auto_mappings, processing_auto

    named: Any = auto_mappings.PROCESSOR_MAPPING_NAMES[architecture.removesuffix("_thinker")]
    wanted = find_architecture(architecture, folder).processor or named
    processor_class: Any = processing_auto.processor_class_from_name(wanted)
    loaders: dict[str, Any] = {
        "feature_extractor": checkpoints.load_feature_extractor,
        "image_processor": checkpoints.load_image_processor,
        "tokenizer": checkpoints.load_tokenizer,
        "video_processor": lambda _: _NoVideoPart(),
    }

    class ProcessorWithoutVideo(processor_class):  # type: ignore[misc]  # a class of transformers
        def check_argument_for_proper_class(self, argument_name: str, argument: object) -> object:
            if isinstance(argument, _NoVideoPart):
                return _NoVideoPart
            return super().check_argument_for_proper_class(argument_name, argument)

    if lacking := set(processor_class.get_attributes()) - set(loaders):
        raise WeightsError(f"{folder}: a processor with {', '.join(lacking)} cannot be run")
    parts = {part: loaders[part](folder) for part in processor_class.get_attributes()}
    processor = checkpoints.assemble_processor(ProcessorWithoutVideo, folder, parts)
    settings, _ = processor_class.get_processor_dict(folder, local_files_only=True)
    for name in _NEEDED:
        if hasattr(processor, name) and settings.get(name) is None:  # so in old publications
            raise WeightsError(
                f"{folder} has no {name} in processor_config.json: download it again"
            )
    processor.chat_template = processor.chat_template or processor.tokenizer.chat_template
    if processor.chat_template is None:
        raise WeightsError(f"{folder} has no chat template: name a model that is made to chat")
    return processor


def find_window(processor: Any, architecture: Architecture) -> float | None:  # noqa: ANN401 - of transformers
    """Find the longest sound that a checkpoint hears at once, in seconds; None: it hears nothing.

    Args:
        processor: from `load_processor`.
        architecture: from `find_architecture`.
    """
    extractor = getattr(processor, "feature_extractor", None)
    if architecture.window is None or extractor is None:
        return None
    if (longest := getattr(processor, "max_audio_len", None)) is not None:
        return float(longest)
    if (tokens := getattr(processor, "audio_seq_length", None)) is not None:
        return float(tokens * processor.audio_ms_per_token / 1000)
    return float(extractor.chunk_length)
