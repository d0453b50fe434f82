"""What every back-end that runs on PyTorch needs: its device, its number format, its errors."""

from __future__ import annotations

import gc
import os
import re
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cmean.config import load_settings
from cmean.errors import ConfigError, DeviceFaultError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import torch

DTYPES = ("float32", "bfloat16", "float16")

_LACKS_MEMORY = re.compile(
    r"out of memory|can't allocate memory|cannot allocate memory|failed to allocate"
    r"|STATUS_ALLOC_FAILED|cublasCreate",  # a handle is all that cuBLAS has to allocate there
    re.IGNORECASE,
)
_LACKS_KERNELS = re.compile(r"no kernel image is available|not compiled with")
_IS_DEVICE_FAULT = re.compile(
    r"\b(CUDA|HIP|cuDNN|cuBLAS|MIOpen|NCCL|Triton)\b.{0,20}\berror\b"
    r"|\b(CUBLAS|CUDNN|CUSOLVER|CUSPARSE|CUFFT|HIPBLAS|MIOPEN)_(STATUS_)?[A-Z]",
    re.IGNORECASE,
)


SPREAD = "auto"
"""The value of CMEAN_DEVICE for all GPUs: a model that one does not hold is spread over them."""


def choose_device_map() -> Any:  # noqa: ANN401 - as transformers takes it
    """Choose where the parts of a model go: to one device, or spread over all GPUs."""
    return SPREAD if load_settings().device == SPREAD else {"": choose_device()}


def check_placement(model: Any) -> None:  # noqa: ANN401 - of transformers
    """Check that a spread model lies on GPUs alone, where there are any.

    Raises:
        MemoryError: a part of it does not fit there.
    """
    import torch

    places = set(map(str, getattr(model, "hf_device_map", {}).values()))
    if torch.cuda.is_available() and places & {"cpu", "disk"} and len(places) > 1:
        count = torch.cuda.device_count()
        raise MemoryError(f"the model does not fit on the {count} GPUs here: use a smaller one")


def check_number_format(dtype: str) -> None:
    """Check that the device computes in that number format, not by emulation.

    Raises:
        ConfigError: it does not.
    """
    import torch

    if dtype != "bfloat16" or choose_device().type != "cuda":
        return
    if not torch.cuda.is_bf16_supported(including_emulation=False):
        raise ConfigError(
            "this GPU does not compute in bfloat16: set dtype = 'float32', or 'float16' for a "
            "model that was trained in it (others may write nothing but '!!!!')"
        )


def choose_device() -> torch.device:
    """Choose the device: CMEAN_DEVICE, else a GPU if available, else the CPU."""
    import torch

    wanted = load_settings().device
    if wanted is None or wanted == SPREAD:
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        found = torch.device(wanted)
    except RuntimeError as error:
        raise ConfigError(f"CMEAN_DEVICE: PyTorch has no device {wanted!r}") from error
    if found.type == "cuda" and not torch.cuda.is_available():
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        hint = "" if visible is None else f"; CUDA_VISIBLE_DEVICES is {visible!r}"
        raise ConfigError(f"CMEAN_DEVICE is {wanted!r}, and PyTorch finds no GPU here{hint}")
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise ConfigError(f"CMEAN_DEVICE is {wanted!r}, and PyTorch finds {count} GPUs here")
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
def convert_device_errors() -> Iterator[None]:
    """Convert PyTorch's errors of memory and of devices, which it raises in many spellings.

    Raises:
        MemoryError: memory, of a GPU or not, did not suffice; PyTorch's cache is released.
        ConfigError: this PyTorch has no code for this GPU.
        DeviceFaultError: any other error of a GPU. Its context may be corrupt from then on, so the
            process must end.
    """
    try:
        yield
    except RuntimeError as error:  # also torch.OutOfMemoryError and torch.AcceleratorError
        message = str(error)
        line = (message.strip().splitlines() or [type(error).__name__])[0]
        if _is_lack_of_memory(error):
            release_memory()
            raise MemoryError(line) from error
        if _LACKS_KERNELS.search(message):
            raise ConfigError(
                f"this PyTorch has no code for this GPU: install one that has ({line})"
            ) from error
        if _is_accelerator_error(error) or _IS_DEVICE_FAULT.search(message):
            raise DeviceFaultError(f"the GPU failed: {line}") from error
        raise


def _is_lack_of_memory(error: RuntimeError) -> bool:
    import torch

    return isinstance(error, torch.OutOfMemoryError) or bool(_LACKS_MEMORY.search(str(error)))


def _is_accelerator_error(error: RuntimeError) -> bool:
    import torch

    return isinstance(error, torch.AcceleratorError)


def count_free_bytes(devices: Collection[torch.device]) -> int:
    """Count the bytes free on GPUs that share a model evenly: as many as the fullest has, on each.

    What PyTorch has reserved and does not use is free, too.
    """
    import torch

    free = [
        torch.cuda.mem_get_info(device)[0]
        + torch.cuda.memory_reserved(device)
        - torch.cuda.memory_allocated(device)
        for device in devices
    ]
    return min(free) * len(free)


def release_memory() -> None:
    """Release the memory of models that are no longer referenced."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
