"""What every back-end that runs on PyTorch needs: its device, its number format, its errors."""

from __future__ import annotations

import gc
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cmean.config import load_settings
from cmean.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

DTYPES = ("float32", "bfloat16", "float16")


def choose_device() -> torch.device:
    """Choose the device: CMEAN_DEVICE, else a GPU if available, else the CPU."""
    import torch

    wanted = load_settings().device
    if wanted is None:
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        found = torch.device(wanted)
    except RuntimeError as error:
        raise ConfigError(f"CMEAN_DEVICE: PyTorch has no device {wanted!r}") from error
    if found.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"CMEAN_DEVICE is {wanted!r}, and PyTorch finds no GPU here")
    return found


def get_dtype(name: str) -> torch.dtype:
    """Return the number format of that name.

    Raises:
        ConfigError: it is not one of `DTYPES`.
    """
    import torch

    if name not in DTYPES:
        raise ConfigError(f"dtype is one of {', '.join(DTYPES)}, not {name!r}")
    found: torch.dtype = getattr(torch, name)
    return found


def silence_libraries() -> None:
    """Hide progress bars, log lines and warnings of libraries; errors still raise.

    For the rest of the process, since a model is prepared for and used in several threads.
    """
    from transformers import utils

    logging: Any = utils.logging
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore", module=r"(torch|transformers|huggingface_hub)(\.|$)")


@contextmanager
def convert_memory_errors() -> Iterator[None]:
    """Convert out-of-memory errors, of a GPU or not, to MemoryError, and release the cache."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        release_memory()
        raise MemoryError(str(error).splitlines()[0]) from error
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):
            raise
        raise MemoryError(str(error).splitlines()[0]) from error


def release_memory() -> None:
    """Release the memory of models that are no longer referenced."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
