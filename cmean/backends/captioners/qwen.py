"""Common parts of the Qwen captioners of pictures: bounded size, a processor without video."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.backends import checkpoints
from cmean.backends.captioners.chat import ChatCaptioner
from cmean.errors import CaptionError, ConfigError
from cmean.failure_reasons import FailureReason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cmean.domain import Picture

_MAX_ASPECT_RATIO = 200


class QwenVisionCaptioner(ChatCaptioner):
    """Captions pictures at their own aspect ratio, resized to a bounded number of pixels.

    Args:
        min_pixels: smaller pictures are enlarged to that many.
        max_pixels: larger pictures are reduced to that many; about every 784 are a token.
        parameters: as `ChatCaptioner`.
    """

    def __init__(
        self,
        *,
        min_pixels: int = 256 * 784,
        max_pixels: int = 1280 * 784,
        **parameters: Any,  # noqa: ANN401 - of ChatCaptioner
    ) -> None:
        super().__init__(**parameters)
        if not 0 < min_pixels <= max_pixels:
            raise ConfigError("min_pixels is above 0, and max_pixels not below it")
        self._pixels = (min_pixels, max_pixels)

    def _load_image_processor(self, folder: Path) -> Any:  # noqa: ANN401 - of transformers
        processor = checkpoints.load_image_processor(folder)
        shortest, longest = self._pixels
        # Despite their names, these are numbers of pixels.
        processor.size = {"shortest_edge": shortest, "longest_edge": longest}
        return processor

    def _check_picture(self, picture: Picture) -> None:
        height, width = picture.pixels.shape[:2]
        if max(height, width) > _MAX_ASPECT_RATIO * min(height, width):
            detail = f"one side of {width}×{height} is over {_MAX_ASPECT_RATIO} times the other"
            raise CaptionError(FailureReason.PICTURE_TOO_NARROW, detail)


def assemble_processor_without_video(
    processor_class: Any,  # noqa: ANN401 - a class of transformers
    folder: Path,
    parts: Mapping[str, Any],
) -> Any:  # noqa: ANN401 - a processor of transformers
    """Assemble a processor without its video part, which would import torchvision.

    Otherwise as `checkpoints.assemble_processor`.
    """
    import transformers

    mixin: Any = transformers.ProcessorMixin
    tokenizer = parts["tokenizer"]

    class ProcessorWithoutVideo(processor_class):  # type: ignore[misc]  # a class of transformers
        @classmethod
        def get_attributes(cls) -> list[str]:
            return list(parts)

        def __init__(self, chat_template: str | None = None) -> None:
            mixin.__init__(self, chat_template=chat_template, **parts)
            for medium in ("image", "video", *(["audio"] * ("feature_extractor" in parts))):
                token = getattr(tokenizer, f"{medium}_token", f"<|{medium}_pad|>")
                setattr(self, f"{medium}_token", token)
                setattr(self, f"{medium}_token_id", tokenizer.convert_tokens_to_ids(token))

    return checkpoints.assemble_processor(ProcessorWithoutVideo, folder, {})
