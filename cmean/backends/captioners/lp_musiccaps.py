"""LP-MusicCaps: captions of music, ten seconds at a time (Doh, Choi, Lee & Nam 2023).

The weights are under CC-BY-NC 4.0: for research, not for commercial use.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean import torch_tools
from cmean.backends import hub, inputs, state_dicts
from cmean.backends.captioners import lp_musiccaps_mel
from cmean.backends.model import ModelBackend
from cmean.domain import Caption, FinishReason
from cmean.errors import CaptionError, ConfigError, WeightsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from transformers import BartConfig, PreTrainedTokenizerBase

    from cmean.backends.captioners.lp_musiccaps_model import LPMusicCaps
    from cmean.domain import Excerpt

REPOSITORY = "facebook/bart-base"
"""Has BART's configuration and tokenizer, where the checkpoint's folder has not both."""

FILES_TO_FETCH = (
    ("seungheondoh/lp-music-caps", "transfer.pth"),
    (REPOSITORY, "config.json"),
    (REPOSITORY, "vocab.json"),
    (REPOSITORY, "merges.txt"),
)
"""All that is read: a repository, and a file there."""

_MAX_NEW_TOKENS = 127
_BART_FILES = (("config.json", "tokenizer.json"), ("config.json", "vocab.json", "merges.txt"))


class LPMusicCapsCaptioner(ModelBackend):
    """Captions sounds of at most ten seconds; takes no prompt.

    Implements `cmean.protocols.PreparingCaptioner`.

    Args:
        model: a repository or folder with ``transfer.pth``, or with one other .pth or .safetensors
            file of the same tensors. BART's configuration and tokenizer are read there too, or else
            in facebook/bart-base.
        revision: of the repository.
        dtype: number format of the weights: float32, bfloat16 or float16.
        max_new_tokens: a caption is truncated there, at most 127.
        num_beams: beam width; 1 is greedy decoding.
    """

    window_seconds = 10.0

    def __init__(
        self,
        *,
        model: str,
        revision: str = "",
        dtype: str = "float32",
        max_new_tokens: int = _MAX_NEW_TOKENS,
        num_beams: int = 5,
    ) -> None:
        super().__init__(model, revision, dtype)
        # of the two tokens at least, the first begins the caption and the last ends it
        if not 2 <= max_new_tokens <= _MAX_NEW_TOKENS or num_beams < 1:  # noqa: PLR2004
            raise ConfigError(
                f"max_new_tokens is from 2 to {_MAX_NEW_TOKENS}, and num_beams at least 1"
            )
        self._max_new_tokens = max_new_tokens
        self._num_beams = num_beams
        self._network: LPMusicCaps | None = None
        self._tokenizer: Any = None
        self._generation_config: Any = None

    def _load(self) -> None:
        import torch

        from cmean.backends.captioners.lp_musiccaps_model import (  # noqa: PLC0415 - imports PyTorch
            LPMusicCaps,
        )

        folder = hub.locate_checkpoint(self.model, self._revision).folder
        bart = state_dicts.find_companion_folder(_BART_FILES, folder, REPOSITORY)
        config = _read_bart_config(bart)
        self._tokenizer = _load_tokenizer(bart, config.vocab_size)
        self._generation_config = self._build_generation_config(config)
        path = state_dicts.find_checkpoint_file(folder, "transfer.pth")
        with torch.device("meta"):
            network = LPMusicCaps(config)
        state_dicts.fill_module(network, state_dicts.read_state_dict(path), path)
        network.bart.tie_weights()  # share one embedding matrix
        with torch_tools.convert_device_errors():
            network.to(torch_tools.choose_device(), torch_tools.get_dtype(self._dtype))
        self._network = network.eval().requires_grad_(requires_grad=False)

    def _release_model(self) -> None:
        self._network = self._tokenizer = self._generation_config = None

    def caption(self, batch: Sequence[Excerpt]) -> list[Caption]:
        """Caption sounds; as many captions as excerpts, in their order. Errors as of `prepare`."""
        return self.generate(self.prepare(batch))

    def prepare(self, batch: Sequence[Excerpt]) -> NDArray[np.float32]:
        """Compute the spectrograms of the sounds, shape (n, 128, 1001).

        Raises:
            CaptionError: `not-a-sound`, `sample-rate` where it is not 16 kHz, `empty-sound`, and
                `sound-too-long` for more than ten seconds.
        """
        rate, window = lp_musiccaps_mel.RATE, self.window_seconds
        sounds = [
            inputs.check_sound(e.media, "LP-MusicCaps", CaptionError, rate, window) for e in batch
        ]
        return np.array(
            [lp_musiccaps_mel.compute_musiccaps_spectrogram(sound.samples) for sound in sounds],
            np.float32,
        )

    def generate(self, prepared: NDArray[np.float32]) -> list[Caption]:
        """Caption what was prepared."""
        import torch

        if self._network is None:
            raise RuntimeError("load the captioner before it captions")
        if not len(prepared):
            return []
        first = next(self._network.parameters())
        with torch.inference_mode(), torch_tools.convert_device_errors():
            mel = torch.from_numpy(prepared).to(first.device, first.dtype)
            rows = self._network.write(mel, self._generation_config).tolist()
        return [self._decode_caption(row) for row in rows]

    def _decode_caption(self, row: list[int]) -> Caption:
        """Decode a row of tokens, which begins with a start token and may end with padding."""
        tokens = row[1:]
        while tokens and tokens[-1] == self._generation_config.pad_token_id:
            tokens.pop()
        # The limit forces an end token, so a caption of full length is a truncated one.
        is_truncated = len(tokens) >= self._max_new_tokens
        special = set(self._tokenizer.all_special_ids)
        return Caption(
            self._tokenizer.decode(tokens, skip_special_tokens=True).strip(),
            FinishReason.LENGTH if is_truncated else FinishReason.STOP,
            tokens=sum(token not in special for token in tokens),
        )

    def _build_generation_config(self, config: BartConfig) -> Any:  # noqa: ANN401 - a GenerationConfig
        """Build the published code's generation settings, in part those of facebook/bart-base."""
        from transformers import GenerationConfig

        untyped: Any = GenerationConfig
        return untyped(
            max_new_tokens=self._max_new_tokens,
            min_length=2,
            num_beams=self._num_beams,
            early_stopping=self._num_beams > 1,
            do_sample=False,
            no_repeat_ngram_size=3,
            forced_bos_token_id=config.bos_token_id,
            forced_eos_token_id=config.eos_token_id,
            bos_token_id=config.bos_token_id,
            eos_token_id=config.eos_token_id,
            pad_token_id=config.pad_token_id,
            decoder_start_token_id=config.decoder_start_token_id,
        )


def _read_bart_config(folder: Path) -> BartConfig:
    """Read the configuration in a folder, which must be BART's."""
    from transformers import BartConfig

    path = folder / "config.json"
    try:
        kind = json.loads(path.read_text(encoding="utf-8")).get("model_type")
        if kind == "bart":
            return BartConfig.from_pretrained(folder, local_files_only=True)
    except (ValueError, AttributeError, OSError) as error:
        raise WeightsError(f"{path} cannot be read: {error}") from error
    raise WeightsError(f"{path} is of another architecture: {kind!r}, not 'bart'")


def _load_tokenizer(folder: Path, vocabulary: int) -> PreTrainedTokenizerBase:
    """Load the tokenizer in a folder, which must have as many tokens as the network."""
    from transformers import BartTokenizer

    try:
        found: PreTrainedTokenizerBase = BartTokenizer.from_pretrained(
            folder, local_files_only=True
        )
    except Exception as error:  # the tokenizers library raises bare exceptions
        raise WeightsError(f"the tokenizer in {folder} cannot be read: {error}") from error
    if len(found) != vocabulary:
        sizes = f"{len(found)} tokens, and the network {vocabulary}"
        raise WeightsError(f"the tokenizer in {folder} has {sizes}")
    return found
