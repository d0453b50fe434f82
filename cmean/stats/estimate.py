"""A statistic as it is reported: with how many values it rests on, its interval, or why it is none.

Undefined is None with a reason, never NaN: JSON has no NaN, and a reader should learn what lacks.
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

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)


def undefined(n: int, why: str) -> Estimate:
    """What n values do not define, and why."""
    return Estimate(None, n, why=why)


def finite(values: ArrayLike, what: str, dimensions: int = 1) -> Floats:
    """Values as float64, of so many dimensions.

    Raises:
        InputError: they have other dimensions, or are not all finite numbers.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != dimensions:
        raise InputError(f"{what} must have {dimensions} dimension(s), not {array.ndim}")
    if not np.isfinite(array).all():
        raise InputError(f"{what} must be finite numbers; leave out what was not measured")
    return array


def same_length(one: int, other: int, what: str) -> None:
    """See that two columns have as many rows.

    Raises:
        InputError: they have not.
    """
    if one != other:
        raise InputError(f"{what} must be as many, not {one} and {other}")
