"""Base class of the back-ends that run a checkpoint on PyTorch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from cmean import torch_tools
from cmean.backends import hub
from cmean.errors import ConfigError
from cmean.parameter_types import check_arguments


class ModelBackend(ABC):
    """A back-end with weights; a subclass loads and applies them.

    Args:
        model: a repository or folder.
        revision: of the repository.
        dtype: number format of the weights: float32, bfloat16 or float16.
    """

    code: ClassVar[int] = 1
    """Version of the code; raised whenever the same weights and parameters give other results."""

    def __init__(self, model: str, revision: str, dtype: str) -> None:
        check_arguments(ModelBackend, {"model": model, "revision": revision, "dtype": dtype})
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
        """Load the weights and what belongs to them, and silence the libraries from here on.

        Raises:
            WeightsError: a file is not on this machine, damaged, or of another model.
            MissingExtraError: a library that the parameters ask for is not installed.
            MemoryError: the model does not fit.
        """
        torch_tools.silence_libraries()
        self._load()

    def unload(self) -> None:
        """Release the memory."""
        self._release_model()
        torch_tools.release_memory()

    @abstractmethod
    def _load(self) -> None:
        """Load all that the back-end holds."""

    @abstractmethod
    def _release_model(self) -> None:
        """Drop every reference to what `_load` read."""
