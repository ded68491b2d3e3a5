"""Several models whose predictions are averaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from merbench import Cost, Estimator, FeatureKind, Model, ModelParameter, Task


class AveragedModels(Model):
    """The mean of what several models predict, each fitted to the same training clips.

    For classes it is the mean of their probabilities; for valence and arousal the mean of the four
    numbers of a clip. Models that err in different ways are better together than the mean of them
    alone (Krogh and Vedelsby, "Neural network ensembles, cross validation, and active learning",
    NIPS 1994, for squared errors; by the convexity of KL[P || Q] in Q it holds for divergences of
    classes). Name the models before you see their scores: members that are chosen by these are
    chosen on test clips. What one of them lacks, such as calibration, wrap around it.
    """

    name = "averaged"
    source_modules = ("merbench_plugins.models._averaged",)
    check_parameters: ClassVar[Mapping[str, Any]] = {"models": ["ridge", "knn"]}

    models: tuple[ModelParameter, ...] = Field(
        min_length=2, description="The models, of one kind of features."
    )

    @model_validator(mode="after")
    def _same_inputs(self) -> Self:
        first = self.models[0]
        for other in self.models[1:]:
            if (other.input_kinds, other.originals_only) != (
                first.input_kinds,
                first.originals_only,
            ):
                raise ValueError(
                    f"{first.title} and {other.title} take different features; average models "
                    "of one kind"
                )
        if not self.tasks:
            titles = ", ".join(model.title for model in self.models)
            raise ValueError(f"there is no task that all of {titles} can be fitted for")
        return self

    @property
    def inputs(self) -> FeatureKind | tuple[FeatureKind, ...]:  # type: ignore[override]
        """What the models take."""
        return self.models[0].inputs

    @property
    def originals_only(self) -> tuple[bool, ...]:  # type: ignore[override]
        """Which of their inputs the models take of clips as they are alone."""
        return self.models[0].originals_only

    @property
    def tasks(self) -> frozenset[Task]:  # type: ignore[override]
        """What all of the models can be fitted for."""
        return frozenset.intersection(*(model.tasks for model in self.models))

    @property
    def typical_cost(self) -> Cost | None:  # type: ignore[override]
        """What the models cost together."""
        costs = [model.typical_cost for model in self.models]
        known = [cost for cost in costs if cost is not None]
        if not known:
            return None
        return Cost(sum(c.seconds for c in known), sum(c.megabytes for c in known))

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the models' estimators, around them what averages their predictions."""
        from merbench_plugins.models._averaged import AveragedEstimator

        inner = [
            model.estimator(task=task, seed=seed, device=model.device_for(device))
            for model in self.models
        ]
        return AveragedEstimator(inner)
