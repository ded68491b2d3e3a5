"""Corrections for a family of tests."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from merbench.evaluation.families import holm, step_down
from merbench.evaluation.paired_scores import Scores
from merbench.evaluation.two_sources import two_sources

# A busy machine is no failure: no deadline.
relaxed = settings(deadline=None, max_examples=40)
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def table(seed: int, cells: int = 6, clips: int = 40, worse: float = 0.0) -> Scores:
    """One fold of independent clips; the last cell is worse."""
    rng = np.random.default_rng(seed)
    kl = rng.normal(1, 0.5, (cells, clips))
    kl[-1] += worse
    names = tuple(f"cell-{i}" for i in range(cells))
    clip = np.array([f"clip-{i:02}" for i in range(clips)])
    return Scores(names, np.zeros(clips, int), clip, clip, {0: 100}, kl)


def test_holm_by_hand() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.5, math.nan, 0.9]), [1.0, math.nan, 1.0])
    assert holm([]).shape == (0,)


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


def test_a_family_of_one_needs_no_correction() -> None:
    assert step_down(table(0), np.array([0]), np.array([1]), [0.03]).tolist() == [0.03]


@relaxed
@given(st.integers(0, 10_000), st.permutations(range(15)))
def test_steps_are_bounded_monotone_and_blind_to_order(seed: int, order: list[int]) -> None:
    scores = table(seed, worse=0.5)
    a, b = np.triu_indices(6, k=1)
    p = two_sources(scores, a, b).p
    adjusted = step_down(scores, a, b, p, draws=499)
    assert (adjusted >= p).all()
    assert (adjusted <= np.maximum(holm(p), 0)).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()
    shuffled = step_down(scores, a[order], b[order], p[order], draws=499)
    np.testing.assert_array_equal(shuffled, adjusted[order])


def test_pairs_that_say_the_same_cost_nothing() -> None:
    """Two cells that are all but one are one: their pairs with a third are one test, not two."""
    scores = table(1, cells=3)
    scores.kl[1] = scores.kl[0] + np.random.default_rng(0).normal(0, 1e-9, 40)
    a, b = np.array([0, 1]), np.array([2, 2])
    p = np.full(2, 0.04)
    assert step_down(scores, a, b, p) == pytest.approx(p, abs=0.01)
    assert holm(p) == pytest.approx([0.08, 0.08])


def test_independent_pairs_cost_what_they_do_in_holms_correction() -> None:
    scores = table(2, cells=40, clips=400)
    a, b = np.arange(0, 40, 2), np.arange(1, 40, 2)
    p = np.full(20, 0.004)
    # 1 - (1 - 0.004)^20, where Holm has 20 times 0.004.
    assert step_down(scores, a, b, p)[0] == pytest.approx(0.077, abs=0.012)


def test_a_test_that_could_not_be_made_does_not_count() -> None:
    scores = table(3, cells=3)
    adjusted = step_down(scores, np.array([0, 0, 1]), np.array([1, 2, 2]), [0.02, math.nan, 0.9])
    assert np.isnan(adjusted[1])
    assert 0.02 < adjusted[0] <= 0.04


def test_families_of_equal_cells_rarely_hold_a_verdict() -> None:
    a, b = np.triu_indices(6, k=1)
    tables = [table(100 + i) for i in range(300)]
    found = [step_down(s, a, b, two_sources(s, a, b).p, draws=499).min() < 0.05 for s in tables]
    assert 0.015 < np.mean(found) < 0.09
