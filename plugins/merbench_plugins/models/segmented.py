"""A model that is trained on pieces of clips."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from merbench import Cost, Estimator, FeatureKind, Model, ModelParameter, Task

_CUT = (FeatureKind.SEQUENCE, FeatureKind.IMAGE, FeatureKind.WAVEFORM, FeatureKind.VECTOR)


class Segmented(Model):
    """Another model, trained on short pieces of clips; a clip is what its pieces say on average.

    Every piece of a training clip is a training row with its clip's label. Splits are of clips, so
    that no piece of a test clip is ever trained on; where the model inside splits its rows, pieces
    of a clip, its copies and its group stay together. It takes whatever sequences, images or audio
    the model inside takes; around a model of vectors it takes sequences, of which a piece is the
    mean of its frames. Louro et al. 2024 train three networks so (methods 6, 7 and 14).
    """

    name = "segmented"
    source_modules = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._inner_folds",
        "merbench_plugins.models._segments",
    )
    check_parameters: ClassVar[Mapping[str, Any]] = {
        "model": {"sample-cnn": {"preset": "short", "epochs": 4, "depth": 2}}, "length": 27,
    }  # fmt: skip

    model: ModelParameter = Field(description="The model to train on pieces.")
    length: int | None = Field(
        None, ge=1, description="Of a piece: frames, or of audio samples. This or `seconds`."
    )
    seconds: float | None = Field(
        None, gt=0, description="Of a piece, where the feature's frames a second are known."
    )
    step: float | None = Field(
        None,
        gt=0,
        description="From the start of one piece to that of the next, in the unit of what is given "
        "above; by default a piece's length, so that none overlap.",
    )
    aggregate: Literal["mean", "rounded-index"] = Field(
        "mean",
        description="What a clip is. mean: the mean of its pieces' predictions. rounded-index: "
        "classes are numbered, and the mean number of the pieces' likeliest classes is rounded, as "
        "the code of Louro et al. 2024 does, so that Q1 and Q3 make Q2; a clip is then certain.",
    )

    @field_validator("model")
    @classmethod
    def _check_model(cls, model: Model) -> Model:
        if model.inputs not in _CUT:
            raise ValueError(
                f"{model.title} takes no single sequence, image, audio or vector that a piece of a "
                "clip could be"
            )
        return model

    @field_validator("aggregate")
    @classmethod
    def _check_aggregate(cls, aggregate: str, info: ValidationInfo) -> str:
        model = info.data.get("model")
        if aggregate != "mean" and model is not None and not model.tasks - {Task.VA}:
            raise ValueError(f"{model.title} predicts no classes whose numbers could be rounded")
        return aggregate

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.length is None) == (self.seconds is None):
            raise ValueError("give either `length`, in frames or samples, or `seconds`")
        return self

    @property
    def inputs(self) -> FeatureKind:  # type: ignore[override]
        """What the model takes; around a model of vectors, sequences."""
        taken = self.model.input_kinds[0]
        return FeatureKind.SEQUENCE if taken is FeatureKind.VECTOR else taken

    @property
    def tasks(self) -> frozenset[Task]:  # type: ignore[override]
        """What the model can be fitted for; numbers of classes there are of classes alone."""
        return self.model.tasks - ({Task.VA} if self.aggregate == "rounded-index" else set())

    @property
    def typical_cost(self) -> Cost | None:  # type: ignore[override]
        """What the model costs."""
        return self.model.typical_cost

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the model's estimator, around it what cuts clips."""
        from merbench_plugins.models._segments import SegmentedEstimator

        inner = self.model.estimator(task=task, seed=seed, device=device)
        kind = self.model.input_kinds[0]
        estimator: Estimator = SegmentedEstimator(
            inner, kind, self.length, self.seconds, self.step, self.aggregate
        )
        return estimator
