"""A model that is given the features that rank first on the training clips of every fold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, field_validator

from merbench import Cost, Estimator, FeatureKind, Model, ModelParameter, Task
from merbench_plugins.papers import RELIEFF


class Ranked(Model):
    """Another model of vectors, given the features that ReliefF ranks first.

    Features are ranked on the training clips of each fold, and test clips decide nothing. ReliefF
    (Kononenko, ECML 1994) prefers features in which a clip is like its nearest neighbours of its
    own class, and unlike those of others. Panda et al. 2020 and Louro et al. 2024 keep 100 features
    of 1,714, but rank them on all clips, which a protocol's `prepare_before_splitting` repeats.
    `{ranked: {model: {tuned: {model: svc, …}}}}` ranks once a fold,
    `{tuned: {model: {ranked: …}}}` anew in every part of the search.
    """

    name = "ranked"
    citation, paper = RELIEFF
    inputs = FeatureKind.VECTOR
    source_modules = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._classification",
        "merbench_plugins.models._inner_folds",
        "merbench_plugins.models._relieff",
    )
    check_parameters: ClassVar[Mapping[str, Any]] = {"model": "ridge", "keep": 10}

    model: ModelParameter = Field(description="The model that is given them.")
    keep: int = Field(100, ge=1, description="Features that are kept.")
    neighbours: int = Field(
        10, ge=1, description="Nearest clips of each class that a clip is compared with."
    )

    @field_validator("model")
    @classmethod
    def _check_model(cls, model: Model) -> Model:
        if model.inputs is not FeatureKind.VECTOR:
            raise ValueError(f"{model.title} takes no vector of features that could be ranked")
        if model.tasks <= {Task.VA}:
            raise ValueError(f"{model.title} predicts no classes, by which features are ranked")
        return model

    @property
    def tasks(self) -> frozenset[Task]:  # type: ignore[override]
        """Classes, by which features are ranked."""
        return self.model.tasks - {Task.VA}

    @property
    def typical_cost(self) -> Cost | None:  # type: ignore[override]
        """What the model costs, and the ranking."""
        cost = self.model.typical_cost
        return cost and Cost(cost.seconds + 2, cost.megabytes)

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the model's estimator, before it what ranks features."""
        from merbench_plugins.models._relieff import RankedEstimator

        inner = self.model.estimator(task=task, seed=seed, device=device)
        estimator: Estimator = RankedEstimator(inner, self.keep, self.neighbours)
        return estimator
