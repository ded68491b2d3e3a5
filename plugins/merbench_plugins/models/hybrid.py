"""Method 5 of Louro et al. 2024: spectrograms and hand-crafted features, joined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, Task
from merbench_plugins.models._network_model import IMAGE, Side, TrainedNetwork
from merbench_plugins.papers import LOURO_2024


class LouroHybrid(Model):
    """A convolutional and a dense network, trained apart, frozen, and joined by dense layers.

    "Hybrid Augmented" (method 5) of Louro et al., Sensors 24(7), 2024. Within each fold: a dense
    network of 500, 300 and 100 units learns hand-crafted features of the training clips; the
    convolutions of `louro-cnn` learn images of the training clips and of their augmented copies;
    then both are frozen, and layers of 200 and 100 units learn from what both make of the training
    clips themselves. Of hand-crafted features a copy has its clip's.

    The paper's recipe of the dense network is not known; here it is `louro-cnn`'s. Its code for the
    convolutions' first training pairs clips with other clips' labels, and what joins both leaves
    the trained weights unread and the convolutions free: `pretrained: false` trains them with the
    layers that join, from where they start, on the clips themselves, as that code does.
    """

    name = "louro-hybrid"
    citation, paper = LOURO_2024
    inputs = (FeatureKind.IMAGE, FeatureKind.VECTOR)
    originals_only = (False, True)
    tasks = frozenset({Task.QUADRANT, Task.CLASSES})
    uses_device = True
    source_modules = (
        *TrainedNetwork.source_modules,
        "merbench_plugins.models._chosen_rows",
        "merbench_plugins.models._hybrid",
        "merbench_plugins.models._inner_folds",
        "merbench_plugins.networks.baseline_cnn",
        "merbench_plugins.networks.hybrid",
    )
    typical_cost = Cost(seconds=20_000)
    check_parameters: ClassVar[Mapping[str, Any]] = {
        "preset": "short", "epochs": 3, "image": (61, 77),
    }  # fmt: skip

    preset: Literal["louro2024", "short"] = Field(
        "louro2024",
        description="louro2024: the dense network by gradient descent at 0.01, batches of 150, 200 "
        "epochs; the convolutions by Adam at 0.005, batches of 120, 450 epochs; both joined by "
        "gradient descent at 0.01, batches of 300, 100 epochs. short: all three by Adam at 0.001, "
        "batches of 16, 30 epochs.",
    )
    epochs: int | None = Field(
        None, ge=1, description="Epochs of each of the three at most. By default the preset's."
    )
    stop_at: float | None = Field(
        0.9, gt=0, le=1, description="Accuracy on the training rows at which each training ends."
    )
    pretrained: bool = Field(
        True,
        description="Whether the convolutions are trained apart and then frozen; if not, they are "
        "trained with the layers that join.",
    )
    image: tuple[Side, Side] | None = IMAGE

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return an unfitted estimator; see `Model.estimator`."""
        from merbench_plugins.models._hybrid import HybridClassifier
        from merbench_plugins.models._network_training import Recipe

        published: tuple[tuple[Literal["sgd", "adam"], float, int, int], ...] = (
            ("sgd", 0.01, 200, 150), ("adam", 0.005, 450, 120), ("sgd", 0.01, 100, 300),
        )  # fmt: skip
        if self.preset == "short":
            published = (("adam", 0.001, 30, 16),) * 3
        recipes = tuple(
            Recipe.of(optimizer, rate, self.epochs or epochs, batch, stop_at=self.stop_at)
            for optimizer, rate, epochs, batch in published
        )
        estimator: Estimator = HybridClassifier(
            self.name, recipes, self.pretrained, self.image, seed, device
        )
        return estimator
