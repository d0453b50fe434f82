"""vLLM for tests: the real package where it is installed, else a stand-in of its interface."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

STAND_IN = Path(__file__).parent / "vllm_stand_in"
IS_REAL = importlib.util.find_spec("vllm") is not None


@contextmanager
def importable():
    """Let `import vllm` find one of the two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")  # in GiB
        if IS_REAL:
            yield
            return
        patch.syspath_prepend(STAND_IN)
        try:
            yield
        finally:  # other tests of this process find no vLLM installed
            for name in [name for name in sys.modules if name.split(".")[0] == "vllm"]:
                del sys.modules[name]
