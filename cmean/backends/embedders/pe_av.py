"""PE-AV (Vyas et al. 2025): sounds, pictures and texts in one space, under Apache-2.0.

A picture is a video of one frame. The model has a head for texts about sounds and one for texts
about videos; a text's vector is the mean of both unit vectors, since captions of either kind of
item are compared with items of both. Sounds are embedded in windows of ten seconds that cover them.
"""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from cmean.backends import checkpoints, inputs
from cmean.backends.embedders.two_towers import TwoTowerEmbedder
from cmean.domain import Sound
from cmean.errors import EmbeddingError, WeightsError
from cmean.util.covering_windows import average_unit_vectors, cover_with_windows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from cmean.domain import Picture

_SECONDS: Final = 10
_VIDEO_SETTINGS, _SETTINGS = "video_preprocessor_config.json", "processor_config.json"


class PeAvEmbedder(TwoTowerEmbedder):
    """Embeds sounds, pictures and texts by a `PeAudioVideoModel`."""

    at_once = 16

    def _load(self) -> None:
        import transformers

        folder = checkpoints.open_checkpoint(self.model, self._revision, self._architectures)
        self._tokenizer = checkpoints.load_tokenizer(folder)
        self._processor = self._load_processor(folder)
        with redirect_stdout(StringIO()):  # transformers prints an error about its own comments
            self._network = network = checkpoints.load_model(
                transformers.PeAudioVideoModel,
                folder,
                dtype=self._dtype,
                config=make_config(checkpoints.read_json(folder / "config.json")),
                key_mapping={r"vision_model\.(?!timm_model\.)": "vision_model.timm_model."},
            )
        network.audio_video_encoder = None  # of sounds and videos that belong together

    def _load_processor(self, folder: Path) -> Any:  # noqa: ANN401 - of transformers
        if (folder / _VIDEO_SETTINGS).is_file():
            settings = checkpoints.read_json(folder / _VIDEO_SETTINGS)
        else:  # all parts of the processor in one file
            settings = checkpoints.read_json(folder / _SETTINGS).get("video_processor", {})
        try:
            mean, deviation = settings["image_mean"], settings["image_std"]
        except KeyError as error:
            raise WeightsError(f"{folder} does not say how pictures are prepared") from error
        self._normal = np.array(mean, np.float32), np.array(deviation, np.float32)
        return checkpoints.load_feature_extractor(folder)

    def _get_longest_text(self) -> int:
        longest: int = self._network.config.text_config.max_position_embeddings
        return longest

    def _cut_windows(self, media: Sound | Picture) -> list[NDArray[Any]]:
        if not isinstance(media, Sound):
            return [inputs.check_picture(media, "PE-AV", EmbeddingError).pixels]
        rate = self._processor.sampling_rate
        samples = inputs.check_sound(media, "PE-AV", EmbeddingError, rate).samples
        return [
            samples[start:end] for start, end in cover_with_windows(len(samples), _SECONDS * rate)
        ]

    def _embed_windows(self, windows: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        found: dict[int, NDArray[np.float32]] = {}
        # windows of one length need no padding; pictures are all scaled to one size
        order = sorted(range(len(windows)), key=lambda n: _measure_length(windows[n]))
        for length, group in groupby(order, key=lambda n: _measure_length(windows[n])):
            places = list(group)
            embed = self._embed_sounds if length else self._embed_pictures
            found |= zip(places, embed([windows[n] for n in places]), strict=True)
        return np.stack([found[n] for n in range(len(windows))])

    def _embed_sounds(self, sounds: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        rate = self._processor.sampling_rate
        extracted = self._processor(list(sounds), sampling_rate=rate, return_tensors="pt")
        given = {"input_values": extracted["input_values"]}
        return self._apply(self._network.audio_model.get_audio_embeds, given)

    def _embed_pictures(self, pictures: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        import torch

        video = self._network.video_model
        side = video.video_encoder.config.vision_config.img_size
        scaled = np.stack([self._scale(pixels, side) for pixels in pictures])
        frames = torch.from_numpy(scaled).permute(0, 3, 1, 2).unsqueeze(1)
        return self._apply(
            lambda frames: video.video_head(video.video_encoder(frames).pooler_output),
            {"frames": frames},
        )

    def _scale(self, pixels: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
        """Scale a picture to a square, as the model's own preprocessor does, and normalise it."""
        mean, deviation = self._normal
        scaled = Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR)
        return ((np.asarray(scaled, np.float32) / 255 - mean) / deviation).astype(np.float32)

    def _read(self, windows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        padded = self._tokenizer.pad(
            {"input_ids": list(windows)}, padding_side="right", return_tensors="pt"
        )
        return np.stack(
            [average_unit_vectors(pair) for pair in self._apply(self._read_both, padded)]
        )

    def _read_both(self, **given: Any) -> Any:  # noqa: ANN401 - tensors
        """Compute the vectors for sounds and for videos, shape (rows, 2, width)."""
        import torch

        network = self._network
        found = network.text_model(**given, output_hidden_states=-1).hidden_states[-1][:, 0]
        heads = network.audio_model.text_audio_head, network.video_model.text_video_head
        return torch.stack([head(found) for head in heads], dim=1)


def _measure_length(window: NDArray[Any]) -> int:
    """Return the number of samples of a sound, 0 of a picture."""
    return len(window) if window.ndim == 1 else 0


def make_config(settings: dict[str, Any]) -> Any:  # noqa: ANN401 - of transformers
    """Make the model's configuration, with this package's tower of pictures instead of timm's.

    Args:
        settings: the content of ``config.json``.

    Raises:
        WeightsError: as `read_tower_config`.
    """
    import transformers

    from cmean.backends.embedders.pe_tower import (  # noqa: PLC0415 - it imports PyTorch
        PerceptionTower,
        PerceptionTowerConfig,
        read_tower_config,
    )

    auto: Any = transformers.AutoModelForImageClassification
    auto.register(PerceptionTowerConfig, PerceptionTower, exist_ok=True)
    parts = settings["audio_video_config"]
    seeing = parts["video_config"]
    video = transformers.PeVideoEncoderConfig(
        **seeing | {"vision_config": read_tower_config(seeing["vision_config"])}
    )
    return transformers.PeAudioVideoConfig(
        **settings | {"audio_video_config": parts | {"video_config": video}}
    )
