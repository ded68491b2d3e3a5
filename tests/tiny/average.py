from __future__ import annotations

from merbench import Cost, Model, Task

from .trace import trace


class Average(Model):
    """Mean of the training labels, whatever the music."""

    name = "average"
    inputs = ()
    tasks = frozenset(Task)
    typical_cost = Cost(5.0, 0.25)

    def estimator(self, *, task, seed, device):
        return _Average(self.name)


class _Average:
    def __init__(self, name):
        self.name = name

    def fit(self, X, Y):
        self.mean = Y.mean(axis=0)
        return self

    def predict(self, X):
        import numpy as np

        return trace("fit", self.name, np.tile(self.mean, (len(X), 1)))
