"""Embedders of transformers that have a tower for one medium and a tower for texts."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from cmean import torch_tools
from cmean.backends import checkpoints
from cmean.backends.embedders.texts import cut_token_windows
from cmean.backends.model import ModelBackend
from cmean.util.covering_windows import embed_windows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from cmean.domain import Excerpt, Picture, Sound


class TwoTowerEmbedder(ModelBackend):
    """Embeds a medium and texts. Implements `cmean.protocols.Embedder`.

    Args:
        model: a repository or folder.
        revision: of the repository.
        dtype: number format of the weights: float32, bfloat16 or float16.
        architectures: what `model_type` in the checkpoint's ``config.json`` may be.
    """

    at_once: ClassVar[int]
    """How many windows go through a tower together."""

    def __init__(
        self,
        *,
        model: str,
        revision: str = "",
        dtype: str = "float32",
        architectures: tuple[str, ...],
    ) -> None:
        super().__init__(model, revision, dtype)
        self._architectures = architectures
        self._network: Any = None
        self._tokenizer: Any = None
        self._processor: Any = None

    def _load(self) -> None:
        import transformers

        folder = checkpoints.open_checkpoint(self.model, self._revision, self._architectures)
        self._tokenizer = checkpoints.load_tokenizer(folder)
        self._processor = self._load_processor(folder)
        self._network = checkpoints.load_model(transformers.AutoModel, folder, dtype=self._dtype)

    def _release_model(self) -> None:
        self._network = self._tokenizer = self._processor = None

    def embed(self, batch: Sequence[Excerpt]) -> list[NDArray[np.float32]]:
        """Embed pictures or sounds of any size; as many unit vectors as excerpts.

        Raises:
            EmbeddingError: the reasons of `cmean.backends.inputs`; `no-vector` where the model
                gives no numbers.
        """
        windows = [self._cut_windows(excerpt.media) for excerpt in batch]
        return embed_windows(windows, self._embed_windows, self.at_once)

    def embed_texts(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Embed texts of any length into the same space; as many unit vectors as texts.

        Raises:
            EmbeddingError: `empty-text`, `no-vector`.
        """
        return embed_windows(map(self._cut_text, texts), self._read, self.at_once)

    def _cut_text(self, text: str) -> list[list[int]]:
        """Cut a text into windows of tokens."""
        return cut_token_windows(self._tokenizer, text, self._get_longest_text())

    def _read(self, windows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        given = {"input_ids": list(windows)}
        padded = self._tokenizer.pad(given, padding_side="right", return_tensors="pt")
        return self._compute_vectors("get_text_features", **padded)

    def _compute_vectors(self, tower: str, **given: Any) -> NDArray[np.float32]:  # noqa: ANN401 - tensors
        """Compute the vectors of a tower from tensors."""
        return self._apply(
            lambda **moved: getattr(self._network, tower)(**moved).pooler_output, given
        )

    def _apply(self, tower: Callable[..., Any], given: Mapping[str, Any]) -> NDArray[np.float32]:
        """Apply a tower to tensors, where and as the weights are."""
        import torch

        network = self._network
        with torch.inference_mode(), torch_tools.convert_device_errors():
            moved = {
                name: tensor.to(
                    network.device, network.dtype if tensor.is_floating_point() else None
                )
                for name, tensor in given.items()
            }
            vectors: NDArray[np.float32] = tower(**moved).float().cpu().numpy()
            return vectors

    # What differs between architectures.

    @abstractmethod
    def _load_processor(self, folder: Path) -> Any:  # noqa: ANN401 - of transformers
        """Load the processor that makes tensors of the medium."""

    @abstractmethod
    def _get_longest_text(self) -> int:
        """Return the maximum number of tokens in a window of a text."""

    @abstractmethod
    def _cut_windows(self, media: Sound | Picture) -> Sequence[NDArray[Any]]:
        """Cut the inputs into windows."""

    @abstractmethod
    def _embed_windows(self, windows: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """Compute one vector a window."""
