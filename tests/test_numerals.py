from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from merbench.errors import MerbenchError
from merbench.numerals import has_decimal_commas, number, real_numbers


@pytest.mark.parametrize("text", ["0.4_5", "1_000", "", "high", "0,5", "0x10", "1.2.3"])
def test_what_only_looks_like_a_number_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        number(text)


def test_numbers_are_read_as_every_program_reads_them() -> None:
    assert [number(t) for t in ("0.45", "-2e-1", "+3", "7")] == [0.45, -0.2, 3.0, 7.0]
    assert number("0,45", decimal_comma=True) == 0.45
    with pytest.raises(ValueError):
        number("1,234,567", decimal_comma=True)


@pytest.mark.parametrize(
    ("cells", "commas"),
    [
        (["0,5", "0,25"], True),
        (["0,125", "1", ""], True),  # no thousands begin with 0
        (["5,75", "6,125"], True),
        (["1,234", "5,678"], False),  # thousands, or thousandths
        (["1,234", "5,67"], True),
        (["0,5", "0.5"], False),
        (["0,5", "high"], False),
        (["1", "2"], False),
        ([], False),
    ],
)
def test_a_column_tells_whether_its_commas_are_decimal(cells: list[str], commas: bool) -> None:
    assert has_decimal_commas(cells) is commas


@pytest.mark.parametrize(
    "values",
    [
        np.ones((2, 4), np.float32),
        np.ones((2, 4), int),
        np.ones((2, 4), bool),
        [[1, 1, 1, 1], [1.0, 1, 1, 1]],
        np.full((2, 4), Decimal(1)),
        np.ma.array(np.ones((2, 4))),
        pd.DataFrame(np.ones((2, 4))),
    ],
)
def test_real_numbers_of_any_kind_become_float64(values: object) -> None:
    array = real_numbers(values, "the predictions")
    assert array.dtype == np.float64
    assert not isinstance(array, np.ma.MaskedArray)
    assert array.tolist() == [[1.0] * 4] * 2


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.ones((2, 4), complex), "the predictions are complex numbers"),
        (np.ma.array(np.ones((2, 4)), mask=np.eye(2, 4)), "masked array with entries left out"),
        (np.full((2, 4), "0.5"), "are texts"),
        (np.full((2, 4), "0.4_5", object), "of the type ndarray"),
        (np.full((2, 4), 1j, object), "of the type ndarray"),
        (np.full((2, 4), np.datetime64("2026-01-01")), "datetime64"),
        (["a"], "are texts"),
        ({"a": 1}, "of the type dict"),
        (None, "the predictions are None"),
        ([[1.0, 2.0], [3.0]], "are no array .ValueError"),
    ],
)
def test_what_would_lose_something_as_float64_is_refused(values: object, says: str) -> None:
    with pytest.raises(MerbenchError, match=says):
        real_numbers(values, "the predictions")
