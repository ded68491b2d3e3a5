"""The last layer of methods 14 and 15 of Louro et al. 2024, on embeddings of a frozen network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, Task
from merbench_plugins.models._network_model import TrainedNetwork
from merbench_plugins.papers import LOURO_2024


class SoftmaxProbe(Model):
    """One dense layer on embeddings, trained as a network's last layer is.

    Louro et al., Sensors 24(7), 2024 freeze pretrained networks and train a last layer of four
    outputs; what is frozen is the same for all clips, and so a feature (`artist-cnn`, `mtat-crnn`).

    `preset: artists` is their "Artists CNN" (method 14): Adam at 0.01, batches of 100, 200 epochs,
    until nine of ten training clips are right. `preset: mtat` is "CRNN Pre-trained MTAT" (method
    15): batches of 16, 80 epochs of Adam at 0.001, then gradient descent with momentum at 0.001 and
    at 0.0001 for 20 epochs each and at 0.00001 to the 200th, all with a weight decay of 0.0001,
    a softmax before the loss that takes one of its own, and dropout of a half of the embedding. The
    paper's F1 of that method is a mean over epochs; here the last epoch's weights predict.
    """

    name = "softmax-probe"
    citation, paper = LOURO_2024
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.QUADRANT, Task.CLASSES})
    uses_device = True
    source_modules = (*TrainedNetwork.source_modules, "merbench_plugins.networks.probe")
    typical_cost = Cost(seconds=20)
    check_parameters: ClassVar[Mapping[str, Any]] = {"preset": "artists", "epochs": 30}

    preset: Literal["artists", "mtat"] = Field(description="How it is trained; see above.")
    epochs: int | None = Field(
        None,
        ge=1,
        description="Epochs at most. By default 200; fewer end the preset's training early.",
    )

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return an unfitted estimator; see `Model.estimator`."""
        from torch import nn

        from merbench_plugins.models._network_classifier import AsIs, NetworkClassifier
        from merbench_plugins.models._network_training import Recipe, Stage, TwiceSoftmax
        from merbench_plugins.networks.probe import Probe

        mtat = self.preset == "mtat"
        recipe = Recipe.of("adam", 0.01, self.epochs or 200, 100, stop_at=0.9)
        if mtat:
            left, stages = self.epochs or 200, []
            for optimizer, rate, epochs in _MTAT:
                stages += [Stage(optimizer, rate, min(epochs, left))] if left else []
                left -= min(epochs, left)
            recipe = Recipe(tuple(stages), 16, weight_decay=1e-4)
        estimator: Estimator = NetworkClassifier(
            self.name,
            Probe,
            {"dropout": 0.5 if mtat else 0.0},
            (AsIs(),),
            recipe,
            criterion=TwiceSoftmax if mtat else nn.CrossEntropyLoss,
            seed=seed,
            device=device,
        )
        return estimator


_MTAT: tuple[tuple[Literal["nesterov", "adam"], float, int], ...] = (
    ("adam", 1e-3, 80), ("nesterov", 1e-3, 20), ("nesterov", 1e-4, 20), ("nesterov", 1e-5, 80),
)  # fmt: skip
