"""The random forest of Nguyen et al. 2022 and Chang 2024."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, Task
from merbench_plugins.models._parameters import Smoothing
from merbench_plugins.papers import RANDOM_FOREST

Share: TypeAlias = Annotated[float, Field(gt=0, le=1)]


class RandomForest(Model):
    """Random forest: the mean of trees grown on bootstrap samples.

    Defaults for `va` are those of Nguyen et al. 2022, which are scikit-learn's: 100 trees of full
    depth, all features tried in every node, squared error summed over the four targets, features
    as they are. For `quadrant` they are those of Chang 2024, scikit-learn's for a classifier: as
    many features tried as the square root of their number, and squared error, which over
    classes is Gini impurity. Shares of votes enter as they are. Trees: Breiman, Random Forests,
    Machine Learning 45 (2001).
    """

    name = "random-forest"
    citation, paper = RANDOM_FOREST
    inputs = FeatureKind.VECTOR
    tasks = frozenset(Task)
    source_modules = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._classification",
        "merbench_plugins.models._forest",
        "merbench_plugins.models._tree_growth",
        "merbench_plugins.models._trees",
    )
    typical_cost = Cost(seconds=10)

    n_estimators: int = Field(100, ge=1, description="Number of trees.")
    max_features: Share | Literal["sqrt"] | None = Field(
        None,
        description="Share of the features tried in every node, on (0, 1], or `sqrt`: the square "
        "root of their number. By default the task's (va: 1; else sqrt).",
    )
    min_samples_leaf: int = Field(
        1, ge=1, description="Clips that a leaf holds at least, repeated draws not counted."
    )
    max_depth: int | None = Field(
        None, ge=1, description="Cuts from root to leaf at most; null grows trees to the full."
    )
    backend: Literal["fast", "sklearn"] | None = Field(
        None,
        description="fast: features are sorted once for all trees. sklearn: "
        "scikit-learn's RandomForestRegressor, the reference. They grow the same trees but where "
        "splits tie, which chance decides. By default the quicker one: fast where all features "
        "are tried in a node, sklearn where some are. `fast` takes labels of four numbers, and so "
        "no `classes`.",
    )
    smoothing: Smoothing = 1.0

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the forest, which uses the threads `merbench.threads.available` allows."""
        from merbench import threads
        from merbench_plugins.models._classification import AveragedShares
        from merbench_plugins.models._forest import (
            PresortedForestRegressor,
            ReferenceForestRegressor,
        )

        max_features = self.max_features or (1.0 if task is Task.VA else "sqrt")
        quicker = max_features == 1 and task is not Task.CLASSES
        fast = self.backend == "fast" or (self.backend is None and quicker)
        forest = (PresortedForestRegressor if fast else ReferenceForestRegressor)(
            self.n_estimators,
            max_features=max_features,
            min_samples_leaf=self.min_samples_leaf,
            max_depth=self.max_depth,
            n_jobs=threads.available(),
            random_state=seed if fast else seed % 2**32,
        )
        if task is Task.VA:
            return forest
        return AveragedShares(forest, self.n_estimators, self.smoothing)
