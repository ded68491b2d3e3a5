"""Method 13 of Louro et al. 2024: made images of each class among the training clips."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from merbench import Cost, Estimator, FeatureKind, Model, ModelParameter, Task
from merbench_plugins.models._network_model import IMAGE, Side, TrainedNetwork
from merbench_plugins.papers import DEEP_SMOTE


class DeepSmote(Model):
    """Another model of images, trained on more of them, which SMOTE makes in an autoencoder's code.

    `variant: dablain` is DeepSMOTE of Dablain et al., IEEE TNNLS 34(9), 2023: an autoencoder with a
    code of 300 numbers learns to give images back, and to decode the codes of a class exchanged
    among its images; SMOTE draws new codes between neighbours of a class (Chawla et al., JAIR 16,
    2002), so many that all classes are as large as the largest, or `per_class`. Here codes are
    exchanged in all classes of a batch, there in one that is drawn.

    `variant: louro2024` is what Louro et al., Sensors 24(7), 2024 call so ("Baseline +
    DeepSMOTE"): the autoencoder of method 9, borderline-SMOTE 2 (Han et al., ICIC 2005) on its
    codes, 25 new images of every class. There they were made once of all clips, and added to every
    fold's training clips, although test clips had gone into them; here they are made of a fold's
    training clips alone, unless the protocol says `prepare_before_splitting`. A class none of whose
    clips lies on a border gets none.

    New images belong to no clip, so that a model inside must not split its rows: put `tuned` and
    `calibrated` around this model, not into it.
    """

    name = "deep-smote"
    citation, paper = DEEP_SMOTE
    inputs = FeatureKind.IMAGE
    uses_device = True
    requires = ("imbalanced-learn",)
    source_modules = (
        *TrainedNetwork.source_modules,
        "merbench_plugins.models._chosen_rows",
        "merbench_plugins.models._encoding",
        "merbench_plugins.models._inner_folds",
        "merbench_plugins.models._oversampling",
        "merbench_plugins.networks.autoencoder",
    )
    typical_cost = Cost(seconds=4_000)
    check_parameters: ClassVar[Mapping[str, Any]] = {
        "model": {"louro-cnn": {"preset": "short", "epochs": 3, "image": (61, 77)}},
        "epochs": 1,
        "image": (61, 77),
        "per_class": 2,
    }

    model: ModelParameter = Field(description="The model that is trained on more images.")
    variant: Literal["dablain", "louro2024"] = Field(
        "dablain", description="Whose DeepSMOTE it is; see above."
    )
    per_class: int | None = Field(
        None,
        ge=1,
        description="New images of every class. By default (dablain) so many that classes are of "
        "one size, (louro2024) 25.",
    )
    decibels: bool = Field(
        True,
        description="Whether new images are brought from [-1, 1] back to the range of the images "
        "they are made of. The code of Louro et al. 2024 leaves them there, among images in "
        "decibels: false.",
    )
    learning_rate: float = Field(2e-4, gt=0, description="Step size of Adam, for the autoencoder.")
    batch_size: int = Field(150, ge=2, description="Images in a batch.")
    epochs: int = Field(150, ge=1, description="Epochs of the autoencoder.")
    image: tuple[Side, Side] | None = IMAGE

    @field_validator("model")
    @classmethod
    def _check_model(cls, model: Model) -> Model:
        if model.inputs is not FeatureKind.IMAGE:
            raise ValueError(f"{model.title} takes no images, of which more could be made")
        if model.tasks <= {Task.VA}:
            raise ValueError(f"{model.title} predicts no classes, of which images are made")
        return model

    @property
    def tasks(self) -> frozenset[Task]:  # type: ignore[override]
        """Classes, of which images are made."""
        return self.model.tasks - {Task.VA}

    @property
    def title(self) -> str:
        """Name of the model, with whose images."""
        return f"{self.name}({self.model.title})"

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the model's estimator, before it what makes images."""
        from merbench_plugins.models._network_training import Recipe
        from merbench_plugins.models._oversampling import OversampledEstimator

        inner = self.model.estimator(task=task, seed=seed, device=self.model.device_for(device))
        per_class = self.per_class or (25 if self.variant == "louro2024" else None)
        estimator: Estimator = OversampledEstimator(
            inner,
            self.name,
            self.variant,
            per_class,
            self.decibels,
            Recipe.of("adam", self.learning_rate, self.epochs, self.batch_size),
            self.image,
            seed,
            device,
        )
        return estimator
