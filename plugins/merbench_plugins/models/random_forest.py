"""The random forest of Nguyen et al. 2022."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class RandomForest(Model):
    """Random forest: the mean of regression trees grown on bootstrap samples.

    Defaults are those of Nguyen et al. 2022, which are scikit-learn's: 100 trees of full depth,
    all features tried in every node, squared error summed over the four targets, features as they
    are. Trees: Breiman, Random Forests, Machine Learning 45 (2001).
    """

    name = "random-forest"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    source_modules = ("merbench_plugins.models._forest",)
    typical_cost = Cost(seconds=10)

    n_estimators: int = Field(100, ge=1, description="Number of trees.")
    max_features: float = Field(
        1.0, gt=0, le=1, description="Share of the features tried in every node, on (0, 1]."
    )
    min_samples_leaf: int = Field(
        1, ge=1, description="Clips that a leaf holds at least, repeated draws not counted."
    )
    max_depth: int | None = Field(
        None, ge=1, description="Cuts from root to leaf at most; null grows trees to the full."
    )
    backend: Literal["fast", "sklearn"] = Field(
        "fast",
        description="fast: features are sorted once for all trees and folds. sklearn: "
        "scikit-learn's RandomForestRegressor, the reference. They grow the same trees but where "
        "splits tie, which chance decides.",
    )

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the forest, which uses the threads `merbench.threads.available` allows."""
        from merbench import threads
        from merbench_plugins.models._forest import (
            PresortedForestRegressor,
            ReferenceForestRegressor,
        )

        fast = self.backend == "fast"
        return (PresortedForestRegressor if fast else ReferenceForestRegressor)(
            self.n_estimators,
            max_features=self.max_features,
            min_samples_leaf=self.min_samples_leaf,
            max_depth=self.max_depth,
            n_jobs=threads.available(),
            random_state=seed if fast else seed % 2**32,
        )

    def prepare(self, X: NDArray[np.float32]) -> NDArray[Any] | None:
        """Rank every feature over all clips, from which any fold's order follows by counting."""
        if self.backend == "sklearn":
            return None
        from merbench_plugins.models._forest import rank_columns

        return rank_columns(X)
