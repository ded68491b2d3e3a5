"""Many signed-rank tests at once, against scipy's one at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from merbench.evaluation import signedrank
from merbench.evaluation.signedrank import signed_rank

relaxed = settings(deadline=None, max_examples=40)
differences = st.lists(
    st.integers(-1000, 1000).map(lambda i: i / 1000), min_size=1, max_size=60
).map(np.array)


def by_scipy(d: np.ndarray) -> float:
    return stats.wilcoxon(d).pvalue if d.any() else 1.0


@pytest.mark.parametrize("n", [1, 2, 5, 9, 13, 14, 50, 51, 400])
@pytest.mark.parametrize("digits", [0, 1, 12])
def test_every_row_is_tested_as_scipy_tests_it_alone(n: int, digits: int) -> None:
    """Rows with ties and zeros and rows without stand side by side: exact, permuted, normal."""
    rng = np.random.default_rng(n)
    rows = rng.normal(0.2, 1, (12, n)).round(digits)
    rows[3:6] = rng.normal(-0.3, 1, (3, n))
    rows[6] = 0
    rows[7] = np.abs(rows[7]) + 1
    if n == 13:  # scipy takes seconds for each row that it permutes
        rows = rows[[0, 3, 4, 5, 6]]
    found = signed_rank(rows)
    np.testing.assert_allclose(found.p, [by_scipy(row) for row in rows], rtol=1e-9, atol=1e-300)
    np.testing.assert_array_equal(signed_rank(rows[3]).p, found.p[3])


def test_rows_are_the_same_whatever_is_worked_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).normal(0.1, 1, (4, 5, 90)).round(1)
    before = signed_rank(rows)
    monkeypatch.setattr(signedrank, "_CHUNK", 100)
    after = signed_rank(rows)
    assert after.p.shape == (4, 5)
    np.testing.assert_array_equal(before.p, after.p)
    np.testing.assert_array_equal(before.rank_biserial, after.rank_biserial)


def test_p_of_five_positive_differences_by_hand() -> None:
    # All five signs alike: one of 2^5 outcomes, on either side.
    assert signed_rank([1, 2, 3, 4, 5]).p == pytest.approx(2 / 32)
    # 1 and 1 and 2, positive alike: ranks 1.5, 1.5, 3; one of 2^3 on either side.
    assert signed_rank([1, 1, 2, 0]).p == pytest.approx(2 / 8)
    assert signed_rank([0, 0, 0]).p == 1


def test_rank_biserial_by_hand() -> None:
    assert signed_rank([1, 2, 3, -4]).rank_biserial == pytest.approx((6 - 4) / 10)
    assert signed_rank([0, -1, -1, 2]).rank_biserial == pytest.approx((3 - 3) / 6)
    assert signed_rank([0.2, 0.1]).rank_biserial == 1
    assert signed_rank([0.0, 0.0]).rank_biserial == 0


@relaxed
@given(differences)
def test_effect_is_bounded_antisymmetric_and_scipys_statistic(d: np.ndarray) -> None:
    p, r = signed_rank(d)
    assert 0 <= p <= 1
    assert -1 <= r <= 1
    assert signed_rank(-d) == (p, -r)
    assert signed_rank(8 * d) == (p, r)
    n = np.count_nonzero(d)
    if n:
        smaller = stats.wilcoxon(d, method="asymptotic").statistic
        assert abs(r) == pytest.approx(1 - 4 * smaller / (n * (n + 1)))


@relaxed
@given(differences, st.randoms(use_true_random=False))
def test_order_of_differences_does_not_matter(d: np.ndarray, random) -> None:
    assert signed_rank(random.sample(list(d), len(d))) == signed_rank(d)


def test_tiny_and_huge_differences_keep_their_order() -> None:
    d = np.array([5e-324, -1e-300, 1e300, -0.0])
    assert signed_rank(d).rank_biserial == pytest.approx((1 - 2 + 3) / 6)
