"""The type of callbacks that long computations report their progress to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

ProgressCallback: TypeAlias = Callable[[int, int], None]
"""Called now and then with how much is done, and of how much. An exception that it raises ends the
computation: that is how a worker stops one."""
