"""Recurrent networks on sequences of features: those of Chang 2024, and their relatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, ClassVar, Literal

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, Task
from merbench_plugins.models._recurrent_recipe import (
    Cell,
    Keep,
    KeptBack,
    Readout,
    Recipe,
    Standardise,
    Start,
)
from merbench_plugins.papers import BILSTM, BIRNN, GRU, LSTM

PUBLISHED = Recipe(
    head=(128,),
    dropout_at="start",
    from_prior=False,
    hidden=128,
    dropout=0.2,
    readout="last",
    standardise="scalar",
    max_frames=1_295,
    pool=1,
    learning_rate=1e-4,
    batch_size=128,
    epochs=2_000,
    clip_norm=20.0,
    validation=1 / 9,
    kept_back="clips",
    keep="last",
)
"""Parts 8:1:1: a ninth of the nine tenths that ten folds train on is only looked at, whatever
groups its clips are of."""
PUBLISHED_LSTM = replace(
    PUBLISHED,
    head=(128, 128, 128),
    dropout_at="end",
    learning_rate=3e-4,
    epochs=250,
    clip_norm=0.0,
)


class Recurrent(Model):
    """What the recurrent models share."""

    inputs = FeatureKind.SEQUENCE
    tasks = frozenset(Task)
    uses_device = True
    source_modules = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._classification",
        "merbench_plugins.models._inner_folds",
        "merbench_plugins.models._recurrent_estimator",
        "merbench_plugins.models._recurrent_network",
        "merbench_plugins.models._recurrent_recipe",
        "merbench_plugins.models._sequence_batches",
        "merbench_plugins.models._training",
    )
    check_parameters: ClassVar[Mapping[str, Any]] = {"epochs": 2, "hidden": 8}

    cell: ClassVar[Cell]
    bidirectional: ClassVar[bool] = False
    presets: ClassVar[Mapping[str, Recipe]] = {"default": Recipe()}

    hidden: int | None = Field(
        None, ge=1, description="Units of the recurrent layer, in each direction."
    )
    layers: int | None = Field(None, ge=1, description="Recurrent layers on top of one another.")
    dropout: float | None = Field(
        None, ge=0, lt=1, description="Share of values dropped in each block of the head."
    )
    readout: Readout | None = Field(
        None,
        description="What the head is given: the recurrent layer's `last` state, or the `mean` of "
        "its outputs over time.",
    )
    start: Start | None = Field(
        None,
        description="State before the first frame: `zero`, or `uniform`: drawn from [0, 1) anew "
        "for every clip and pass, test clips among them, as Chang's LSTM does.",
    )
    standardise: Standardise | None = Field(
        None,
        description="column: each feature to zero mean and unit variance over all frames of the "
        "training clips, limited to 5 standard deviations. scalar: all by one mean and one "
        "standard deviation, as Chang does.",
    )
    max_frames: int | None = Field(
        None, ge=1, description="Frames of a clip that are used, from its start."
    )
    pool: int | None = Field(
        None,
        ge=1,
        description="Frames averaged into one step; time and memory fall with it.",
    )
    learning_rate: float | None = Field(None, gt=0, description="Step size of AdamW.")
    batch_size: int | None = Field(None, ge=2, description="Clips in a batch.")
    epochs: int | None = Field(
        None,
        ge=1,
        description="Passes over the training clips; at most, where the best of them is kept.",
    )
    clip_norm: float | None = Field(
        None, ge=0, description="Largest norm of the gradient, beyond which it is scaled; 0: any."
    )
    validation: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Share of the training clips kept back, drawn by the seed: the run keeps "
        "their loss and accuracy of every epoch. 0: none.",
    )
    kept_back: KeptBack | None = Field(
        None,
        description="What is drawn to be kept back: whole `groups` (artists, songs, series), none "
        "of which is larger than twice the share, and of them the originals, whose augmented "
        "copies are then not trained on either; or single `clips`, whatever group they are of and "
        "copies among them, as Chang does.",
    )
    keep: Keep | None = Field(
        None,
        description="Whose weights are kept: of the `best` epoch, that of least loss on the clips "
        "kept back (where there are none, the last), or of the `last` one.",
    )
    patience: int | None = Field(
        None,
        ge=1,
        description="Epochs without a lower loss on the clips kept back after which training "
        "ends. `keep: last` never ends early and has no use for it.",
    )
    loss: Literal["kl", "mse"] = Field(
        "kl",
        description="For `va`: kl: KL[truth || predicted], the score itself; standard deviations "
        "are then positive. mse: squared errors of the four columns. For classes it is always "
        "the cross-entropy against the label's distribution.",
    )

    @property
    def recipe(self) -> Recipe:
        """The preset, changed by the parameters that are given."""
        given = {
            field.name: getattr(self, field.name)
            for field in fields(Recipe)
            if getattr(self, field.name, None) is not None
        }
        return replace(self.presets[getattr(self, "preset", "default")], **given)

    @property
    def typical_cost(self) -> Cost | None:  # type: ignore[override]
        """Steps of 600 clips of 30 s at 43 frames a second; early stopping halves the epochs."""
        recipe = self.recipe
        steps = 600 * min(1_292, recipe.max_frames) / recipe.pool
        epochs = recipe.epochs / (2 if recipe.validation and recipe.keep == "best" else 1)
        seconds = 5e-6 if self.cell == "RNN" else 1e-5
        return Cost(steps * epochs * seconds * (2 if self.bidirectional else 1))

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return an unfitted estimator; see `Model.estimator`."""
        from merbench_plugins.models._recurrent_estimator import RecurrentEstimator

        estimator: Estimator = RecurrentEstimator(
            name=self.name,
            task=task,
            cell=self.cell,
            bidirectional=self.bidirectional,
            recipe=self.recipe,
            loss=self.loss,
            seed=seed,
            device=device,
        )
        return estimator

    def trainable_parameters(self) -> dict[str, int]:
        """Count what is trained, by number of stems, on the 204 rows a stem of `librosa-14`."""
        from merbench_plugins.models._recurrent_network import count_parameters

        return {
            str(stems): count_parameters(self.cell, 204 * stems, self.bidirectional, self.recipe)
            for stems in (1, 4)
        }


class RecurrentNetwork(Recurrent):
    """Recurrent network with tanh units.

    `preset: default` trains in about a minute: steps of 10 frames, the mean of the layer's outputs,
    early stopping on part of the training clips. `preset: chang2024` is the network of Chang
    (2024): the last state of 128 units, dropout 0.2, a dense layer of 128 with batch normalisation
    and ReLU, 2,000 epochs, the last one kept; a ninth of the training clips, whatever their
    groups, is kept back and only looked at (8:1:1). `preset: chang2024-jamendo` is its variant for
    MTG-Jamendo, where dropout comes after the ReLU, clips have 1,000 frames and two ninths are
    kept back; it runs 2,000 epochs too (the paper's notebook 07). A clip shorter than others of its
    batch is heard to its own end and no further.
    """

    name = "rnn"
    cell: ClassVar[Cell] = "RNN"
    presets = {  # noqa: RUF012
        "default": Recipe(),
        "chang2024": PUBLISHED,
        "chang2024-jamendo": replace(
            PUBLISHED, dropout_at="end", max_frames=1_000, validation=2 / 9
        ),
    }

    preset: Literal["default", "chang2024", "chang2024-jamendo"] = Field(
        "default", description="Layers, and what parameters left out are set to."
    )


class BidirectionalRNN(RecurrentNetwork):
    """Recurrent network with tanh units, in both directions of time.

    As `rnn`; the head is given the last states of both directions. `preset: chang2024` trains for
    1,000 epochs as the paper's saved run did (its code says 2,000); `preset: chang2024-jamendo`
    for 1,541 at a step size of 0.0003, with dropout 0.1 after the ReLU.
    """

    name = "birnn"
    citation, paper = BIRNN
    bidirectional = True
    presets = {  # noqa: RUF012
        "default": Recipe(),
        "chang2024": replace(PUBLISHED, epochs=1_000),
        "chang2024-jamendo": replace(
            PUBLISHED,
            dropout_at="end",
            dropout=0.1,
            learning_rate=3e-4,
            epochs=1_541,
            max_frames=1_000,
            validation=2 / 9,
        ),
    }


class LongShortTermMemory(RecurrentNetwork):
    """Long short-term memory (Hochreiter and Schmidhuber 1997).

    `preset: default` as for `rnn`. `preset: chang2024`: the last state of 128 units, three dense
    layers of 128 with batch normalisation, ReLU and dropout 0.2, 250 epochs at a step size of
    0.0003. The paper also draws the first states at random, in testing too: `start: uniform`.
    `preset: chang2024-jamendo` runs 1,019 epochs on 1,000 frames.
    """

    name = "lstm"
    citation, paper = LSTM
    cell = "LSTM"
    presets = {  # noqa: RUF012
        "default": Recipe(),
        "chang2024": PUBLISHED_LSTM,
        "chang2024-jamendo": replace(
            PUBLISHED_LSTM, epochs=1_019, max_frames=1_000, validation=2 / 9
        ),
    }


class BidirectionalLSTM(Recurrent):
    """Long short-term memory in both directions of time.

    As the default of `lstm`; the papers have none.
    """

    name = "bilstm"
    citation, paper = BILSTM
    cell = "LSTM"
    bidirectional = True


class GatedRecurrentUnit(Recurrent):
    """Gated recurrent units (Cho et al. 2014).

    As the default of `lstm`; the papers have none.
    """

    name = "gru"
    citation, paper = GRU
    cell = "GRU"
