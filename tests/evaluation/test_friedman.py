from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from merbench import MerbenchError
from merbench.evaluation.comparison import holm
from merbench.evaluation.friedman import critical_difference, friedman

relaxed = settings(deadline=None, max_examples=40)
tables = st.tuples(st.integers(2, 12), st.integers(3, 7), st.integers(0, 999)).map(
    lambda t: np.random.default_rng(t[2]).normal(np.arange(t[1]) / 4, 1, t[:2]).round(1)
)


def test_demsars_example_by_hand() -> None:
    """Demsar (2006), Section 3.2.2: mean ranks of four systems on 14 datasets."""
    # One table with those rank sums, 44, 28, 40.5 and 27.5, would do; the statistic is theirs.
    ranks = np.array([3.143, 2.000, 2.893, 1.964])
    chi2 = 12 * 14 / (4 * 5) * ((ranks**2).sum() - 4 * 25 / 4)
    f = 13 * chi2 / (14 * 3 - chi2)
    assert chi2 == pytest.approx(9.28, abs=0.01)
    assert f == pytest.approx(3.69, abs=0.01)
    # The same two numbers, of a table without ties, from our function.
    table = np.random.default_rng(1).normal([0.5, 0, 0.4, 0], 1, (14, 4))
    found = friedman(table)
    chi2 = 12 * 14 / (4 * 5) * ((found.mean_ranks**2).sum() - 4 * 25 / 4)
    assert found.chi2 == pytest.approx(chi2)
    assert found.f == pytest.approx(13 * chi2 / (14 * 3 - chi2))
    assert found.p_f == pytest.approx(stats.f.sf(found.f, 3, 39))


@relaxed
@given(tables)
def test_friedman_is_scipys_ties_included(table: np.ndarray) -> None:
    expected = stats.friedmanchisquare(*table.T)
    found = friedman(table)
    assert found.chi2 == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)
    np.testing.assert_allclose(found.mean_ranks, stats.rankdata(table, axis=1).mean(axis=0))


@relaxed
@given(tables, st.randoms(use_true_random=False))
def test_order_of_datasets_and_systems_does_not_matter(table: np.ndarray, random) -> None:
    rows = random.sample(range(len(table)), len(table))
    columns = random.sample(range(table.shape[1]), table.shape[1])
    one, other = critical_difference(table), critical_difference(table[rows][:, columns])
    assert other.friedman.chi2 == pytest.approx(one.friedman.chi2)
    np.testing.assert_allclose(other.p_holm, one.p_holm[columns][:, columns])
    np.testing.assert_allclose(other.mean_ranks, one.mean_ranks[columns])


def test_systems_in_one_order_on_every_dataset() -> None:
    table = np.arange(4.0) + np.arange(10)[:, None]
    found = friedman(table)
    assert found.chi2 == pytest.approx(10 * 3)
    assert (found.f, found.p_f) == (math.inf, pytest.approx(24.0**-9))  # nine follow the first
    assert found.mean_ranks.tolist() == [1, 2, 3, 4]
    alike = friedman(np.ones((5, 3)))
    assert (alike.chi2, alike.p, alike.p_f) == (0, 1, 1)
    assert alike.mean_ranks.tolist() == [2, 2, 2]


def test_pairs_are_tested_over_datasets_and_corrected_together() -> None:
    table = np.random.default_rng(0).normal([0, 0.1, 2], 1, (12, 3))
    found = critical_difference(table)
    pairs = [(0, 1), (0, 2), (1, 2)]
    expected = holm([stats.wilcoxon(table[:, a] - table[:, b]).pvalue for a, b in pairs])
    assert [found.p_holm[pair] for pair in pairs] == pytest.approx(expected)
    np.testing.assert_array_equal(found.p_holm, found.p_holm.T)
    assert np.diag(found.p_holm).tolist() == [1, 1, 1]


def test_cliques_are_maximal_runs_that_cannot_be_told_apart() -> None:
    rng = np.random.default_rng(0)
    # Two clear groups.
    table = np.array([0, 5, 0, 5.0, 10]) + rng.normal(0, 1, (20, 5))
    found = critical_difference(table)
    assert [sorted(clique) for clique in found.cliques] == [[0, 2], [1, 3]]
    assert sorted(found.order[:2]) == [0, 2]
    # Neighbours alike and the ends apart: two bars that overlap.
    table = np.array([0, 0.5, 1]) + np.random.default_rng(3).normal(0, 1, (30, 3))
    found = critical_difference(table)
    assert found.p_holm[0, 2] < 0.05 < min(found.p_holm[0, 1], found.p_holm[1, 2])
    assert found.cliques == ((0, 1), (1, 2))


def test_five_datasets_cannot_tell_two_systems_apart() -> None:
    found = critical_difference(np.arange(3.0) + np.arange(5)[:, None])
    assert found.friedman.p_f < 0.05
    assert found.cliques == ((0, 1, 2),)
    assert found.p_holm[0, 2] == pytest.approx(3 * 2 / 2**5)


def test_without_a_difference_at_all_no_pair_is_told_apart() -> None:
    # Over twelve systems a pair or two may look different, which the first test does not believe.
    rng = np.random.default_rng(4)
    table = rng.normal(0, 1, (40, 12))
    assert friedman(table).p_f > 0.05
    found = critical_difference(table, alpha=0.05)
    assert found.cliques == (tuple(found.order),)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.ones((1, 3)), "at least two datasets and two systems"),
        (np.ones((3, 1)), "at least two datasets and two systems"),
        (np.ones(3), "at least two"),
        ([[1, 2], [np.nan, 2]], "system 0 has no score on dataset 1"),
    ],
)
def test_tables_that_compare_nothing_are_refused(table, message: str) -> None:
    for function in (friedman, critical_difference):
        with pytest.raises(MerbenchError, match=message):
            function(table)
