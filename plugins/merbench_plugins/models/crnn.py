"""The convolutional recurrent network of Nguyen et al. 2022, and a small relative of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from merbench import Cost, Estimator, FeatureKind, Model, Task
from merbench_plugins.models._crnn_architecture import Architecture
from merbench_plugins.papers import NGUYEN_2022

Sequence: TypeAlias = Literal["channels", "time"]
Start: TypeAlias = Literal["zero", "mean"]
Order: TypeAlias = Literal["fixed", "shuffled", "as-given"]


@dataclass(frozen=True)
class Preset:
    """An architecture and the training that suits it."""

    architecture: Architecture
    sequence: Sequence
    start: Start
    order: Order
    learning_rate: float
    batch_size: int
    epochs: int


PRESETS = {
    "paper": Preset(
        Architecture(
            blocks=((5, 64, 32), (5, 128, 64), (5, 256, 128), (5, 512, 256), (3, 1024, 512)),
            lstm=(256, 128, 64),
            dense=(512, 256, 64),
        ),
        sequence="channels",
        start="zero",
        order="fixed",
        learning_rate=1e-4,
        batch_size=8,
        epochs=4,
    ),
    "small": Preset(
        Architecture(
            blocks=((5, 16, 8), (3, 32, 16), (3, 64, 32)),
            lstm=(32,),
            dense=(32,),
            image=(43, 128),
            log_scale=True,
        ),
        sequence="time",
        start="mean",
        order="shuffled",
        learning_rate=2e-3,
        batch_size=16,
        epochs=15,
    ),
}


class Crnn(Model):
    """Convolutional recurrent network on spectrograms.

    `preset: paper` is Simple_CRNN_3 of Nguyen et al. 2022, layer by layer, with Keras's initial
    weights and Keras's Adam; its images are 129 bins x 2,048 frames, and its clips come in one
    random order, again and again (`order: fixed`). With `steps_per_epoch: 77` that is their
    training of 613 clips, and for the network of four stems with `adam_step_offset: 308` too, since
    one optimizer served both networks in turn. Such a fold takes 308 steps of 8.5 s on 2 cores.

    `preset: small` keeps the design and takes seconds: three narrow blocks of convolutions, on
    images averaged down to 43 bins x 128 frames and put on a logarithmic scale, one LSTM over
    time, one hidden dense layer.

    Source: Nguyen et al. 2022, "Predicting Perceived Music Emotions with Respect to Instrument
    Combinations", Figure 1 and the authors' code.
    """

    name = "crnn"
    citation, paper = NGUYEN_2022
    inputs = FeatureKind.IMAGE
    tasks = frozenset({Task.VA})
    uses_device = True
    source_modules = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._crnn_architecture",
        "merbench_plugins.models._crnn_clips",
        "merbench_plugins.models._crnn_estimator",
        "merbench_plugins.models._crnn_network",
        "merbench_plugins.models._training",
    )
    check_parameters: ClassVar[Mapping[str, Any]] = {"preset": "small", "epochs": 2}

    preset: Literal["paper", "small"] = Field(
        default="paper",
        description="Layers, and what the parameters left out below are set to.",
    )
    sequence: Sequence | None = Field(
        default=None,
        description="What the LSTM's steps run over: `channels`, as the paper's code does, or "
        "`time`, as its text says. By default the preset's (paper: channels; small: time).",
    )
    dropout: float = Field(
        default=0.1, ge=0, lt=1, description="Share of values dropped after each block."
    )
    start: Start | None = Field(
        default=None,
        description="What the untrained network's outputs lie around: `zero`, or the `mean` label "
        "of the training clips. By default the preset's (paper: zero; small: mean).",
    )
    learning_rate: float | None = Field(
        default=None,
        gt=0,
        description="Step size of Adam. By default the preset's (paper: 0.0001; small: 0.002).",
    )
    batch_size: int | None = Field(
        default=None,
        ge=1,
        description="Clips in a batch. By default the preset's (paper: 8; small: 16).",
    )
    epochs: int | None = Field(
        default=None,
        ge=1,
        description="Number of epochs. By default the preset's (paper: 4; small: 15).",
    )
    steps_per_epoch: int | None = Field(
        default=None,
        ge=1,
        description="Batches in an epoch, each a full one; the next epoch goes on where one stops. "
        "By default an epoch is one pass over the training clips.",
    )
    order: Order | None = Field(
        default=None,
        description="Order in which a pass takes the training clips. fixed: one permutation, drawn "
        "by the seed, the same in every pass, as the paper's code does. shuffled: a new one each "
        "pass. as-given: the split's own, in which neighbours may be alike. By default the "
        "preset's (paper: fixed; small: shuffled).",
    )
    adam_step_offset: int = Field(
        default=0,
        ge=0,
        description="Number of steps Adam believes it has taken before the first, which weakens "
        "its early bias correction (308 for the paper's network of four stems).",
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32",
        description="Number format of the layers: bfloat16 is faster and changes the numbers.",
    )

    @model_validator(mode="before")
    @classmethod
    def _had_shuffle(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and "shuffle" in values:
            raise ValueError(
                "there is no `shuffle` any more: set `order` to shuffled (what `shuffle: true` "
                "was), as-given (`shuffle: false`), or fixed, as published"
            )
        return values

    @property
    def typical_cost(self) -> Cost:  # type: ignore[override]
        """What 600 clips take with the preset's own epochs."""
        return Cost(seconds=5_200 if self.preset == "paper" else 70)

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return an unfitted estimator; see `Model.estimator`."""
        from merbench_plugins.models._crnn_estimator import CrnnRegressor

        preset = PRESETS[self.preset]
        estimator: Estimator = CrnnRegressor(
            architecture=preset.architecture,
            sequence=self.sequence or preset.sequence,
            dropout=self.dropout,
            start=self.start or preset.start,
            learning_rate=self.learning_rate or preset.learning_rate,
            batch_size=self.batch_size or preset.batch_size,
            epochs=self.epochs or preset.epochs,
            steps_per_epoch=self.steps_per_epoch,
            order=self.order or preset.order,
            adam_step_offset=self.adam_step_offset,
            precision=self.precision,
            seed=seed,
            device=device,
        )
        return estimator

    def trainable_parameters(self) -> dict[str, int]:
        """Count what is trained, by number of stems, on images of 129 bins x 2,048 frames."""
        from merbench_plugins.models._crnn_network import count_parameters

        preset = PRESETS[self.preset]
        return {
            str(stems): count_parameters(
                preset.architecture, (stems, 129, 2048), self.sequence or preset.sequence
            )
            for stems in (1, 4)
        }
