"""Corrections for a family of tests."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from merbench.evaluation.families import holm, holm_within

# A busy machine is no failure: no deadline.
relaxed = settings(deadline=None, max_examples=40)
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_holm_by_hand() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.5, math.nan, 0.9]), [1.0, math.nan, 1.0])
    assert holm([]).shape == (0,)


def test_families_are_corrected_each_by_itself() -> None:
    p, family = [0.01, 0.5, 0.04, math.nan], [3, 7, 3, 7]
    assert holm_within(p, family)[:3].tolist() == [0.02, 0.5, 0.04]
    assert math.isnan(holm_within(p, family)[3])


@relaxed
@given(p_values, st.randoms(use_true_random=False))
def test_holm_is_bounded_monotone_and_blind_to_order(p: list[float], random) -> None:
    adjusted = holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(1, len(p) * np.array(p)) + 1e-15).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()
    assert adjusted[order[0]] == pytest.approx(min(1, len(p) * min(p)))
    shuffled = random.sample(range(len(p)), len(p))
    np.testing.assert_allclose(holm(np.array(p)[shuffled]), adjusted[shuffled])
