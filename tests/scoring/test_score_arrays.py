"""Arrays of predictions are scored as a file of them is, and refused where they are no numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from made_up import COLUMNS, made_up
from merbench import MerbenchError
from merbench.scoring.score_arrays import score_arrays


def test_the_best_constant_itself_is_not_called_worse() -> None:
    frame = made_up()
    truth = frame[[f"gt_{column}" for column in COLUMNS]].to_numpy()
    means = truth[:, :2].mean(axis=0)
    stds = np.sqrt((truth[:, 2:] ** 2).mean(axis=0) + truth[:, :2].var(axis=0))
    result = score_arrays(truth, {"constant": np.tile([*means, *stds], (40, 1))})
    constant = result["systems"]["constant"]
    assert constant["kl_mean"] == pytest.approx(constant["kl_mean_best_constant"])
    assert result["warnings"] == ["constant: it predicts the same means for every clip."]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda rows: rows * 1j, "the predictions of good are complex numbers"),
        (lambda rows: np.ma.array(rows, mask=rows > 0.5), "good are a masked array"),
        (lambda rows: rows * 1e99, r"good: it predicts .*e\+98; predictions must be below 1e\+06"),
    ],
)
def test_arrays_that_float64_would_falsify_are_refused(spoil: Any, says: str) -> None:
    frame = made_up()
    truth, good = (frame[[f"{p}_{c}" for c in COLUMNS]].to_numpy() for p in ("gt", "good"))
    with pytest.raises(MerbenchError, match=says):
        score_arrays(truth, {"good": spoil(good)})
