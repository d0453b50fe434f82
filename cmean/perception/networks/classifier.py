"""EfficientNet-Lite2: 1,280 features and 1,000 ImageNet logits of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from cmean.perception.networks import efficientnet
from cmean.perception.networks.sessions import Network

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class PictureClasses:
    """Of a picture: `features`, shape (1280,), 0 or more; `logits`, shape (1000,)."""

    features: Floats
    logits: Floats


class Classifier:
    """Classifies pictures with EfficientNet-Lite2.

    Args:
        folder: where `cmean setup` put the graph.
    """

    def __init__(self, folder: Path) -> None:
        self._network = Network(folder / efficientnet.FILE)

    def classify(self, pixels: NDArray[np.uint8]) -> PictureClasses:
        """Compute features and logits of sRGB `pixels`, shape (height, width, 3)."""
        side = efficientnet.SIDE
        image = Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC)
        centred = (np.asarray(image, np.float32) - efficientnet.MEAN) / efficientnet.STD
        return PictureClasses(*self._network.run(centred.transpose(2, 0, 1).copy()))
