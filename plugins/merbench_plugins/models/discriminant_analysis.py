"""Quadrants as normal distributions of features: naive Bayes, LDA and QDA."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, Task
from merbench_plugins.models._parameters import Scaling, Smoothing

Count: TypeAlias = Annotated[int, Field(ge=1, strict=True)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
OpenShare: TypeAlias = Annotated[float, Field(gt=0, lt=1)]

SOURCES = (
    "merbench_plugins.models._checked",
    "merbench_plugins.models._classification",
    "merbench_plugins.models._scaling",
)


class GaussianNaiveBayes(Model):
    """Gaussian naive Bayes: a class's features are normal and independent.

    scikit-learn's. With thousands of features that are anything but independent it is far too sure
    of itself: `calibrated: {model: gaussian-naive-bayes}` mends that. Shares of votes enter as
    weighted copies of a clip.
    """

    name = "gaussian-naive-bayes"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.QUADRANT, Task.CLASSES})
    source_modules = SOURCES
    typical_cost = Cost(seconds=0.2)

    var_smoothing: float = Field(
        1e-9, ge=0, description="Share of the largest feature's variance added to all variances."
    )
    scaling: Scaling = "standard"
    smoothing: Smoothing = 1.0

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the classifier; nothing in it is left to chance."""
        from sklearn.naive_bayes import GaussianNB

        from merbench_plugins.models._classification import SharesClassifier

        return SharesClassifier(
            GaussianNB(var_smoothing=self.var_smoothing),
            scaling=self.scaling,
            smoothing=self.smoothing,
        )


class LinearDiscriminantAnalysis(Model):
    """Linear discriminant analysis: normal classes with one covariance.

    scikit-learn's, by default without shrinkage, as Chang (2024) used it. With more features than
    clips the training clips are then told apart without error and probabilities are far too sure;
    `shrinkage: auto` or `calibrated: {model: lda}` mends that. A clip whose listeners disagree
    counts for its most probable class, because this estimator takes no weights.
    """

    name = "lda"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.QUADRANT, Task.CLASSES})
    source_modules = SOURCES
    typical_cost = Cost(seconds=1.5)

    shrinkage: Share | Literal["auto"] | None = Field(
        None,
        description="How far the covariance, within the space that the training clips span, is "
        "drawn to a multiple of the identity, on [0, 1]; auto: as Ledoit and Wolf (2004) estimate "
        "it. null: not at all.",
    )
    scaling: Scaling = "standard"
    smoothing: Smoothing = 1.0

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the classifier; nothing in it is left to chance."""
        from sklearn.covariance import LedoitWolf
        from sklearn.decomposition import PCA
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis as Analysis
        from sklearn.pipeline import make_pipeline

        from merbench_plugins.models._classification import SharesClassifier

        analysis = Analysis()
        if self.shrinkage is not None:
            # Not scikit-learn's `auto`, which scales features anew: here that would make all
            # principal components, noise and all, count alike.
            shrunk: dict[str, Any] = (
                {"covariance_estimator": LedoitWolf()}
                if self.shrinkage == "auto"
                else {"shrinkage": self.shrinkage}
            )
            analysis = make_pipeline(PCA(svd_solver="full"), Analysis(solver="lsqr", **shrunk))
        return SharesClassifier(
            analysis, scaling=self.scaling, weighted=False, smoothing=self.smoothing
        )


class QuadraticDiscriminantAnalysis(Model):
    """Quadratic discriminant analysis: normal classes, each with its own covariance.

    A covariance cannot be had from fewer clips than features: scikit-learn refuses, and where it
    did not yet, Chang (2024) came out at chance (accuracy 0.267). So by default it works on
    principal components with a shrunk covariance. `{n_components: null, shrinkage: null}` is
    scikit-learn's own. A clip whose listeners disagree counts for its most probable class;
    classes of fewer than three clips have no covariance worth the name and are left out.
    """

    name = "qda"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.QUADRANT, Task.CLASSES})
    source_modules = SOURCES
    typical_cost = Cost(seconds=1.5)

    n_components: Count | OpenShare | None = Field(
        0.8,
        description="Principal components kept: their number, or the share of variance, on (0, 1), "
        "that they explain together. null: the features themselves.",
    )
    shrinkage: Share | Literal["auto"] | None = Field(
        "auto",
        description="How far covariances are drawn to a multiple of the identity, on [0, 1]; auto: "
        "as Ledoit and Wolf (2004) estimate it, for components of unit variance. null: not at all.",
    )
    scaling: Scaling = "standard"
    smoothing: Smoothing = 1.0

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the classifier; nothing in it is left to chance."""
        from sklearn.decomposition import PCA
        from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis as Analysis
        from sklearn.pipeline import make_pipeline

        from merbench_plugins.models._classification import SharesClassifier

        analysis = Analysis()
        if self.shrinkage is not None:
            analysis = Analysis(solver="eigen", shrinkage=self.shrinkage)
        if self.n_components is not None:
            analysis = make_pipeline(PCA(self.n_components, svd_solver="full"), analysis)
        return SharesClassifier(
            analysis,
            scaling=self.scaling,
            weighted=False,
            fewest=3,
            smoothing=self.smoothing,
        )
