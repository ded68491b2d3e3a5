"""Losses of a clip, by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, mean_squared_error

from merbench import MerbenchError
from merbench.evaluation.evaluator import evaluate
from merbench.evaluation.losses import clip_loss, losses_of

VA = np.array([[0.2, 0.7, 0.1, 0.1], [0.8, 0.4, 0.1, 0.2]])
GUESS = np.array([[0.3, 0.6, 0.2, 0.1], [0.8, 0.4, 0.1, 0.2]])
SHARES = np.array([[1.0, 0, 0, 0], [0, 0.5, 0.5, 0], [0.1, 0.2, 0.3, 0.4]])
CALLED = np.array([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.6, 0.1], [0.1, 0.2, 0.3, 0.4]])


def test_squared_error_by_hand():
    assert clip_loss("squared-error", "va", VA, GUESS) == pytest.approx([0.03 / 4, 0])
    brier = [0.36 + 0.09 + 0.04 + 0.01, 0.01 + 0.09 + 0.01 + 0.01, 0]
    assert clip_loss("squared-error", "quadrant", SHARES, CALLED) == pytest.approx(brier)


def test_means_of_losses_are_the_metrics():
    scored = evaluate("va", VA, GUESS).metrics
    assert clip_loss("squared-error", "va", VA, GUESS).mean() == pytest.approx(scored["mse"])
    assert scored["mse"] == pytest.approx(mean_squared_error(VA, GUESS))
    scored = evaluate("quadrant", SHARES, CALLED).metrics
    wrong = clip_loss("zero-one", "quadrant", SHARES, CALLED)
    assert wrong.tolist() == [0, 1, 0]  # of equal votes the first counts
    assert 1 - wrong.mean() == pytest.approx(scored["accuracy"])
    assert scored["accuracy"] == accuracy_score(SHARES.argmax(1), CALLED.argmax(1))
    kl = clip_loss("kl", "quadrant", SHARES, CALLED)
    assert kl.mean() == pytest.approx(scored["kl_mean"])


def test_a_loss_that_a_task_has_not_is_refused():
    assert losses_of("va") == ("kl", "squared-error")
    with pytest.raises(MerbenchError, match="va has no loss 'zero-one'; its losses are kl, squ"):
        clip_loss("zero-one", "va", VA, GUESS)
