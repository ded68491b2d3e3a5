"""What a model must beat before it can be said to hear anything."""

from __future__ import annotations

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, ModelParameter, Task


class ConstantMean(Model):
    """The mean label of the training clips, for every clip.

    For quadrants, or other classes, that is the share of the training clips in each.
    """

    name = "constant-mean"
    inputs = ()
    tasks = frozenset(Task)
    baseline = True
    source_modules = (
        "merbench_plugins.models._baselines",
        "merbench_plugins.models._checked",
    )
    typical_cost = Cost(seconds=0.01)

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return an estimator that learns one row."""
        from merbench_plugins.models._baselines import ConstantRegressor

        return ConstantRegressor("mean")


class ConstantMoments(Model):
    """The one normal distribution nearest to all training clips, for every clip.

    Its mean is the mean of the clips' means, its variance the mean of their variances plus the
    variance of their means: the moments of the clips' mixture, and so the constant of least mean
    KL[P_truth || Q_predicted] over the training clips (Nguyen et al. 2022, Equation 1).
    """

    name = "constant-moments"
    inputs = ()
    tasks = frozenset({Task.VA})
    baseline = True
    source_modules = (
        "merbench_plugins.models._baselines",
        "merbench_plugins.models._checked",
    )
    typical_cost = Cost(seconds=0.01)

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return an estimator that learns one row."""
        from merbench_plugins.models._baselines import ConstantRegressor

        return ConstantRegressor("moments")


class Majority(Model):
    """The commonest class of the training clips, for every clip, beyond doubt.

    Its accuracy is what a classifier must exceed. Its KL is no match for `constant-mean`, whose
    most probable class is the same: it pays for every clip of another class as for a
    certainty that failed.
    """

    name = "majority"
    inputs = ()
    tasks = frozenset({Task.QUADRANT, Task.CLASSES})
    baseline = True
    source_modules = (
        "merbench_plugins.models._baselines",
        "merbench_plugins.models._checked",
    )
    typical_cost = Cost(seconds=0.01)

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return an estimator that learns one row."""
        from merbench_plugins.models._baselines import ConstantRegressor

        return ConstantRegressor("majority")


class ShuffledLabels(Model):
    """What is scored where there is nothing to learn: labels permuted among the training clips.

    With `model`, that model is fitted to the permuted labels. Without, every test clip is given
    the label of a training clip drawn by chance. Whatever does better than this has found
    something in the music; whatever does not has found nothing.
    """

    name = "shuffled-labels"
    baseline = True
    source_modules = (
        "merbench_plugins.models._baselines",
        "merbench_plugins.models._checked",
    )

    model: ModelParameter | None = Field(
        None, description="Model fitted to the permuted labels; by default none is."
    )

    @property
    def inputs(self) -> FeatureKind | tuple[FeatureKind, ...]:  # type: ignore[override]
        """What the model takes; nothing without one."""
        return self.model.inputs if self.model else ()

    @property
    def originals_only(self) -> tuple[bool, ...]:  # type: ignore[override]
        """Which of its inputs the model takes of clips as they are alone."""
        return self.model.originals_only if self.model else ()

    @property
    def tasks(self) -> frozenset[Task]:  # type: ignore[override]
        """What the model can be fitted for; every task without one."""
        return self.model.tasks if self.model else frozenset(Task)

    @property
    def typical_cost(self) -> Cost | None:  # type: ignore[override]
        """What the model costs; next to nothing without one."""
        return self.model.typical_cost if self.model else Cost(seconds=0.01)

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return an estimator that never sees a clip beside its own label, but by chance."""
        from merbench_plugins.models._baselines import PermutedLabels, RandomRows

        if self.model is None:
            return RandomRows(seed)
        return PermutedLabels(self.model.estimator(task=task, seed=seed, device=device), seed)
