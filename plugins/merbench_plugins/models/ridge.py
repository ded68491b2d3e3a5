"""Linear regression with a penalty on its weights, and the classifier made of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, Task
from merbench_plugins.models._parameters import CalibrationFolds, Probabilities, Smoothing
from merbench_plugins.papers import RIDGE


class Ridge(Model):
    """Ridge regression: linear, with a penalty on squared weights.

    How heavy the penalty is, is found for each of the four targets by its error on training clips
    left out, a group (artist, song or series) at a time with all augmented copies: what cannot be
    told from the features (often the standard deviations) is then drawn to its mean, without a cost
    to what can. Hoerl and Kennard, Ridge Regression, Technometrics 12 (1970); such errors in closed
    form: Rifkin and Lippert, Notes on Regularized Least Squares, MIT-CSAIL-TR-2007-025.

    For classes it is the ridge classifier: regression onto 1 for a clip's most probable class
    and -1 for the others, with one penalty for all. Its scores become probabilities by a sigmoid
    for each class, fitted to scores of training clips by regressions that did not see them, nor
    others of their group. With `probabilities: scores` they stand for probabilities themselves.

    By default features enter as ranks. Acoustic functionals have outliers of many standard
    deviations, which a tree never notices and a linear model obeys.
    """

    name = "ridge"
    citation, paper = RIDGE
    inputs = FeatureKind.VECTOR
    tasks = frozenset(Task)
    source_modules = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._classification",
        "merbench_plugins.models._inner_folds",
        "merbench_plugins.models._ridge",
        "merbench_plugins.models._scaling",
    )
    typical_cost = Cost(seconds=6)

    alpha: float | None = Field(
        None,
        gt=0,
        description="Penalty on squared weights, for features scaled so that clips have a mean "
        "squared norm of 1 (scikit-learn's penalty on d standardised features is d times that). By "
        "default chosen for each target, from 0.001 to 10,000, by the error on training clips left "
        "out group by group.",
    )
    scaling: Literal["rank", "standard", "none"] = Field(
        "rank",
        description="rank: a feature's value becomes the share of training clips below it. "
        "standard: zero mean and unit variance. none: features stay as they are.",
    )
    probabilities: Probabilities = "calibrated"
    folds: CalibrationFolds = 5
    smoothing: Smoothing = 1.0

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the regression; nothing in it is left to chance."""
        from sklearn.linear_model import Ridge as PenalisedRegression
        from sklearn.linear_model import RidgeClassifier
        from sklearn.pipeline import make_pipeline

        from merbench_plugins.models._checked import CheckedRegressor
        from merbench_plugins.models._classification import classifier_by_scores
        from merbench_plugins.models._ridge import ChosenRidge, ChosenRidgeClassifier
        from merbench_plugins.models._scaling import FeatureScaler

        if task is not Task.VA:
            chosen = self.alpha is None
            return classifier_by_scores(
                ChosenRidgeClassifier() if chosen else RidgeClassifier(self.alpha),
                self.probabilities,
                self.folds,
                scaling=self.scaling,
                unit="clip",
                weighted=False,
                smoothing=self.smoothing,
            )
        if self.alpha is None:
            return CheckedRegressor(ChosenRidge(self.scaling))
        regression = PenalisedRegression(self.alpha)
        return CheckedRegressor(make_pipeline(FeatureScaler(self.scaling), regression))
