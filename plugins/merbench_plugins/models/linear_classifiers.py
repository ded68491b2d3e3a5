"""Linear classifiers: logistic regression and the linear support vector machine."""

from __future__ import annotations

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, Task
from merbench_plugins.models._parameters import (
    CalibrationFolds,
    Probabilities,
    Scaling,
    Smoothing,
)

SOURCES = (
    "merbench_plugins.models._checked",
    "merbench_plugins.models._classification",
    "merbench_plugins.models._inner_folds",
    "merbench_plugins.models._scaling",
)


class LogisticRegression(Model):
    """Logistic regression over all classes at once.

    scikit-learn's, as Chang (2024) used it: L2 penalty, C = 1, 1,000 iterations at most. Shares of
    votes enter as weighted copies of a clip, which makes the loss the cross-entropy against them.
    """

    name = "logistic-regression"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.QUADRANT, Task.CLASSES})
    source_modules = SOURCES
    typical_cost = Cost(seconds=2)

    C: float = Field(
        1.0, gt=0, description="Inverse of the penalty on squared weights; larger fits closer."
    )
    max_iter: int = Field(1_000, ge=1, description="Iterations of the solver (L-BFGS) at most.")
    scaling: Scaling = "standard"
    smoothing: Smoothing = 1.0

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the classifier; nothing in it is left to chance."""
        from sklearn.linear_model import LogisticRegression as Regression

        from merbench_plugins.models._classification import SharesClassifier

        return SharesClassifier(
            Regression(C=self.C, max_iter=self.max_iter),
            scaling=self.scaling,
            smoothing=self.smoothing,
        )


class LinearSVC(Model):
    """Linear support vector machine, one class against the rest.

    scikit-learn's (Fan et al., LIBLINEAR, JMLR 9, 2008), squared hinge loss. It gives scores, which
    a sigmoid for each class turns into probabilities, fitted to scores of training clips by
    machines that did not see them, nor others of their group. With `probabilities: scores` they
    stand for probabilities themselves. Shares of votes enter as weighted copies of a clip.
    """

    name = "linear-svc"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.QUADRANT, Task.CLASSES})
    source_modules = SOURCES
    typical_cost = Cost(seconds=3)

    C: float = Field(1.0, gt=0, description="Cost of an error; larger fits closer.")
    max_iter: int = Field(1_000, ge=1, description="Iterations of the solver at most.")
    probabilities: Probabilities = "calibrated"
    folds: CalibrationFolds = 5
    scaling: Scaling = "standard"
    smoothing: Smoothing = 1.0

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the classifier; the seed orders the clips in its solver."""
        from sklearn.svm import LinearSVC as Machine

        from merbench_plugins.models._classification import classifier_by_scores

        return classifier_by_scores(
            Machine(C=self.C, max_iter=self.max_iter, random_state=seed % 2**31),
            self.probabilities,
            self.folds,
            scaling=self.scaling,
            smoothing=self.smoothing,
        )
