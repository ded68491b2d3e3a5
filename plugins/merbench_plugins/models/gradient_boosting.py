"""Boosted regression trees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, Task
from merbench_plugins.models._parameters import Smoothing
from merbench_plugins.papers import XGBOOST


class XGBoost(Model):
    """Gradient boosting: small trees, each fitted to what those before it left over.

    One sequence of trees for each of the targets; for classes all of them against their
    cross-entropy (`multi:softprob`), shares of votes as weighted copies of a clip. Chen and
    Guestrin, XGBoost: A Scalable Tree Boosting System, KDD 2016. The defaults suit hundreds of
    clips with thousands of features: shallow trees, each of which sees a tenth of the features at
    a coarse resolution.
    """

    name = "xgboost"
    citation, paper = XGBOOST
    inputs = FeatureKind.VECTOR
    tasks = frozenset(Task)
    source_modules = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._classification",
    )
    typical_cost = Cost(seconds=12)
    check_parameters: ClassVar[Mapping[str, Any]] = {"n_estimators": 20}

    n_estimators: int = Field(200, ge=1, description="Number of trees for each target.")
    learning_rate: float = Field(
        0.05, gt=0, le=1, description="What a tree's contribution is multiplied by, on (0, 1]."
    )
    max_depth: int = Field(3, ge=1, description="Cuts from root to leaf at most.")
    min_child_weight: float = Field(1.0, ge=0, description="Clips that a leaf holds at least.")
    subsample: float = Field(
        0.8, gt=0, le=1, description="Share of the clips drawn for each tree, on (0, 1]."
    )
    colsample_bytree: float = Field(
        0.1, gt=0, le=1, description="Share of the features drawn for each tree, on (0, 1]."
    )
    colsample_bynode: float = Field(
        1.0, gt=0, le=1, description="Share of those drawn again for each node, on (0, 1]."
    )
    reg_lambda: float = Field(
        1.0, ge=0, description="Penalty on squared leaf values: clips at the mean added to a leaf."
    )
    max_bin: int = Field(
        16, ge=2, description="Bins that a feature is cut into; time and memory grow with it."
    )
    smoothing: Smoothing = 1.0

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the booster, which uses the threads `merbench.threads.available` allows."""
        from xgboost import XGBClassifier, XGBRegressor

        from merbench import threads
        from merbench_plugins.models._checked import CheckedRegressor
        from merbench_plugins.models._classification import SharesClassifier

        settings = {
            **self.model_dump(exclude={"smoothing"}),
            "tree_method": "hist",
            "n_jobs": threads.available(),
            "random_state": seed % 2**31,
        }
        if task is Task.VA:
            return CheckedRegressor(XGBRegressor(**settings))
        return SharesClassifier(XGBClassifier(**settings), smoothing=self.smoothing)
