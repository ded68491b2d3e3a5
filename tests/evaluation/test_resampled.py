"""The corrected standard error, against hand calculation, scipy and baycomp."""

from __future__ import annotations

import math

import baycomp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from merbench.evaluation.resampled import corrected

# A busy machine is no failure: no deadline.
relaxed = settings(deadline=None, max_examples=40)
differences = st.lists(
    st.integers(-1000, 1000).map(lambda i: i / 1000), min_size=2, max_size=60
).map(np.array)


def test_corrected_t_by_hand() -> None:
    # mean 0.2, s^2 0.01, t = 0.2 / sqrt((1/3 + 1/4) 0.01); with 2 degrees of freedom the
    # two-sided p is 1 - t / sqrt(t^2 + 2).
    found = corrected([0.1, 0.2, 0.3], 0.25)
    assert found.t == pytest.approx(2.6186146828)
    assert found.df == 2
    assert found.p == pytest.approx(1 - 2.6186146828 / math.sqrt(2.6186146828**2 + 2))
    assert found.p == pytest.approx(0.1201, abs=5e-5)
    # The 97.5 % point with 2 degrees of freedom is 4.3027.
    low, high = found.interval()
    assert high - 0.2 == pytest.approx(4.30265273 * math.sqrt((1 / 3 + 1 / 4) * 0.01))
    assert 0.2 - low == pytest.approx(high - 0.2)


def test_corrected_t_without_overlap_is_the_paired_t_test() -> None:
    d = np.random.default_rng(0).normal(0.1, 1, 12)
    expected = stats.ttest_1samp(d, 0)
    found = corrected(d, 0.0)
    assert found.t == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)


def test_samples_are_worked_on_together_as_alone() -> None:
    d = np.random.default_rng(0).normal(0.1, 1, (3, 4, 12))
    together = corrected(d, 0.25)
    for index in np.ndindex(3, 4):
        alone = corrected(d[index], 0.25)
        assert (together.t[index], together.p[index]) == (alone.t, alone.p)
        assert together.interval()[1][index] == alone.interval()[1]
        assert together.detectable()[index] == alone.detectable()


def test_degenerate_folds() -> None:
    for single in (corrected([0.3], 0.25), corrected([], 1)):
        numbers = [single.t, single.p, *single.interval(), *single.posterior(0.01)]
        assert all(math.isnan(x) for x in [*numbers, single.detectable()])
    same = corrected([0.0, 0.0, 0.0], 0.25)
    assert (same.t, same.p, same.posterior(0.01)) == (0, 1, (0, 1, 0))
    apart = corrected([[0.1] * 6, [-0.1] * 6], 0.25)
    assert apart.t.tolist() == [math.inf, -math.inf]
    assert apart.p.tolist() == [0, 0]
    assert apart.posterior(0.01).above.tolist() == [1, 0]
    assert corrected([-0.1, 0.1], 0.25).p == 1


@relaxed
@given(differences, st.floats(0, 2), st.floats(0.01, 1))
def test_more_overlap_never_makes_a_difference_more_certain(
    d: np.ndarray, ratio: float, more: float
) -> None:
    one, other = corrected(d, ratio), corrected(d, ratio + more)
    assert other.p >= one.p - 1e-12
    (low, high), (wide_low, wide_high) = one.interval(), other.interval()
    assert wide_low <= low <= d.mean() <= high <= wide_high or np.ptp(d) < 1e-9
    assert other.detectable() >= one.detectable()


@relaxed
@given(differences, st.floats(0, 2))
def test_interval_excludes_zero_exactly_where_the_test_rejects(d: np.ndarray, ratio: float) -> None:
    assume(np.ptp(d) > 0)
    found = corrected(d, ratio)
    assume(abs(found.p - 0.05) > 1e-9)
    low, high = found.interval()
    assert (found.p < 0.05) == (low > 0 or high < 0)


@relaxed
@given(differences, st.floats(0, 2), st.floats(0, 0.2))
def test_turning_the_sign_swaps_the_sides(d: np.ndarray, ratio: float, rope: float) -> None:
    one, other = corrected(d, ratio), corrected(-d, ratio)
    assert other.t == -one.t
    assert other.p == one.p
    below, inside, above = one.posterior(rope)
    assert other.posterior(rope).below == above
    assert other.posterior(rope).above == below
    assert below + inside + above == pytest.approx(1)
    assert inside > -1e-12


@pytest.mark.parametrize("rope", [0.005, 0.05])
@pytest.mark.parametrize(("splits", "runs"), [(5, 1), (5, 6), (10, 3)])
def test_posterior_is_baycomps(splits: int, runs: int, rope: float) -> None:
    rng = np.random.default_rng(splits + runs)
    a, b = rng.normal(0.5, 0.1, (2, splits * runs))
    left, equal, right = baycomp.CorrelatedTTest(a, b, rope, runs).probs()
    # baycomp takes cross-validation for granted, where n_test / n_train = 1 / (splits - 1).
    found = corrected(b - a, 1 / (splits - 1)).posterior(rope)
    assert (found.below, found.inside, found.above) == pytest.approx((left, equal, right))


@pytest.mark.parametrize(("n_test", "n_train"), [(20, 80), (60, 40), (1, 9)])
def test_posterior_is_the_closed_form_for_monte_carlo_splits(n_test: int, n_train: int) -> None:
    d = np.random.default_rng(n_test).normal(0.02, 0.1, 12)
    rho = n_test / (n_test + n_train)
    scale = math.sqrt((1 / 12 + rho / (1 - rho)) * d.var(ddof=1))
    posterior = stats.t(11, d.mean(), scale)
    found = corrected(d, n_test / n_train).posterior(0.03)
    assert found.below == pytest.approx(posterior.cdf(-0.03))
    assert found.inside == pytest.approx(posterior.cdf(0.03) - posterior.cdf(-0.03))
    assert found.above == pytest.approx(posterior.sf(0.03))


@pytest.mark.parametrize("folds", [2, 10, 100])
def test_detectable_difference_has_the_power_it_says(folds: int) -> None:
    found = corrected(np.random.default_rng(folds).normal(0, 1, folds), 0.25)
    critical = stats.t.ppf(0.975, folds - 1)
    shift = float(found.detectable() / found.error)
    assert stats.nct.sf(critical, folds - 1, shift) == pytest.approx(0.8, abs=1e-5)


def test_detectable_difference_is_found_so_often_in_simulation() -> None:
    rng = np.random.default_rng(5)
    error = math.sqrt(0.04 / 10)
    shift = 3.1496357 * error  # noncentrality for 9 degrees of freedom, from a table of power
    d = rng.normal(shift, 0.2, (20_000, 10))
    assert (corrected(d, 0.0).p < 0.05).mean() == pytest.approx(0.8, abs=0.01)
    assert np.median(corrected(d, 0.0).detectable()) == pytest.approx(shift, rel=0.05)
