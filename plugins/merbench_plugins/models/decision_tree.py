"""A single decision tree."""

from __future__ import annotations

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, Task
from merbench_plugins.models._parameters import Smoothing


class DecisionTree(Model):
    """One decision tree, grown to the full by default.

    scikit-learn's (Breiman et al., Classification and Regression Trees, 1984): squared error summed
    over the label's columns, which for classes is Gini impurity; shares of votes enter as they
    are. A full-grown tree's leaves hold a clip or two, and without `smoothing` call every other
    class impossible: half of its log loss is then the evaluator's floor.
    """

    name = "decision-tree"
    inputs = FeatureKind.VECTOR
    tasks = frozenset(Task)
    source_modules = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._classification",
    )
    typical_cost = Cost(seconds=1.5)

    max_depth: int | None = Field(
        None, ge=1, description="Cuts from root to leaf at most; null grows the tree to the full."
    )
    min_samples_leaf: int = Field(1, ge=1, description="Clips that a leaf holds at least.")
    smoothing: Smoothing = 1.0

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the tree, for either task; the seed decides between equal cuts."""
        from merbench_plugins.models._checked import CheckedRegressor
        from merbench_plugins.models._classification import AveragedShares, LeafShares

        tree = LeafShares(
            0.0 if task is Task.VA else self.smoothing,
            max_depth=self.max_depth,
            min_samples_leaf=self.min_samples_leaf,
            random_state=seed % 2**32,
        )
        if task is Task.VA:
            return CheckedRegressor(tree)
        return AveragedShares(CheckedRegressor(tree), votes=None)
