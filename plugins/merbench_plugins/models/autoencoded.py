"""Method 9 of Louro et al. 2024: a model on the codes of an autoencoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, field_validator

from merbench import Cost, Estimator, FeatureKind, Model, ModelParameter, Task
from merbench_plugins.models._network_model import IMAGE, Side, TrainedNetwork
from merbench_plugins.papers import LOURO_2024


class Autoencoded(Model):
    """Another model of vectors, given what an autoencoder makes of images.

    "Autoencoder" (method 9) of Louro et al., Sensors 24(7), 2024: images are scaled to [-1, 1] one
    by one, four convolutions halve them into 60,416 numbers (of 128 bins x 942 frames), a mirrored
    decoder gives them back, and a random forest learns from the numbers. The autoencoder is trained
    on the training clips of each fold (Adam at 0.0002, batches of 150, 150 epochs), and so is the
    model; the paper's autoencoder saw all clips, those to be tested among them, which a protocol's
    `prepare_before_splitting` repeats.
    """

    name = "autoencoded"
    citation, paper = LOURO_2024
    inputs = FeatureKind.IMAGE
    uses_device = True
    source_modules = (
        *TrainedNetwork.source_modules,
        "merbench_plugins.models._encoded",
        "merbench_plugins.models._encoding",
        "merbench_plugins.models._inner_folds",
        "merbench_plugins.networks.autoencoder",
    )
    typical_cost = Cost(seconds=2_000)
    check_parameters: ClassVar[Mapping[str, Any]] = {
        "model": "ridge", "epochs": 1, "image": (16, 16),
    }  # fmt: skip

    model: ModelParameter = Field(description="The model that is given the codes.")
    learning_rate: float = Field(2e-4, gt=0, description="Step size of Adam.")
    batch_size: int = Field(150, ge=1, description="Images in a batch.")
    epochs: int = Field(150, ge=1, description="Epochs.")
    image: tuple[Side, Side] | None = IMAGE

    @field_validator("model")
    @classmethod
    def _check_model(cls, model: Model) -> Model:
        if model.inputs is not FeatureKind.VECTOR:
            raise ValueError(f"{model.title} takes no vector, which is what an image is coded as")
        return model

    @property
    def tasks(self) -> frozenset[Task]:  # type: ignore[override]
        """What the model can be fitted for."""
        return self.model.tasks

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the model's estimator, before it what codes images."""
        from merbench_plugins.models._encoded import EncodedEstimator
        from merbench_plugins.models._network_training import Recipe

        inner = self.model.estimator(task=task, seed=seed, device=self.model.device_for(device))
        recipe = Recipe.of("adam", self.learning_rate, self.epochs, self.batch_size)
        estimator: Estimator = EncodedEstimator(inner, self.name, recipe, self.image, seed, device)
        return estimator
