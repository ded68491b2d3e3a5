"""Macro F1 and its paired bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from merbench.evaluation.f1 import macro_f1
from merbench.evaluation.paired_scores import Scores


def made(seed: int, right: list[float], clips: int = 60) -> tuple[Scores, np.ndarray, np.ndarray]:
    """Cells that are right with these probabilities, over four folds."""
    rng = np.random.default_rng(seed)
    fold = np.repeat(range(4), clips // 2)
    number = np.concatenate([np.sort(rng.choice(clips, clips // 2, False)) for _ in range(4)])
    clip = [f"c{i:03}" for i in number]
    true = rng.integers(0, 4, clips)[number]
    hits = rng.random((len(right), len(number))) < np.array(right)[:, None]
    called = np.where(hits, true, rng.integers(0, 4, hits.shape))
    names = tuple(map(str, range(len(right))))
    group = [f"g{i // 3:02}" for i in number]
    n_train = dict.fromkeys(range(4), clips // 2)
    return Scores(names, fold, clip, group, n_train, np.zeros(hits.shape)), true, called


def test_macro_f1_is_scikit_learns_averaged_over_folds():
    scores, true, called = made(0, [0.8, 0.4])
    called[0, scores.fold_slices[0]] = 0  # classes that are never called
    expected = [
        np.mean([f1_score(true[p], cell[p], average="macro") for p in scores.fold_slices])
        for cell in called
    ]
    assert macro_f1(scores, true, called, repeats=5).mean == pytest.approx(expected)


def test_a_draw_is_the_f1_of_the_groups_that_are_drawn():
    scores, true, called = made(1, [0.6])
    found = macro_f1(scores, true, called, seed=3, repeats=4)
    n = len(scores.groups)
    drawn = np.random.default_rng(3).multinomial(n, np.full(n, 1 / n), size=4)
    for draw, times in zip(found.drawn[0], drawn, strict=True):
        weight = times[scores.group_index]
        expected = np.mean([
            f1_score(true[p], called[0, p], average="macro", sample_weight=weight[p],
                     labels=np.unique(np.r_[true[p][weight[p] > 0], called[0, p][weight[p] > 0]]))
            for p in scores.fold_slices
        ])  # fmt: skip
        assert draw == pytest.approx(expected)


def test_what_is_better_is_found_and_says_so_as_a_loss():
    scores, true, called = made(2, [0.9, 0.88, 0.2], clips=120)
    found = macro_f1(scores, true, called, repeats=400)
    low, high = found.interval()
    assert (low < found.mean).all()
    assert (found.mean < high).all()
    pairs = found.compare(np.array([0, 0, 1]), np.array([1, 2, 2]))
    assert pairs.significant.tolist() == [False, True, True]
    assert pairs.better.tolist() == ["", "a", "a"]
    assert pairs.kl_difference[1] == pytest.approx(found.mean[2] - found.mean[0])
    assert (pairs.corrected_p_holm >= pairs.corrected_p).all()
    assert np.isnan(pairs.clip_p).all()


def test_equal_cells_do_not_differ():
    scores, true, called = made(3, [0.5])
    both = np.concatenate([called, called])
    twice = Scores(
        ("0", "1"), scores.fold, scores.clip, scores.group, scores.n_train, np.zeros(both.shape)
    )
    pair = macro_f1(twice, true, both, repeats=50).compare(np.array([0]), np.array([1]))
    assert (pair.corrected_p, pair.detectable) == (1, 0)
