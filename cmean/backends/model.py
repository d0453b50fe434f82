"""What all back-ends that run a checkpoint on PyTorch have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from cmean.backends import hub, torch_tools
from cmean.errors import ConfigError


class ModelBackend(ABC):
    """A back-end with weights; a subclass says what of them it holds, and what it does with it.

    Args:
        model: a repository or folder.
        revision: of the repository.
        dtype: number format of the weights: float32, bfloat16 or float16.
    """

    code: ClassVar[int] = 1
    """Raised whenever the code gives something else of the same weights and parameters."""

    def __init__(self, model: str, revision: str, dtype: str) -> None:
        if dtype not in torch_tools.DTYPES:
            raise ConfigError(f"dtype is one of {', '.join(torch_tools.DTYPES)}, not {dtype!r}")
        self.model = model
        self._revision = revision
        self._dtype = dtype

    @property
    def revision(self) -> str:
        """The commit or fingerprint of the weights, and the version of this code.

        Raises:
            WeightsError: the weights are not on this machine.
        """
        return f"{hub.locate_checkpoint(self.model, self._revision).revision}/{self.code}"

    def load(self) -> None:
        """Read the weights and what belongs to them. From here on, libraries say nothing.

        Raises:
            WeightsError: a file is not on this machine, damaged, or of another model.
            MissingExtraError: a library that the parameters ask for is not installed.
            MemoryError: the model does not fit.
        """
        torch_tools.silence_libraries()
        self._load()

    def unload(self) -> None:
        """Give the memory back."""
        self._forget()
        torch_tools.release_memory()

    @abstractmethod
    def _load(self) -> None:
        """Read all that is held."""

    @abstractmethod
    def _forget(self) -> None:
        """Drop every reference to what `_load` read."""
