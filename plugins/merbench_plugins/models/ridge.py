"""Linear regression with a penalty on its weights."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, Task


class Ridge(Model):
    """Ridge regression: linear, with a penalty on squared weights.

    How heavy the penalty is, is found for each of the four targets by its leave-one-out error on
    the training clips: what cannot be told from the features (often the standard deviations) is
    then drawn to its mean, without a cost to what can. Hoerl and Kennard, Ridge Regression,
    Technometrics 12 (1970); leave-one-out in closed form: Rifkin and Lippert, Notes on
    Regularized Least Squares, MIT-CSAIL-TR-2007-025.

    By default features enter as ranks. Acoustic functionals have outliers of many standard
    deviations, which a tree never notices and a linear model obeys.
    """

    name = "ridge"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    source_modules = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._scaling",
    )
    typical_cost = Cost(seconds=3)

    alpha: float | None = Field(
        None,
        gt=0,
        description="Penalty on squared weights, for features scaled so that clips have a mean "
        "squared norm of 1. By default chosen for each target, from 0.001 to 10,000, by "
        "leave-one-out error on the training clips.",
    )
    scaling: Literal["rank", "standard"] = Field(
        "rank",
        description="rank: a feature's value becomes the share of training clips below it. "
        "standard: zero mean and unit variance.",
    )

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the regression; nothing in it is left to chance."""
        import numpy as np
        from sklearn.linear_model import Ridge as PenalisedRegression
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline

        from merbench_plugins.models._checked import CheckedRegressor
        from merbench_plugins.models._scaling import FeatureScaler

        if self.alpha is None:
            regression = RidgeCV(alphas=np.logspace(-3, 4, 15), alpha_per_target=True)
        else:
            regression = PenalisedRegression(self.alpha)
        return CheckedRegressor(make_pipeline(FeatureScaler(self.scaling), regression))
