"""A model whose parameters are chosen anew on the training clips of every fold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from merbench import Cost, Estimator, FeatureKind, Model, ModelParameter, Task
from merbench_plugins.models._search_space import (
    Values,
    checked_space,
    grid_size,
    range_of,
    text_of,
)
from merbench_plugins.models._tuning_metrics import Metric, tasks_of
from merbench_plugins.papers import OPTUNA

TRIALS = 20
"""Candidates by default, where there is no end of them."""


class Tuned(Model):
    """Another model, its parameters chosen by cross-validation within the training clips.

    Candidates are proposed by Optuna (Akiba et al., KDD 2019): all combinations of a `grid`, by
    chance, or by a tree-structured Parzen estimator (`bayesian`: Bergstra et al., NIPS 2011). Each
    is fitted to all but one part of the training clips and predicts that part, part after part,
    and is scored on these predictions. No part divides a group of clips (artist, song or series),
    augmented copies are in the part of their clip and predicted nowhere, and classes are dealt out
    evenly. The best candidate is fitted to all training clips. Test clips decide nothing.

    All chance comes from the fold's seed. A candidate that cannot be fitted is recorded and passed
    over. The run keeps every candidate with its score, and `merbench report` shows those chosen.
    """

    name = "tuned"
    citation, paper = OPTUNA
    source_modules = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._inner_folds",
        "merbench_plugins.models._out_of_fold",
        "merbench_plugins.models._search_space",
        "merbench_plugins.models._tuning",
        "merbench_plugins.models._tuning_metrics",
    )
    check_parameters: ClassVar[Mapping[str, Any]] = {
        "model": "knn", "over": {"n_neighbors": [1, 3]}, "search": "grid", "folds": 2,
    }  # fmt: skip

    model: ModelParameter = Field(description="The model to tune.")
    over: dict[str, Values] = Field(
        description="Values of its parameters, by name: a list, `{uniform: [a, b]}`, "
        "`{log-uniform: [a, b]}` or `{integers: [a, b]}`. `model.alpha` is the `alpha` of a model "
        "inside it.",
    )
    search: Literal["grid", "random", "bayesian"] = Field(
        "bayesian",
        description="grid: combinations of lists and ranges of integers. random: each parameter "
        "drawn by itself. bayesian: drawn where earlier candidates did well, the first half by "
        "chance, ten at most.",
    )
    trials: int | None = Field(
        None,
        ge=1,
        description="Candidates; by default all of a grid, else 20. Of a larger grid so many are "
        "drawn.",
    )
    folds: int = Field(
        5,
        ge=2,
        description="Parts that the groups of the training clips are dealt out to; with fewer "
        "groups, one a group.",
    )
    metric: Metric = Field(
        "kl",
        description="What the best candidate has least of (kl, the mean divergence; log-loss, "
        "rmse, mse) or most (accuracy, balanced-accuracy, macro-f1; ccc and r2, means of those of "
        "valence and arousal), over all predictions together.",
    )

    @field_validator("over", mode="before")
    @classmethod
    def _check_over(cls, over: Any, info: ValidationInfo) -> Any:
        model = info.data.get("model")
        if model is None or not isinstance(over, Mapping):
            return over  # of which pydantic complains
        if not over:
            raise ValueError(f"name at least one parameter of {model.title}, with its values")
        return checked_space(model, over, info.context)

    @field_validator("search")
    @classmethod
    def _check_search(cls, search: str, info: ValidationInfo) -> str:
        for name, values in (info.data.get("over") or {}).items():
            spread = range_of(values)
            if search == "grid" and spread is not None and spread[0] != "integers":
                raise ValueError(
                    f"a grid has no end of values of {name}, which is {spread[0]}; give it a list "
                    "of values, or search at random or bayesian"
                )
        return search

    @field_validator("metric")
    @classmethod
    def _check_metric(cls, metric: Metric, info: ValidationInfo) -> Metric:
        model = info.data.get("model")
        if model is not None and not model.tasks & tasks_of(metric):
            raise ValueError(
                f"{metric} is no metric of {' and '.join(sorted(model.tasks))}, which is what "
                f"{model.title} predicts; choose kl or another"
            )
        return metric

    @property
    def inputs(self) -> FeatureKind | tuple[FeatureKind, ...]:  # type: ignore[override]
        """What the model takes."""
        return self.model.inputs

    @property
    def originals_only(self) -> tuple[bool, ...]:  # type: ignore[override]
        """Which of its inputs the model takes of clips as they are alone."""
        return self.model.originals_only

    @property
    def tasks(self) -> frozenset[Task]:  # type: ignore[override]
        """What the model can be fitted for, and the metric is of."""
        return self.model.tasks & tasks_of(self.metric)

    @property
    def title(self) -> str:
        """Name of the model, tuned."""
        return f"{self.name}({self.model.title})"

    @property
    def settings(self) -> dict[str, Any]:
        """Parameters that differ from their defaults, ranges as text."""
        over = {name: text_of(values) for name, values in self.over.items()}
        return super().settings | {"over": over}

    @property
    def candidates(self) -> int:
        """How many are tried."""
        if self.search != "grid":
            return self.trials or TRIALS
        return min(self.trials or grid_size(self.over), grid_size(self.over))

    @property
    def typical_cost(self) -> Cost | None:  # type: ignore[override]
        """What the model costs, once for every candidate and part and once for all clips."""
        cost = self.model.typical_cost
        return cost and Cost((self.candidates * self.folds + 1) * cost.seconds, cost.megabytes)

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return an estimator that searches, and predicts with the best that it finds."""
        from merbench_plugins.models._tuning import TunedEstimator

        return TunedEstimator(
            model=self.model,
            over=self.over,
            search=self.search,
            candidates=self.candidates,
            folds=self.folds,
            metric=self.metric,
            task=task,
            seed=seed,
            device=device,
        )
