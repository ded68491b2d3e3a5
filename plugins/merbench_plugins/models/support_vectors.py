"""Support vector machines: regression, and classification with an RBF kernel."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, Task
from merbench_plugins.models._parameters import (
    CalibrationFolds,
    Probabilities,
    Scaling,
    Smoothing,
)
from merbench_plugins.papers import LIBSVM

Count: TypeAlias = Annotated[int, Field(ge=1, strict=True)]
Share: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
Width: TypeAlias = Annotated[float, Field(gt=0)]


class SupportVectorRegression(Model):
    """Support vector regression, RBF kernel, on principal components of the features.

    One regression for each of the four targets, all standardised on the training clips, so that
    one `C` and one `epsilon` serve them all. Smola and Schölkopf, A tutorial on support vector
    regression, Statistics and Computing 14 (2004).

    By default features enter as ranks and the kernel is wide, so the regression is nearly linear:
    there are many more features than clips, and distances in so many dimensions tell little.
    """

    name = "svr"
    citation, paper = LIBSVM
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    source_modules = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._scaling",
        "merbench_plugins.models._support_vectors",
    )
    typical_cost = Cost(seconds=4)

    C: float = Field(
        10.0, gt=0, description="Cost of an error beyond `epsilon`; larger fits more closely."
    )
    epsilon: float = Field(
        0.1,
        ge=0,
        description="Error that costs nothing, in standard deviations of the target.",
    )
    gamma: float = Field(
        0.1,
        gt=0,
        description="Narrowness of the kernel exp(-gamma * squared distance), for features scaled "
        "so that clips have a mean squared norm of 1 (scikit-learn's `scale` is 1).",
    )
    n_components: Count | Share = Field(
        0.95,
        description="Principal components kept: their number, or the share of variance, on (0, 1), "
        "that they explain together.",
    )
    scaling: Literal["rank", "standard"] = Field(
        "rank",
        description="rank: a feature's value becomes the share of training clips below it. "
        "standard: zero mean and unit variance.",
    )

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the regression; nothing in it is left to chance."""
        from sklearn.compose import TransformedTargetRegressor
        from sklearn.decomposition import PCA
        from sklearn.multioutput import MultiOutputRegressor
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        from merbench_plugins.models._checked import CheckedRegressor
        from merbench_plugins.models._scaling import FeatureScaler
        from merbench_plugins.models._support_vectors import SeededSVR

        regression = make_pipeline(
            FeatureScaler(self.scaling),
            PCA(self.n_components, svd_solver="full"),
            MultiOutputRegressor(SeededSVR(C=self.C, epsilon=self.epsilon, gamma=self.gamma)),
        )
        return CheckedRegressor(
            TransformedTargetRegressor(regression, transformer=StandardScaler())
        )


class SupportVectorClassifier(Model):
    """Support vector machine, RBF kernel by default, for classes.

    scikit-learn's SVC (LIBSVM). It gives scores, which a sigmoid for each class turns into
    probabilities, fitted to scores of training clips by machines that did not see them, nor others
    of their group. With `probabilities: scores` they stand for probabilities themselves. Shares of
    votes enter as weighted copies of a clip. For valence and arousal there is `svr`.
    """

    name = "svc"
    citation, paper = LIBSVM
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.QUADRANT, Task.CLASSES})
    source_modules = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._classification",
        "merbench_plugins.models._inner_folds",
        "merbench_plugins.models._scaling",
    )
    typical_cost = Cost(seconds=7)

    C: float = Field(1.0, gt=0, description="Cost of an error; larger fits closer.")
    kernel: Literal["rbf", "linear", "poly", "sigmoid"] = Field(
        "rbf",
        description="rbf: exp(-gamma * squared distance). linear: the scalar product. poly: its "
        "power, (gamma * product) ** degree. sigmoid: tanh(gamma * product).",
    )
    gamma: Width | Literal["scale"] = Field(
        "scale",
        description="Narrowness of the kernels but the linear one. scale: the inverse of the "
        "number of features times their variance.",
    )
    degree: int = Field(3, ge=1, le=10, description="Power of the polynomial kernel.")
    max_iter: int = Field(
        -1,
        ge=-1,
        description="Steps of the solver at most, after which it keeps what it has; -1: as many as "
        "it takes, which with a steep polynomial and a large C may be hours for a hundred clips.",
    )
    probabilities: Probabilities = "calibrated"
    folds: CalibrationFolds = 5
    scaling: Scaling = "standard"
    smoothing: Smoothing = 1.0

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the classifier; nothing in it is left to chance."""
        from sklearn.svm import SVC

        from merbench_plugins.models._classification import classifier_by_scores

        # A seed that nothing uses; without it scikit-learn draws one from NumPy's global state.
        machine = SVC(
            C=self.C,
            kernel=self.kernel,
            gamma=self.gamma,
            degree=self.degree,
            max_iter=self.max_iter,
            random_state=0,
        )
        return classifier_by_scores(
            machine,
            self.probabilities,
            self.folds,
            scaling=self.scaling,
            smoothing=self.smoothing,
        )
