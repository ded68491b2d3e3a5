from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from merbench import MerbenchError, Task
from merbench.evaluation.guards import (
    CORRELATION_ALPHA,
    UNCORRELATED,
    WORSE,
    _ranks,
    suspect,
)
from merbench.evaluation.labels import best_constant, divergence

relaxed = settings(deadline=None, max_examples=20)
VA, QUADRANT = Task.VA, Task.QUADRANT


def va_truth(n: int = 60, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.hstack([rng.uniform(0.2, 0.8, (n, 2)), rng.uniform(0.1, 0.2, (n, 2))])


def votes(n: int = 60, seed: int = 0) -> np.ndarray:
    return np.eye(4)[np.random.default_rng(seed).integers(4, size=n)]


def softened(truth: np.ndarray, weight: float) -> np.ndarray:
    return weight * truth + (1 - weight) / 4


def constant(task: Task, truth: np.ndarray) -> np.ndarray:
    return np.tile(best_constant(task, truth), (len(truth), 1))


def test_a_system_that_hears_the_music_has_no_mark() -> None:
    truth = va_truth()
    near = truth + np.random.default_rng(1).normal(0, 0.03, truth.shape)
    assert suspect(VA, truth, near[None]).marks == ("",)
    truth = votes()
    assert suspect(QUADRANT, truth, softened(truth, 0.3)[None]).marks == ("",)


def test_shuffled_predictions_have_both_marks() -> None:
    order = np.random.default_rng(3).permutation(60)
    truth = va_truth()
    near = truth + np.random.default_rng(1).normal(0, 0.03, truth.shape)
    assert suspect(VA, truth, near[order][None]).marks == (f"{UNCORRELATED}; {WORSE}",)
    truth = votes()
    assert suspect(QUADRANT, truth, softened(truth, 0.6)[order][None]).marks == (
        f"{UNCORRELATED}; {WORSE}",
    )


@pytest.mark.parametrize(("task", "truth"), [(VA, va_truth()), (QUADRANT, votes())])
def test_the_constant_itself_is_uncorrelated_and_not_worse(task: Task, truth: np.ndarray) -> None:
    found = suspect(task, truth, constant(task, truth)[None])
    assert found.marks == (UNCORRELATED,)
    assert found.same.all()
    assert np.isnan(found.correlation).all()
    assert found.kl_mean == pytest.approx(found.constant_kl_mean)
    worse = constant(task, truth)
    worse += [0.01, -0.01, 0, 0]
    assert suspect(task, truth, worse[None]).marks == (f"{UNCORRELATED}; {WORSE}",)


def test_correlated_and_yet_worse_than_a_constant() -> None:
    truth = va_truth()
    narrow = truth.copy()
    narrow[:, :2] += 0.1
    narrow[:, 2:] = 0.01
    assert suspect(VA, truth, narrow[None]).marks == (WORSE,)
    truth = votes()
    bold = np.where(np.arange(60)[:, None] % 3, truth, np.roll(truth, 1, axis=1))
    found = suspect(QUADRANT, truth, bold[None])
    assert found.correlation > 0.3
    assert found.marks == (WORSE,)


def test_largest_coefficient_is_scipys_over_clips() -> None:
    truth = va_truth()
    rows = truth + np.random.default_rng(1).normal(0, 0.3, truth.shape)
    expected = [
        f(truth[:, i], rows[:, i])[0] for f in (stats.pearsonr, stats.spearmanr) for i in (0, 1)
    ]
    assert suspect(VA, truth, rows[None]).correlation == pytest.approx(max(expected))


def test_chance_passes_as_correlation_as_seldom_as_the_level_says() -> None:
    rng = np.random.default_rng(0)
    for task, truth in ((VA, va_truth(30)), (QUADRANT, votes(30))):
        if task is VA:
            cells = rng.uniform(0.1, 0.9, (3000, 30, 4))
        else:
            cells = rng.dirichlet(np.ones(4), (3000, 30))
        passed = (~suspect(task, truth, cells).uncorrelated).mean()
        assert passed <= 2.5 * CORRELATION_ALPHA


def folds_of(clips: int, folds: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    size = clips // 3
    clip = np.concatenate([rng.choice(clips, size, replace=False) for _ in range(folds)])
    return np.repeat(np.arange(folds), size), clip


@pytest.mark.parametrize(("task", "truth"), [(VA, va_truth()), (QUADRANT, votes())])
def test_constant_is_that_of_the_clips_a_fold_does_not_test(task: Task, truth: np.ndarray) -> None:
    """So a baseline that is the best constant of its training clips ties with it."""
    fold, clip = folds_of(60, 8)
    rows = np.empty((len(fold), 4))
    tested = np.unique(clip)
    for j in range(8):
        training = np.setdiff1d(tested, clip[fold == j])
        rows[fold == j] = best_constant(task, truth[training])
    found = suspect(task, truth[clip], rows[None], fold=fold, clip=clip)
    assert found.kl_mean == pytest.approx(found.constant_kl_mean)
    assert found.marks == (UNCORRELATED,)
    kl = divergence(task, truth[clip], rows).kl
    by_fold = [kl[fold == j].mean() for j in range(8)]
    assert found.kl_mean == pytest.approx(np.mean(by_fold))


def test_tests_of_one_clip_are_no_evidence_of_their_own() -> None:
    """Twenty folds of ten clips are ten clips: a coefficient of 0.5 over them is chance."""
    truth = va_truth(10, seed=5)
    rng = np.random.default_rng(7)
    rows = rng.uniform(0.2, 0.8, (10, 4))
    rows[:, 0] = 0.5 * truth[:, 0] + 0.5 * rows[:, 0]
    fold, clip = np.repeat(np.arange(20), 10), np.tile(np.arange(10), 20)
    pooled = suspect(VA, truth[clip], rows[clip][None])
    kept = suspect(VA, truth[clip], rows[clip][None], fold=fold, clip=clip)
    assert kept.correlation == pytest.approx(pooled.correlation)
    assert not pooled.uncorrelated[0]
    assert kept.uncorrelated[0]


@relaxed
@given(st.integers(0, 999))
def test_cells_are_judged_together_as_alone_and_in_any_order_of_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fold, clip = folds_of(60, 4, seed)
    truth = va_truth(seed=seed)[clip]
    noise = rng.normal(0, [[[0.01]], [[0.2]], [[3.0]]], (3, *truth.shape))
    cells = truth + noise
    order = rng.permutation(len(fold))
    together = suspect(VA, truth, cells, fold=fold, clip=clip)
    moved = suspect(VA, truth[order], cells[:, order], fold=fold[order], clip=clip[order])
    np.testing.assert_allclose(moved.correlation, together.correlation)
    np.testing.assert_allclose(moved.kl_mean, together.kl_mean)
    for i, cell in enumerate(cells):
        alone = suspect(VA, truth, cell[None], fold=fold, clip=clip)
        assert alone.marks == (together.marks[i],)


def test_too_few_clips_to_tell_are_not_called_uncorrelated() -> None:
    truth = va_truth(2)
    assert not suspect(VA, truth, truth[::-1][None]).uncorrelated[0]
    never = np.tile([1.0, 0, 0, 0], (20, 1))
    wavering = np.random.default_rng(0).dirichlet(np.ones(4), 20)
    assert not suspect(QUADRANT, never, wavering[None]).uncorrelated[0]


def test_predictions_of_another_shape_are_refused() -> None:
    with pytest.raises(MerbenchError, match=r"shape \(60, 4\) do not fit a truth of shape"):
        suspect(VA, va_truth(), va_truth())
    with pytest.raises(MerbenchError, match=r"do not fit"):
        suspect(VA, va_truth(), va_truth(59)[None])


def test_the_published_random_forest_would_have_been_marked(shared: Path) -> None:
    for path in (shared / "golden/nguyen2022").glob("*_fold_*.csv"):
        frame = pd.read_csv(path)
        truth, mixed, separated = (
            frame[[f"{name}_{column}" for column in VA.columns]].to_numpy()
            for name in ("gt", "mixed", "sep")
        )
        marks = suspect(VA, truth, np.stack([mixed, separated])).marks
        if path.name.startswith("rf"):
            assert marks == (f"{UNCORRELATED}; {WORSE}",) * 2
        else:
            assert UNCORRELATED not in marks[0]


@settings(deadline=None, max_examples=50)
@given(hnp.arrays(np.float64, (2, 6, 3), elements=st.sampled_from([-1.5, 0.0, 0.25, 3.0, np.nan])))
def test_ranks_are_scipys(values: np.ndarray) -> None:
    np.testing.assert_array_equal(_ranks(values, 1), stats.rankdata(values, axis=1))
    np.testing.assert_array_equal(_ranks(values[0], 0), stats.rankdata(values[0], axis=0))
