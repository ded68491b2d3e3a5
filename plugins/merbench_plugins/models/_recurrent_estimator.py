"""The estimator behind the recurrent models: what it keeps back, trains on and predicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from skorch import NeuralNet
from skorch.callbacks import GradientNormClipping
from skorch.helper import predefined_split
from torch import Tensor, nn

from merbench import MerbenchError, Task
from merbench_plugins.models._checked import checked_labels
from merbench_plugins.models._classification import checked_shares
from merbench_plugins.models._inner_folds import TrainingRows
from merbench_plugins.models._recurrent_network import (
    LEAST_STD,
    Network,
    NormalDivergence,
    normal,
)
from merbench_plugins.models._recurrent_recipe import Cell, Recipe
from merbench_plugins.models._sequence_batches import Batches, Sequences
from merbench_plugins.models._training import (
    Accuracy,
    BestEpoch,
    StopAtDivergence,
    SummedSquaredError,
    own_randomness,
    own_threads,
    run_epochs,
)

Floats = NDArray[np.float64]


class RecurrentEstimator(BaseEstimator):
    """Trains a `Network`; parameters as in `recurrent.Recurrent`.

    Attributes
    ----------
    curve_
        One dict an epoch: `epoch`, counted from 1, `train_loss`, the mean loss of its clips, for
        classes `train_accuracy`, both while weights change; with clips kept back
        `validation_loss` and `validation_accuracy` after the epoch.
    network_
        The trained network.
    """

    def __init__(
        self,
        name: str,
        task: Task,
        cell: Cell,
        bidirectional: bool,
        recipe: Recipe,
        loss: str,
        seed: int,
        device: str,
    ) -> None:
        self.name = name
        self.task = task
        self.cell = cell
        self.bidirectional = bidirectional
        self.recipe = recipe
        self.loss = loss
        self.seed = seed
        self.device = device

    def fit(self, X: Any, Y: Any, groups: Any = None, copy_of: Any = None) -> RecurrentEstimator:
        """Train on clips: X[i] of shape (frames, d), Y of shape (n, columns)."""
        labels = (checked_labels if self.task is Task.VA else checked_shares)(Y, len(X))
        if len(X) < 2:
            raise MerbenchError(f"{self.name}: one clip cannot be trained on; give at least 2")
        recipe = self.recipe
        clips = Sequences(X, labels, recipe.max_frames, recipe.pool)
        self.moments_ = clips.standardise(by_column=recipe.standardise == "column")
        known = TrainingRows.of(len(X), groups, copy_of)
        by_unit = recipe.kept_back == "groups" and not known.whole
        rest, kept_back = self._whole_parts(labels, known) if by_unit else self._parts(labels)
        with own_randomness(self.seed, self.device), own_threads():
            net = self._net(clips.part(rest), clips.part(kept_back) if len(kept_back) else None)
            net.initialize()
            wanted = recipe.keep == "best" and len(kept_back)
            best = BestEpoch(recipe.patience) if wanted else None
            if best is not None:
                net.callbacks_.append(("best", best))
            run_epochs(net, clips.part(rest))
            if best is not None:
                net.module_.load_state_dict(best.weights)
        self.network_ = net.module_.eval()
        names = {"valid_loss": "validation_loss", "valid_accuracy": "validation_accuracy"}
        shown = ("epoch", "train_loss", "train_accuracy", *names)
        self.curve_ = [
            {names.get(key, key): epoch[key] for key in shown if key in epoch}
            for epoch in net.history
        ]
        return self

    def predict(self, X: Any) -> Floats:
        """Predict labels, of the shape of those trained on."""
        check_is_fitted(self, "network_")
        clips = Sequences(X, None, self.recipe.max_frames, self.recipe.pool, self.moments_)
        rows = []
        with (
            own_randomness(self.seed, self.device),
            own_threads(),
            torch.inference_mode(),
        ):
            for given, _ in Batches(clips, self.recipe.batch_size):
                outputs = self.network_(**{k: v.to(self.device) for k, v in given.items()})
                rows.append(self._rows(outputs).double().cpu().numpy())
        predicted: Floats = np.concatenate(rows)
        if self.task is not Task.VA:
            predicted /= predicted.sum(axis=1, keepdims=True)
        return predicted

    def _rows(self, outputs: Tensor) -> Tensor:
        if self.task is not Task.VA:
            return outputs.softmax(dim=1)
        return normal(outputs) if self.loss == "kl" else outputs

    def _parts(self, labels: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Draw the clips kept back; of classes as many each, as they are most probable."""
        order = np.random.default_rng(self.seed).permutation(len(labels))
        count = int(self.recipe.validation * len(labels))
        if count < 1 or len(labels) - count < 2:
            return np.sort(order), order[:0]
        if self.task is not Task.VA:
            order = order[np.argsort(labels[order].argmax(axis=1), kind="stable")]
        chosen = np.zeros(len(labels), bool)
        chosen[order[np.linspace(0, len(labels), count, endpoint=False).astype(int)]] = True
        return np.flatnonzero(~chosen), np.flatnonzero(chosen)

    def _whole_parts(
        self, labels: Floats, known: TrainingRows
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Draw units to keep back; of classes about as many clips each, as they are most probable.

        One after the other, in an order drawn by the seed, a unit is kept back if that brings the
        clips kept back nearer to the wanted number of each class. Of copies none is kept back:
        where their original is, they are not used.
        """
        units, wanted = known.units, np.ones((len(labels), 1))
        if self.task is not Task.VA:
            wanted = np.eye(labels.shape[1])[labels.argmax(axis=1)]
        missing = self.recipe.validation * wanted.sum(axis=0)
        back = np.zeros(len(labels), bool)
        for unit in np.random.default_rng(self.seed).permutation(units.max() + 1):
            own = units == unit
            left = missing - wanted[own].sum(axis=0)
            if np.abs(left).sum() < np.abs(missing).sum() and (~back & ~own).sum() >= 2:
                back, missing = back | own, left
        return np.flatnonzero(~back), np.flatnonzero(back & known.original)

    def _net(self, clips: Sequences, kept_back: Sequences | None) -> NeuralNet:
        recipe = self.recipe
        start = self._bias(clips.Y.double().numpy()) if recipe.from_prior else None
        callbacks: list[Any] = [("finite", StopAtDivergence(self.name))]
        if self.task is not Task.VA:
            callbacks.append(("accuracy", Accuracy()))
        if recipe.clip_norm:
            callbacks.append(("clipping", GradientNormClipping(recipe.clip_norm)))
        return NeuralNet(
            Network,
            module__cell=self.cell,
            module__features=clips.width,
            module__bidirectional=self.bidirectional,
            module__recipe=recipe,
            module__outputs=clips.Y.shape[1],
            module__bias=start,
            criterion=self._criterion(),
            optimizer=torch.optim.AdamW,
            lr=recipe.learning_rate,
            max_epochs=recipe.epochs,
            batch_size=recipe.batch_size,
            iterator_train=Batches,
            iterator_train__seed=self.seed,
            iterator_valid=Batches,
            train_split=None if kept_back is None else predefined_split(kept_back),
            callbacks=callbacks,
            callbacks__print_log=None,
            device=self.device,
            verbose=0,
        )

    def _criterion(self) -> type[nn.Module]:
        if self.task is not Task.VA:
            return nn.CrossEntropyLoss
        return NormalDivergence if self.loss == "kl" else SummedSquaredError

    def _bias(self, labels: Floats) -> Tensor:
        """Outputs that predict one distribution for all training clips."""
        if self.task is not Task.VA:
            return torch.tensor(np.log((labels.sum(axis=0) + 1) / (len(labels) + labels.shape[1])))
        mean = labels.mean(axis=0)
        if self.loss == "kl":
            variance = (labels[:, 2:] ** 2).mean(axis=0) + labels[:, :2].var(axis=0)
            spread = np.maximum(np.sqrt(variance) - LEAST_STD, LEAST_STD)
            mean[2:] = np.log(np.expm1(spread))
        return torch.tensor(mean)
