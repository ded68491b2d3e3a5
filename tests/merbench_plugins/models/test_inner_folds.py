"""Splits within the training clips: no group divided, no copy parted from its clip."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from merbench import MerbenchError
from merbench_plugins.models._inner_folds import TrainingRows, fold_of_each


def test_a_unit_is_a_group_or_a_clip_each_with_its_copies():
    groups, copy_of = np.array(["b", "a", "b", "c", "?", "?"]), np.array([0, 1, 2, 3, 1, 3])
    np.testing.assert_array_equal(TrainingRows.of(4, None, None).units, [0, 1, 2, 3])
    np.testing.assert_array_equal(TrainingRows.of(6, None, copy_of).units, [0, 1, 2, 3, 1, 3])
    np.testing.assert_array_equal(TrainingRows.of(4, groups[:4], None).units, [1, 0, 1, 2])
    # A copy is where its clip is, whatever is said of its own group.
    np.testing.assert_array_equal(TrainingRows.of(6, groups, copy_of).units, [1, 0, 1, 2, 0, 2])


def test_whether_every_clip_stands_alone():
    assert TrainingRows.of(3, None, None).whole
    assert TrainingRows.of(3, ["a", "b", "c"], [0, 1, 2]).whole
    assert not TrainingRows.of(3, ["a", "b", "a"], None).whole
    assert not TrainingRows.of(3, None, [0, 1, 0]).whole


def test_some_rows_are_told_where_their_originals_now_stand():
    known = TrainingRows.of(7, list("aabbccb"), [0, 1, 2, 3, 4, 5, 3])
    some = known.take(np.array([2, 3, 4, 5, 6]))
    np.testing.assert_array_equal(some.groups, list("bbccb"))
    np.testing.assert_array_equal(some.copy_of, [0, 1, 2, 3, 1])
    np.testing.assert_array_equal(some.original, [True, True, True, True, False])
    assert TrainingRows.of(7, None, None).take(np.arange(3)).told == {
        "groups": None,
        "copy_of": None,
    }


@pytest.mark.parametrize(("groups", "copy_of"), [(["a"], None), (None, [0, 1, 2])])
def test_what_does_not_say_one_thing_of_each_clip_is_refused(groups, copy_of):
    with pytest.raises(MerbenchError, match="for 2 training clips; give one value a clip"):
        TrainingRows.of(2, groups, copy_of)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 10_000),
    st.integers(2, 60),
    st.integers(2, 20),
    st.integers(2, 7),
    st.booleans(),
    st.booleans(),
)
def test_no_unit_is_divided_and_no_fold_is_empty(seed, n, groups, folds, classes, drawn):
    rng = np.random.default_rng(seed)
    units = np.unique(rng.integers(0, groups, n), return_inverse=True)[1]
    strata = rng.integers(0, 4, n) if classes else None
    if len(np.unique(units)) < 2:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fold = fold_of_each(units, folds, strata=strata, seed=seed if drawn else None)
    for unit in np.unique(units):
        assert len(set(fold[units == unit])) == 1
    assert 2 <= len(set(fold)) <= min(folds, len(np.unique(units)))
    assert set(fold) == set(range(fold.max() + 1))


def test_folds_are_of_one_size_and_of_all_classes():
    assert set(np.bincount(fold_of_each(np.arange(60), 5, seed=1))) == {12}
    strata = np.repeat([0, 1, 2], 20)
    fold = fold_of_each(np.repeat(np.arange(30), 2), 5, strata=strata, seed=1)
    assert set(np.bincount(fold)) == {12}
    assert all(set(np.bincount(strata[fold == k])) == {4} for k in range(5))


def test_the_seed_draws_the_folds():
    units = np.repeat(np.arange(12), 3)
    for strata in (None, np.arange(36) % 2):
        first, again, other = (fold_of_each(units, 4, strata=strata, seed=s) for s in (1, 1, 2))
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, other)


def test_a_single_group_cannot_be_split():
    with pytest.raises(MerbenchError, match="all of one group"):
        fold_of_each(np.zeros(9, np.intp), 3)
