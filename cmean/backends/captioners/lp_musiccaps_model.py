"""LP-MusicCaps' network (Doh et al. 2023): convolutions over a log-mel spectrogram, then BART.

The names and shapes of the tensors are those of the published checkpoint, hence the names of the
attributes. Written anew from the paper and from the checkpoint's contents. Only `load` of the
captioner imports this module, since it needs PyTorch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch  # noqa: TID253 - classes of modules; nothing imports this file before it is needed
from torch import Tensor, nn  # noqa: TID253 - as above
from transformers import BartForConditionalGeneration  # noqa: TID253 - as above

if TYPE_CHECKING:
    from transformers import BartConfig, GenerationConfig

MEL_BINS = 128
PLACES = 32
"""How many vectors the convolutions make of ten seconds."""

_HALVINGS = 5


class LPMusicCaps(nn.Module):
    """The whole network."""

    def __init__(self, config: BartConfig) -> None:
        super().__init__()
        self.audio_encoder = AudioEncoder(config.hidden_size)
        self.bart = BartForConditionalGeneration(config)

    def write(self, mel: Tensor, settings: GenerationConfig) -> Tensor:
        """Generate a caption of each spectrogram: (n, 128, 1001) to tokens, int64 of (n, tokens).

        They begin with BART's start token and end with its end token, then padding.
        """
        encoded = self.audio_encoder(mel)
        tokens: Tensor = self.bart.generate(inputs_embeds=encoded, generation_config=settings)
        return tokens


class AudioEncoder(nn.Module):
    """A spectrogram as vectors for BART: convolutions that halve its length, and places."""

    positional_embedding: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(MEL_BINS, width, kernel_size=3, padding=1)
        self.conv_stack = nn.ModuleList(
            nn.Conv1d(width, width, kernel_size=3, stride=2, padding=1) for _ in range(_HALVINGS)
        )
        self.register_buffer("positional_embedding", torch.zeros(PLACES, width))

    def forward(self, mel: Tensor) -> Tensor:
        """Give vectors of shape (n, 32, width)."""
        x = nn.functional.gelu(self.conv1(mel))
        for halve in self.conv_stack:
            x = nn.functional.gelu(halve(x))
        return x.transpose(1, 2) + self.positional_embedding
