"""ROC curves of classes: areas as scikit-learn gives them, fold by fold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from merbench.leaderboard import roc
from merbench.leaderboard.roc import Curve, mean_of_folds, roc_curves
from merbench.runs import row_columns

CLASSES = ("Q1", "Q2", "Q3", "Q4")
TRUE, PREDICTED = row_columns.truth_columns(CLASSES), row_columns.predicted_columns(CLASSES)


def part_of(truth, predicted, fold) -> pd.DataFrame:
    """Clips of one fold: positions of their classes, and rows of probabilities."""
    table = pd.DataFrame({"clip": [f"{fold}-{i}" for i in range(len(truth))], "fold": fold})
    table[TRUE] = np.eye(4)[truth]
    table[PREDICTED] = predicted
    return table


def folds(n: int, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        truth = rng.permutation(np.arange(40) % 4)
        made.append((truth, rng.dirichlet(np.ones(4), 40) + 0.3 * np.eye(4)[truth]))
    return made


def found(parts) -> dict[str, Curve]:
    table = pd.concat([part_of(*part, fold) for fold, part in enumerate(parts)])
    return {curve.name: curve for curve in roc_curves(table, CLASSES)}


def test_areas_are_scikit_learn_s_averaged_over_folds():
    parts = folds(3)
    for column, name in enumerate(CLASSES):
        expected = [roc_auc_score(truth == column, p[:, column]) for truth, p in parts]
        curve = found(parts)[name]
        assert curve.auc == pytest.approx(np.mean(expected))
        assert 0.55 < curve.auc < 0.95
        assert np.trapezoid(curve.true, curve.false) == pytest.approx(curve.auc, abs=0.02)
        assert (curve.false[0], curve.true[0]) == (0, 0)
        assert (curve.false[-1], curve.true[-1]) == (1, 1)
        assert (np.diff(curve.true) >= 0).all()
        assert curve.n_clips == 30


def test_the_mean_area_of_cells_is_that_of_their_curves():
    parts = folds(3)
    truth = np.concatenate([t for t, _ in parts])
    probabilities = np.concatenate([p for _, p in parts])
    cells = np.stack([probabilities, probabilities[:, ::-1], np.full_like(probabilities, 0.25)])
    slices = [slice(0, 40), slice(40, 80), slice(80, 120)]
    areas = [curve.auc for curve in found(parts).values()]
    of_class = np.eye(4, dtype=bool)[truth]
    mean = mean_of_folds(roc.areas, slices, of_class, cells)
    assert mean[0] == pytest.approx(np.mean(areas))
    assert mean[1] < 0.5
    assert mean[2] == 0.5
    alone = np.eye(4, dtype=bool)[np.zeros(40, int)]
    assert np.isnan(mean_of_folds(roc.areas, slices[:1], alone, cells[:, :40])).all()


def test_average_precisions_are_scikit_learn_s_also_of_tags_and_ties():
    rng = np.random.default_rng(3)
    tags = rng.random((60, 5)) < [0.05, 0.2, 0.5, 0.9, 0.0]
    scores = rng.random((2, 60, 5)) + 0.4 * tags
    scores[1] = scores[1].round(1)  # ties
    found = roc.average_precisions(tags, scores)
    assert np.isnan(found[:, 4]).all()
    for cell in range(2):
        for tag in range(4):
            expected = average_precision_score(tags[:, tag], scores[cell, :, tag])
            assert found[cell, tag] == pytest.approx(expected)
            area = roc_auc_score(tags[:, tag], scores[cell, :, tag])
            assert roc.areas(tags, scores)[cell, tag] == pytest.approx(area)
    slices = [slice(0, 30), slice(30, 60)]
    mean = mean_of_folds(roc.average_precisions, slices, tags, scores)
    halves = np.stack([roc.average_precisions(tags[half], scores[:, half]) for half in slices])
    np.testing.assert_allclose(mean, np.nanmean(halves, axis=0)[:, :4].mean(axis=1))


def test_a_clip_is_of_all_its_tags_and_else_of_its_likeliest_class():
    shares = np.array([[0.5, 0.5, 0], [0.2, 0.3, 0.5], [1, 0, 0]])
    assert roc.members(shares).tolist() == [
        [True, True, False], [False, False, True], [True, False, False],
    ]  # fmt: skip


def test_a_constant_is_at_chance_whatever_its_folds_probabilities_are():
    """Pooled, a prior that is low where the class is frequent would look worse than chance."""
    parts = []
    for share in (0.2, 0.5, 0.8):
        truth = (np.arange(20) >= 20 * share).astype(int)
        parts.append((truth, np.tile([1 - share, share, 0, 0], (20, 1))))
    pooled = np.concatenate([truth for truth, _ in parts]) == 0
    assert roc_auc_score(pooled, np.concatenate([p[:, 0] for _, p in parts])) < 0.4
    for curve in found(parts).values():
        assert curve.auc == 0.5
        np.testing.assert_allclose(curve.true, curve.false)


def test_perfect_and_perfectly_wrong():
    truth = np.arange(40) % 4
    for rows, area in ((np.eye(4)[truth], 1), (1 - np.eye(4)[truth], 0)):
        assert {curve.auc for curve in found([(truth, rows)]).values()} == {area}


def test_a_class_without_clips_has_no_curve_and_a_fold_without_one_says_nothing():
    (truth, rows), (other, more) = folds(2)
    truth, other = (
        np.where(truth == 3, 0, truth),
        np.where(other == 2, 0, np.where(other == 3, 1, other)),
    )
    made = found([(truth, rows), (other, more)])
    assert list(made) == ["Q1", "Q2", "Q3"]  # of most clips first
    assert made["Q3"].auc == pytest.approx(roc_auc_score(truth == 2, rows[:, 2]))
    assert found([(np.zeros(5, int), rows[:5])]) == {}


def test_what_is_withheld_has_no_curves():
    table = pd.concat([part_of(*part, 0) for part in folds(1)])
    assert roc_curves(table.drop(columns=TRUE), CLASSES) == []
    assert roc_curves(table.assign(**dict.fromkeys(TRUE, np.nan)), CLASSES) == []
