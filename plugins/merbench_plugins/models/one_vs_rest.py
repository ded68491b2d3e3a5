"""One classifier a class."""

from __future__ import annotations

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, ModelParameter, Task
from merbench_plugins.models._parameters import Smoothing
from merbench_plugins.models.linear_classifiers import LogisticRegression


class OneVsRest(Model):
    """Each class against the rest, by logistic regression or any other model.

    The chances that the classifiers give their classes are divided by their sum, as in
    scikit-learn's OneVsRestClassifier. Shares of votes enter as the model takes them.
    """

    name = "one-vs-rest"
    tasks = frozenset({Task.QUADRANT, Task.CLASSES})
    source_modules = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._classification",
        "merbench_plugins.models._one_vs_rest",
        "merbench_plugins.models._scaling",
        "merbench_plugins.models.linear_classifiers",
    )

    model: ModelParameter | None = Field(
        None, description="Model of each class; by default `logistic-regression`."
    )
    smoothing: Smoothing = 1.0

    @property
    def _inner(self) -> Model:
        # Smoothed once, at the end.
        return self.model or LogisticRegression(smoothing=0)

    @property
    def inputs(self) -> FeatureKind | tuple[FeatureKind, ...]:  # type: ignore[override]
        """What the model takes."""
        return self._inner.inputs

    @property
    def originals_only(self) -> tuple[bool, ...]:  # type: ignore[override]
        """Which of its inputs the model takes of clips as they are alone."""
        return self._inner.originals_only

    @property
    def typical_cost(self) -> Cost | None:  # type: ignore[override]
        """What the model costs, once for every quadrant."""
        cost = self._inner.typical_cost
        return cost and Cost(4 * cost.seconds, cost.megabytes)

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return four of the model's estimators, to be fitted."""
        from merbench_plugins.models._one_vs_rest import OneVsRestClassifier

        inner = self._inner.estimator(task=task, seed=seed, device=device)
        return OneVsRestClassifier(inner, smoothing=self.smoothing)
