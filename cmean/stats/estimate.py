"""A statistic as it is reported: its value, sample size and interval, or why it is undefined.

An undefined value is None with a reason, never NaN: JSON has no NaN, and readers need the reason.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cmean.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.intp]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic of n values, with its interval.

    Attributes:
        value: None where it is undefined.
        n: how many values it was computed from.
        low: the interval's lower end; None where there is no interval.
        high: its upper end.
        why: why the value or its interval is undefined; empty where nothing is missing.
    """

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    why: str = ""

    @classmethod
    def undefined(cls, n: int, why: str) -> Estimate:
        """Make an estimate that n values do not define, with the reason."""
        return cls(None, n, why=why)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)


def require_finite(values: ArrayLike, what: str, dimensions: int = 1) -> Floats:
    """Convert values to float64 and require finite numbers in so many dimensions.

    Raises:
        InputError: they have other dimensions, or are not all finite numbers.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != dimensions:
        raise InputError(f"{what} must have {dimensions} dimension(s), not {array.ndim}")
    if not np.isfinite(array).all():
        raise InputError(f"{what} must be finite numbers; leave out what was not measured")
    return array


def require_same_length(one: int, other: int, what: str) -> None:
    """Require that two columns have the same number of rows.

    Raises:
        InputError: they have not.
    """
    if one != other:
        raise InputError(f"{what} must be equally many, not {one} and {other}")
