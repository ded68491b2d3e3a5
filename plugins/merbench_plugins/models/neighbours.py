"""Nearest neighbours."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, Task
from merbench_plugins.models._parameters import Scaling, Smoothing


class NearestNeighbours(Model):
    """The mean label of the training clips that lie nearest.

    scikit-learn's. For classes that is the share of neighbours in each, shares of votes averaged
    as they are. Of 5 neighbours hardly any are ever in all classes; `smoothing` keeps the
    others possible.
    """

    name = "knn"
    inputs = FeatureKind.VECTOR
    tasks = frozenset(Task)
    source_modules = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._classification",
        "merbench_plugins.models._scaling",
    )
    typical_cost = Cost(seconds=0.1)

    n_neighbors: int = Field(5, ge=1, description="Number of neighbours.")
    weights: Literal["uniform", "distance"] = Field(
        "uniform", description="uniform: all count alike. distance: by the inverse of theirs."
    )
    metric: Literal["euclidean", "manhattan", "cosine"] = Field(
        "euclidean", description="How far two clips lie apart."
    )
    scaling: Scaling = "standard"
    smoothing: Smoothing = 1.0

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the regressor, for either task; nothing in it is left to chance."""
        from sklearn.neighbors import KNeighborsRegressor
        from sklearn.pipeline import make_pipeline

        from merbench_plugins.models._checked import CheckedRegressor
        from merbench_plugins.models._classification import AveragedShares
        from merbench_plugins.models._scaling import FeatureScaler

        neighbours = KNeighborsRegressor(self.n_neighbors, weights=self.weights, metric=self.metric)
        regressor = CheckedRegressor(
            make_pipeline(FeatureScaler(self.scaling, unit="feature"), neighbours)
        )
        if task is Task.VA:
            return regressor
        return AveragedShares(regressor, self.n_neighbors, self.smoothing)
