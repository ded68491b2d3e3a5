"""A model whose predicted distributions own up to its errors."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, ModelParameter, Task
from merbench_plugins.papers import TEMPERATURE


class Calibrated(Model):
    """Another model, its predicted distributions set right by out-of-fold predictions.

    For `va` standard deviations are rescaled. A model fitted to clips' standard deviations
    predicts how much listeners disagree. The distribution that lies nearest to the truth must also
    allow for the error of the model's own means, or it is punished hard wherever these are wrong
    (KL[P_truth || Q_predicted], Nguyen et al. 2022, Equation 1). So the training clips are
    predicted out of fold, and for valence and for arousal that rescaling is found which makes
    their mean divergence least.

    For `quadrant` probabilities are tempered, p^(1/T), and mixed with the training clips' share of
    each quadrant, both so that out-of-fold divergence is least. That is what a classifier wants
    whose probabilities are 0 or 1, or no probabilities at all.

    No group of clips (artist, song or series) is divided by a fold, and augmented copies are in the
    fold of their clip, so that residuals are those of groups that are new. Training clips of a
    single group cannot be calibrated.
    """

    name = "calibrated"
    citation, paper = TEMPERATURE
    source_modules = (
        "merbench_plugins.models._calibration",
        "merbench_plugins.models._checked",
        "merbench_plugins.models._inner_folds",
        "merbench_plugins.models._out_of_fold",
    )

    model: ModelParameter = Field(description="The model to calibrate.")
    folds: int = Field(
        5,
        ge=2,
        description="Parts that the training clips' groups are dealt out to, each predicted from "
        "the others. The model is fitted once more than that.",
    )
    method: Literal["affine", "scale"] = Field(
        "affine",
        description="For va: affine: variance = a * predicted variance + b, with a and b at least "
        "0, as the error of the means adds to listeners' disagreement; scale: variance = a * "
        "predicted variance. For quadrant: affine: temperature and a share of the prior; scale: "
        "temperature.",
    )

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
        """What the model can be fitted for."""
        return self.model.tasks

    @property
    def typical_cost(self) -> Cost | None:  # type: ignore[override]
        """What the model costs, once for every fold and once for all clips."""
        cost = self.model.typical_cost
        return cost and Cost((self.folds + 1) * cost.seconds, cost.megabytes)

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the model's estimator with calibration around it."""
        from merbench_plugins.models._calibration import CalibratedRegressor

        inner = self.model.estimator(task=task, seed=seed, device=device)
        return CalibratedRegressor(
            inner, folds=self.folds, method=self.method, seed=seed, task=task
        )
