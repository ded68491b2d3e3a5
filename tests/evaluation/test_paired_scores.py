"""Cells that were tested on the same clips, and the refusal of those that were not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from merbench import MerbenchError
from merbench.evaluation.paired_scores import Scores

FOLD = np.array([0, 0, 1, 1, 1])
CLIP = np.array(["x", "y", "x", "z", "y"])
KL = np.array([[1.0, 2, 3, 4, 5], [5, 4, 3, 2, 1]])
SIZES = {0: 4, 1: 6}


def scores(**changes) -> Scores:
    settings = {
        "names": ("a", "b"), "fold": FOLD, "clip": CLIP, "group": CLIP, "n_train": SIZES, "kl": KL,
    }  # fmt: skip
    return Scores(**(settings | changes))


def test_means_by_hand() -> None:
    s = scores()
    np.testing.assert_allclose(s.fold_means, [[1.5, 4], [4.5, 2]])
    np.testing.assert_allclose(s.clip_means, [[2, 3.5, 4], [4, 2.5, 2]])
    np.testing.assert_allclose(s.kl_mean, [2.75, 3.25])
    assert s.clips.tolist() == ["x", "y", "z"]
    assert s.folds.tolist() == [0, 1]
    assert s.test_train_ratio == pytest.approx((2 / 4 + 3 / 6) / 2)


def test_groups_are_those_of_the_clips() -> None:
    s = scores(group=["g", "h", "g", "g", "h"])
    assert s.groups.tolist() == ["g", "h"]
    assert s.clip_groups.tolist() == ["g", "h", "g"]
    assert s.group_index.tolist() == [0, 1, 0, 1, 0]  # rows are x, y, x, y, z
    np.testing.assert_allclose(s.group_means, [[(2 + 4) / 2, 3.5], [(4 + 2) / 2, 2.5]])


@settings(deadline=None, max_examples=20)
@given(st.permutations(range(5)))
def test_order_of_rows_does_not_matter(order: list[int]) -> None:
    one, other = scores(), scores(
        fold=FOLD[order], clip=CLIP[order], group=CLIP[order], kl=KL[:, order]
    )  # fmt: skip
    for field in ("fold", "clip", "kl", "fold_means", "clip_means"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kl": KL * [1, np.nan, 1, 1, 1]}, "a: KL of clip y in fold 0 is not finite"),
        ({"clip": np.array(["x", "x", "x", "z", "y"])}, "clip x stands twice in fold 0"),
        ({"kl": KL[:, :2]}, r"2 cells with 5 folds and 5 clips need KL of shape \(2, 5\)"),
        ({"names": ("a",)}, r"1 cells with 5 folds"),
        ({"names": ("a", "a")}, "two cells are called a"),
        ({"group": CLIP[:2]}, "there are 2 groups and 5 clips"),
        ({"group": np.array(["g", "h", "i", "g", "h"])}, "clip x has two groups"),
        ({"n_train": {0: 4}}, "unknown for fold 1"),
        ({"n_train": {0: 4, 1: 0}}, "unknown for fold 1"),
        (
            {"fold": [], "clip": [], "group": [], "kl": np.empty((2, 0))},
            "nothing to compare",
        ),
    ],
)
def test_scores_that_cannot_be_compared_are_refused(change: dict, message: str) -> None:
    with pytest.raises(MerbenchError, match=message):
        scores(**change)
