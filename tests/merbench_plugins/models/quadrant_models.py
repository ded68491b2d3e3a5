"""Clips whose features say their quadrant, and models fitted to them."""

from __future__ import annotations

import warnings

import numpy as np

from merbench import Task
from merbench.plugins import discovery

REGISTRY = discovery.load_plugins()
QUICK = {"mlp": {"max_iter": 60}, "xgboost": {"n_estimators": 40, "colsample_bytree": 1}}


def clips(n: int = 240, d: int = 12, seed: int = 0):
    """Features whose first two say, with noise, in which quadrant a clip lies."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    heard = X[:, :2] + 0.3 * rng.standard_normal((n, 2))
    Y = np.eye(4)[2 * (heard[:, 1] < 0) + ((heard[:, 0] > 0) ^ (heard[:, 1] > 0))]
    X[:, 3:6] *= 1_000
    return X.astype(np.float32), Y


def fitted(name, X, Y, seed=0, task=Task.QUADRANT, **parameters):
    model = REGISTRY.build("model", name, QUICK.get(name, {}) | parameters)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="sklearn")
        return model.estimator(task=task, seed=seed, device="cpu").fit(X, Y)
