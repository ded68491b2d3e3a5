"""What the networks of Louro et al. 2024 have in common as models: how they are trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from merbench import Estimator, FeatureKind, Model, Task

if TYPE_CHECKING:
    from torch import nn

    from merbench_plugins.models._network_training import Reader, Recipe

Side = Annotated[int, Field(ge=1)]

IMAGE = Field(
    None,
    description="Bins and frames that images are averaged down to first; none takes them as they "
    "are. Fewer train quicker.",
)


class TrainedNetwork(Model):
    """Base of models that are one network, trained on rows for classes."""

    inputs = FeatureKind.IMAGE
    tasks = frozenset({Task.QUADRANT, Task.CLASSES})
    uses_device = True
    source_modules: ClassVar[tuple[str, ...]] = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._classification",
        "merbench_plugins.models._network_classifier",
        "merbench_plugins.models._network_training",
        "merbench_plugins.models._training",
        "merbench_plugins.networks.blocks",
    )

    published: ClassVar[tuple[Literal["sgd", "adam"], float, int, int]]
    """Optimizer, step size, epochs at most, batch size, as published."""
    usual_shape: ClassVar[tuple[int, ...]] = (128, 942)
    """Of a stem of the paper's inputs, for counting what is trained."""

    preset: Literal["louro2024", "short"] = Field(
        "louro2024",
        description="What the parameters left out below are set to. louro2024: as published. "
        "short: Adam at 0.001, batches of 16, 30 epochs, for few clips and little time.",
    )
    learning_rate: float | None = Field(
        None, gt=0, description="Step size. By default the preset's."
    )
    batch_size: int | None = Field(
        None, ge=1, description="Rows in a batch. By default the preset's."
    )
    epochs: int | None = Field(
        None, ge=1, description="Epochs at most. By default the preset's (short: 30)."
    )
    stop_at: float | None = Field(
        0.9,
        gt=0,
        le=1,
        description="Accuracy on the training rows at which training ends, as published; null "
        "runs all epochs. No clip is kept back, and none tested decides.",
    )

    def network(self) -> Callable[..., nn.Module]:
        """Return the class of the network; imported when it is asked for."""
        raise NotImplementedError

    def options(self) -> Mapping[str, Any]:
        """Return what the network is made with beside its shape."""
        return {}

    def reader(self) -> Reader:
        """Return what turns a stored row into what the network is given."""
        from merbench_plugins.models._network_classifier import AsIs

        return AsIs()

    def recipe(self) -> Recipe:
        """Return how it is trained."""
        from merbench_plugins.models._network_training import Recipe

        optimizer, rate, epochs, batch = self.published
        if self.preset == "short":
            optimizer, rate, epochs, batch = "adam", 1e-3, 30, 16
        return Recipe.of(
            optimizer,
            self.learning_rate or rate,
            self.epochs or epochs,
            self.batch_size or batch,
            stop_at=self.stop_at,
        )

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return an unfitted estimator; see `Model.estimator`."""
        from merbench_plugins.models._network_classifier import Averaged, NetworkClassifier

        reader = self.reader()
        estimator: Estimator = NetworkClassifier(
            self.name,
            self.network(),
            dict(self.options()),
            (reader,),
            self.recipe(),
            keep=isinstance(reader, Averaged),
            seed=seed,
            device=device,
        )
        return estimator

    def trainable_parameters(self) -> dict[str, int]:
        """Count what is trained, by number of stems, for the paper's inputs and four classes."""
        import torch

        from merbench_plugins.networks.blocks import count_trained

        with torch.device("meta"):
            return {
                str(stems): count_trained(
                    self.network()((stems, *self.usual_shape), 4, **self.options())
                )
                for stems in (1, 4)
            }


class ImageNetwork(TrainedNetwork):
    """Base of those that take images."""

    image: tuple[Side, Side] | None = IMAGE

    def reader(self) -> Reader:
        """Return what averages images down, where that is asked for."""
        from merbench_plugins.models._network_classifier import AsIs, Averaged

        return AsIs() if self.image is None else Averaged(self.image)
