"""Errors of PyTorch, in the spellings in which it raises them, and devices that are not there."""

from __future__ import annotations

import pytest
import torch  # noqa: TID253 - its own errors

from cmean import torch_tools
from cmean.errors import ConfigError, DeviceFaultError

MEMORY = (
    "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.15 GiB",
    "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported",
    "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
    "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
    "HIP out of memory. Tried to allocate 2.00 GiB",
    "MPS backend out of memory (MPS allocated: 18.0 GB)",
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory",
    "NCCL Error 1: unhandled cuda error, Failed to CUDA malloc: out of memory",
)
FAULTS = (
    "CUDA error: an illegal memory access was encountered",
    "CUDA error: device-side assert triggered",
    "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasGemmEx(...)`",
    "CUDA error: unspecified launch failure",
    "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
    "CUDA driver error: invalid argument",
    "HIP error: the operation cannot be performed in the present state",
    "Triton Error [CUDA]: misaligned address",
    "NCCL error in: ProcessGroupNCCL.cpp:1970, unhandled system error",
)
OTHERS = (
    "mat1 and mat2 shapes cannot be multiplied (3x4 and 5x6)",
    "expected scalar type Half but found Float",
    "Expected all tensors to be on the same device, but found cuda:0 and cpu!",
)


def raise_within(error):
    with torch_tools.convert_device_errors():
        raise error


@pytest.mark.parametrize("message", MEMORY)
@pytest.mark.parametrize("kind", [RuntimeError, torch.OutOfMemoryError])
def test_a_lack_of_memory_is_one_in_every_spelling(message, kind):
    with pytest.raises(MemoryError) as caught:
        raise_within(kind(message))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("message", FAULTS)
def test_any_other_error_of_a_device_is_a_fault(message):
    with pytest.raises(DeviceFaultError, match="the GPU failed"):
        raise_within(RuntimeError(message))


def test_an_error_of_an_accelerator_is_a_fault_whatever_it_says():
    with pytest.raises(DeviceFaultError):
        raise_within(torch.AcceleratorError("something new"))


@pytest.mark.parametrize("message", OTHERS)
def test_other_errors_stay_as_they_are(message):
    with pytest.raises(RuntimeError, match=message[:10]):
        raise_within(RuntimeError(message))


def test_a_gpu_without_code_in_this_pytorch_is_no_fault():
    message = "CUDA error: no kernel image is available for execution on the device"
    with pytest.raises(ConfigError, match="no code for this GPU"):
        raise_within(RuntimeError(message))


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setenv("CMEAN_DEVICE", "cuda:1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(ConfigError, match="finds no GPU here; CUDA_VISIBLE_DEVICES is ''"):
        torch_tools.choose_device()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ConfigError, match="finds 1 GPUs here"):
        torch_tools.choose_device()
