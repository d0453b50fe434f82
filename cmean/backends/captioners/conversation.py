"""Excerpts as the conversation, the media and the seed that a chat model is given; its caption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from cmean.backends.writing import (
    break_control_tokens,
    decode_continuation,
    decode_tokens,
    list_control_tokens,
    make_template_options,
    refuse_thinking,
)
from cmean.domain import Caption, FinishReason, Picture
from cmean.util.hashing import derive_seed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from cmean.domain import Excerpt, Sound
    from cmean.generation.jobs import GeneratedTokens, GenerationJob

_SHORTEST_SECONDS = 0.1


def format_conversation(processor: Any, excerpt: Excerpt) -> str:  # noqa: ANN401 - of transformers
    """Format the conversation for the model, up to where the caption continues."""
    medium = "image" if isinstance(excerpt.media, Picture) else "audio"
    request: list[dict[str, str]] = [{"type": medium}]
    messages: list[dict[str, Any]] = [{"role": "user", "content": request}]
    control = list_control_tokens(processor.tokenizer)
    if excerpt.prompt is not None:
        request.append({"type": "text", "text": break_control_tokens(excerpt.prompt.user, control)})
        if excerpt.prompt.system:
            system = {"type": "text", "text": break_control_tokens(excerpt.prompt.system, control)}
            messages.insert(0, {"role": "system", "content": [system]})
    text = _apply_template(processor, messages)
    if excerpt.prefix and not text[-1:].isspace():
        text += " "  # a model whose turn begins after "ASSISTANT:" writes the space itself
    return text + break_control_tokens(excerpt.prefix, control)


def check_thinking(processor: Any, folder: Path) -> None:  # noqa: ANN401 - of transformers
    """Check that the model does not think before each caption.

    Raises:
        WeightsError: it does, and that cannot be turned off.
    """
    messages = [{"role": "user", "content": [{"type": "text", "text": "Hello."}]}]
    refuse_thinking(_apply_template(processor, messages), folder)


def _apply_template(processor: Any, messages: list[dict[str, Any]]) -> str:  # noqa: ANN401 - of transformers
    options = make_template_options(processor.chat_template)
    return str(
        processor.apply_chat_template(
            messages, add_generation_prompt=True, tokenize=False, **options
        )
    )


def convert_to_image(picture: Picture) -> Image.Image:
    """Convert a picture for Pillow: a bare array of 3 rows could be taken for 3 channels."""
    return Image.fromarray(picture.pixels)


def pad_samples(sound: Sound, shortest: float = _SHORTEST_SECONDS) -> NDArray[np.float32]:
    """Pad sounds that have fewer seconds with silence: by default, too few for a single frame."""
    lacking = max(0, int(shortest * sound.rate) - len(sound.samples))
    return np.pad(sound.samples, (0, lacking))


def derive_excerpt_seed(seed: int, excerpt: Excerpt) -> int:
    """Derive a seed from the captioner's and from all that its model receives of an excerpt."""
    media, prompt = excerpt.media, excerpt.prompt
    content = media.pixels if isinstance(media, Picture) else media.samples
    texts = (str(seed), prompt.system if prompt else "", prompt.user if prompt else "")
    words = "\0".join((*texts, excerpt.prefix))
    return derive_seed([words, str(content.shape), np.ascontiguousarray(content).tobytes()])


def read_caption(
    tokenizer: Any,  # noqa: ANN401 - of transformers
    found: GeneratedTokens,
    job: GenerationJob,
    prefix: str,
) -> Caption:
    """Decode a caption.

    Args:
        tokenizer: of transformers.
        found: what was written.
        job: of that row; its input ends with `prefix`.
        prefix: what the caption begins with.
    """
    if prefix:
        before = job.inputs["input_ids"][0].tolist()
        text = prefix + decode_continuation(tokenizer, before, found.tokens)
    else:
        text = decode_tokens(tokenizer, found.tokens)
    if found.ended:
        return Caption(text, FinishReason.STOP, tokens=len(found.tokens))
    # the cap may have cut a character of several bytes
    return Caption(text.rstrip("\ufffd"), FinishReason.LENGTH, tokens=len(found.tokens))
