"""Numbers as texts and arrays bring them: what is one, and what only looks like one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from merbench.errors import MerbenchError, reason

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LARGEST", "LEAST_STD", "has_decimal_commas", "number", "real_numbers"]

LEAST_STD = 1e-6
"""Least standard deviation of a label, on the [0, 1] scale. The ratings of people, on a slider of a
thousand steps even, cannot have one below it; what is below it is 0 but for rounding."""

LARGEST = 1e6
"""What a prediction must stay below in magnitude: beyond a million times the scale it is no
prediction, but an overflow."""

_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
_WHOLE = re.compile(r"[+-]?\d+")


def number(text: str, *, decimal_comma: bool = False) -> float:
    """Return the number that a text is.

    Parameters
    ----------
    text
        Decimals take a point; `nan` and `inf` are numbers here.
    decimal_comma
        Whether a comma stands for the point.

    Raises
    ------
    ValueError
        It is none. `0.4_5` is none: Python reads it, no other program does.
    """
    if "_" in text:
        raise ValueError(f"'{text}' is no number")
    if decimal_comma and _COMMA.fullmatch(text):
        text = text.replace(",", ".")
    return float(text)


def has_decimal_commas(cells: Iterable[str]) -> bool:
    """Tell whether a column's numbers are beyond doubt written with decimal commas.

    All cells must be whole numbers or have one comma, and one at least no comma that could part
    thousands: `1,234` alone says nothing, `0,5` does.
    """
    sure = False
    for cell in filter(None, cells):
        if _COMMA.fullmatch(cell):
            sure = sure or not _THOUSANDS.fullmatch(cell)
        elif not _WHOLE.fullmatch(cell):
            return False
    return sure


def real_numbers(values: Any, what: str, dtype: str = "float64") -> NDArray[Any]:
    """Return an array-like of real numbers as an array of floats.

    Parameters
    ----------
    values
        An array, or what turns into one.
    what
        What the numbers are, for the message: "the predictions of ridge".
    dtype
        Type of the array's numbers.

    Raises
    ------
    MerbenchError
        They are complex, masked, sparse or texts, which as floats would lose what they say, or
        nothing that an array can be made of.
    """
    import numpy as np

    if values is None:
        raise MerbenchError(f"{what} are None; return an array of real numbers")
    if isinstance(values, np.ma.MaskedArray):
        if np.ma.is_masked(values):
            raise MerbenchError(f"{what} are a masked array with entries left out; give all")
        values = values.filled()
    try:
        array = np.asarray(values)
    except Exception as error:  # rows of several lengths, a tensor that has gradients
        raise MerbenchError(
            f"{what} are no array ({reason(error)}); return one array of real numbers"
        ) from error
    try:
        if array.dtype.kind in "biuf":
            return array.astype(dtype, copy=False)
        if array.dtype == object and not any(isinstance(v, (str, complex)) for v in array.flat):
            return array.astype(dtype)
    except (TypeError, ValueError):
        pass
    kind = {"c": "complex numbers", "U": "texts", "S": "texts"}.get(
        array.dtype.kind, f"of the type {type(values).__name__} ({array.dtype})"
    )
    raise MerbenchError(f"{what} are {kind}; give real numbers")
