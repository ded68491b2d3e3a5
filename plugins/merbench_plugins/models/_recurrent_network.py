"""The networks behind the recurrent models, and the estimator that trains them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from skorch import NeuralNet
from skorch.callbacks import Callback, GradientNormClipping
from skorch.helper import predefined_split
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pad_packed_sequence,
    pad_sequence,
)
from torch.utils.data import Dataset

from merbench import MerbenchError, Task, threads
from merbench_plugins.models._checked import checked_labels
from merbench_plugins.models._classification import checked_shares
from merbench_plugins.models._inner_folds import TrainingRows
from merbench_plugins.models._training import StopAtDivergence, own_randomness

if TYPE_CHECKING:
    from merbench_plugins.models.recurrent import Cell, Recipe

Floats = NDArray[np.float64]
Frames = NDArray[np.float32]

LIMIT = 5.0
"""Standard deviations beyond which a feature standardised by column says no more."""

LEAST_STD = 1e-3
"""Smallest standard deviation that the network can predict, on the [0, 1] scale."""

BATCHES_SORTED = 8
"""Batches that are drawn together and sorted by length, so that little is padded."""


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
        with own_randomness(self.seed, self.device), _own_threads():
            net = self._net(clips.part(rest), clips.part(kept_back) if len(kept_back) else None)
            net.initialize()
            wanted = recipe.keep == "best" and len(kept_back)
            best = BestEpoch(recipe.patience) if wanted else None
            if best is not None:
                net.callbacks_.append(("best", best))
            # Not net.fit, which takes Ctrl-C for the wish to keep a half-trained network.
            net.notify("on_train_begin", X=None, y=None)
            with suppress(_EnoughError):
                net.fit_loop(clips.part(rest))
            net.notify("on_train_end", X=None, y=None)
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
            _own_threads(),
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
        return _normal(outputs) if self.loss == "kl" else outputs

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
        return NormalDivergence if self.loss == "kl" else SummedErrors

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


class Network(nn.Module):
    """A recurrent layer over a clip's steps, and dense layers over what it makes of them.

    Parameters
    ----------
    cell, bidirectional
        The recurrent layer.
    features
        Numbers in a step.
    recipe
        Sizes and the rest, see `recurrent.Recipe`.
    outputs
        Columns of a label.
    bias
        What the outputs lie around at first, shape (outputs,); None leaves that to chance.
    """

    def __init__(
        self,
        cell: Cell,
        features: int,
        bidirectional: bool,
        recipe: Recipe,
        outputs: int = 4,
        bias: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.readout = recipe.readout
        self.start = recipe.start
        self.recurrent = getattr(nn, cell)(
            features,
            recipe.hidden,
            recipe.layers,
            batch_first=True,
            bidirectional=bidirectional,
        )
        width = recipe.hidden * (2 if bidirectional else 1)
        head: list[nn.Module] = []
        for units in recipe.head:
            block = [nn.Linear(width, units), nn.BatchNorm1d(units), nn.ReLU()]
            dropout = nn.Dropout(recipe.dropout)
            head += [dropout, *block] if recipe.dropout_at == "start" else [*block, dropout]
            width = units
        output = nn.Linear(width, outputs)
        if bias is not None:
            output.bias.data.copy_(bias)
        self.head = nn.Sequential(*head, output)

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """Map clips to outputs of shape (n, outputs).

        Parameters
        ----------
        steps
            Shape (n, longest, features); what lies beyond a clip's length is never looked at.
        lengths
            Steps of each clip, shape (n,).
        """
        ragged = bool((lengths != steps.shape[1]).any())
        # What lies behind a clip's end cannot reach a layer that runs forward before it; one that
        # runs backward begins there. Torch is slow with packed clips.
        packed = ragged and self.recurrent.bidirectional
        given: Tensor | PackedSequence = steps
        if packed:
            given = pack_padded_sequence(
                steps, lengths.cpu(), batch_first=True, enforce_sorted=False
            )
        outputs, state = self.recurrent(given, self._first_state(steps))
        if packed:
            outputs, _ = pad_packed_sequence(outputs, batch_first=True)
        if self.readout == "mean":
            if ragged:
                inside = torch.arange(outputs.shape[1], device=steps.device) < lengths[:, None]
                outputs = outputs.where(inside[:, :, None], 0.0)
            summary = outputs.sum(dim=1) / lengths.to(outputs)[:, None]
        elif self.recurrent.bidirectional:
            hidden = state[0] if isinstance(state, tuple) else state
            summary = hidden[-2:].transpose(0, 1).flatten(1)
        else:
            summary = outputs[torch.arange(len(steps), device=steps.device), lengths - 1]
        result: Tensor = self.head(summary)
        return result

    def _first_state(self, steps: Tensor) -> Any:
        if self.start == "zero":
            return None
        layer = self.recurrent
        layers = layer.num_layers * (2 if layer.bidirectional else 1)
        shape = (layers, len(steps), layer.hidden_size)
        hidden = torch.rand(shape, device=steps.device)
        if isinstance(layer, nn.LSTM):
            return hidden, torch.rand(shape, device=steps.device)
        return hidden


def count_parameters(cell: Cell, features: int, bidirectional: bool, recipe: Recipe) -> int:
    """Count the trainable parameters of a network for steps of so many features."""
    with torch.device("meta"):
        network = Network(cell, features, bidirectional, recipe)
    return sum(p.numel() for p in network.parameters())


# Losses -----------------------------------------------------------------------------------------


def _normal(outputs: Tensor) -> Tensor:
    """Turn outputs into means and positive standard deviations, shape (n, 4)."""
    return torch.cat([outputs[:, :2], functional.softplus(outputs[:, 2:]) + LEAST_STD], dim=1)


class NormalDivergence(nn.Module):
    """KL[P_truth || Q_predicted] of Nguyen et al. 2022, Equation 1, mean over the batch."""

    def forward(self, outputs: Tensor, truth: Tensor) -> Tensor:
        """Return the loss of one batch, both of shape (n, 4)."""
        rows = _normal(outputs)
        ratio = truth[:, 2:] / rows[:, 2:]
        error = (rows[:, :2] - truth[:, :2]) / rows[:, 2:]
        terms = error.square() + ratio.square() - 1 - 2 * ratio.clamp_min(1e-6).log()
        return terms.sum() / (2 * len(truth))


class SummedErrors(nn.Module):
    """Squared errors summed over the columns, mean over the batch."""

    def forward(self, outputs: Tensor, truth: Tensor) -> Tensor:
        """Return the loss of one batch, both of shape (n, 4)."""
        return (outputs - truth).square().sum() / len(truth)


# Training ---------------------------------------------------------------------------------------


class _EnoughError(Exception):
    """Ends training early."""


class BestEpoch(Callback):
    """Remembers the weights of least validation loss, and ends training without a lower one.

    Parameters
    ----------
    patience
        Epochs to wait for a lower loss.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.least = np.inf
        self.epoch = 0
        self.weights: dict[str, Any] = {}

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        """Look at the epoch just ended."""
        epoch = net.history[-1]
        if epoch["valid_loss"] < self.least or not self.weights:
            self.least, self.epoch = epoch["valid_loss"], epoch["epoch"]
            self.weights = copy.deepcopy(net.module_.state_dict())
        elif epoch["epoch"] - self.epoch >= self.patience:
            raise _EnoughError


class Accuracy(Callback):
    """Records the share of clips whose most probable class is the predicted one."""

    def on_epoch_begin(self, net: NeuralNet, **_: Any) -> None:
        """Begin to count."""
        self.counts = {True: [0, 0], False: [0, 0]}

    def on_batch_end(
        self, net: NeuralNet, batch: Any, training: bool, y_pred: Tensor, **_: Any
    ) -> None:
        """Count a batch's clips."""
        truth = batch[1].argmax(dim=1)
        count = self.counts[training]
        count[0] += int((y_pred.argmax(dim=1).cpu() == truth).sum())
        count[1] += len(truth)

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        """Put the epoch's shares into the history."""
        for training, (right, total) in self.counts.items():
            if total:
                net.history.record(f"{'train' if training else 'valid'}_accuracy", right / total)


@contextmanager
def _own_threads() -> Iterator[None]:
    """Use the threads that merbench may use, and leave torch's setting as it was."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads.available())
    try:
        yield
    finally:
        torch.set_num_threads(before)


# Clips ------------------------------------------------------------------------------------------


class Moments(NamedTuple):
    """What steps are standardised by; each of shape (d,)."""

    mean: Frames
    deviation: Frames
    limit: float | None
    """Standard deviations beyond which values are cut."""

    def __call__(self, steps: Frames) -> Frames:
        """Standardise steps of shape (n, d)."""
        scaled: Frames = (steps - self.mean) / self.deviation
        return scaled if self.limit is None else scaled.clip(-self.limit, self.limit)


class Sequences(Dataset[tuple[Tensor, Tensor]]):
    """Clips' steps, each with its label.

    Steps are read whenever they are asked for, but if frames are averaged into few of them: these
    are made once and kept.

    Parameters
    ----------
    X
        Array-like of n clips, X[i] of shape (frames, d), possibly mapped from disk.
    Y
        Labels, shape (n, columns); None while predicting.
    max_frames
        Frames used of each.
    pool
        Frames averaged into a step; the last step of a clip may have fewer.
    moments
        What steps are standardised by; None leaves them as they are.
    """

    def __init__(
        self,
        X: Any,
        Y: Floats | None,
        max_frames: int,
        pool: int,
        moments: Moments | None = None,
    ) -> None:
        labels = np.zeros((len(X), 1)) if Y is None else Y
        self.Y = torch.tensor(labels, dtype=torch.float32)
        self.X = X
        self.rows = np.arange(len(X))
        self.max_frames = max_frames
        self.pool = pool
        self.moments = moments
        self.width = int(X.shape[-1]) if hasattr(X, "shape") else int(X[0].shape[-1])
        # Lengths are asked for before any batch is read; averaged steps are few enough to keep.
        self.kept = [self._read(row) for row in self.rows] if pool > 1 else None
        self.lengths = np.array(
            [min(len(X[row]), max_frames) for row in range(len(X))]
            if self.kept is None
            else [len(steps) for steps in self.kept]
        )
        if not self.lengths.all():
            raise MerbenchError(
                f"clip {int(self.lengths.argmin())} (counted from 0) has no frame; leave it out"
            )

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, item: int) -> tuple[Tensor, Tensor]:
        row = self.rows[item]
        steps = self._read(row) if self.kept is None else self.kept[row]
        if self.moments is not None:
            steps = self.moments(steps)
        return torch.from_numpy(np.ascontiguousarray(steps)), self.Y[item]

    def length(self, items: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the number of steps of some clips."""
        lengths: NDArray[np.intp] = self.lengths[self.rows[items]]
        return lengths

    def part(self, items: NDArray[np.intp]) -> Sequences:
        """Return some of the clips."""
        some = copy.copy(self)
        some.rows, some.Y = self.rows[items], self.Y[torch.from_numpy(items)]
        return some

    def standardise(self, *, by_column: bool) -> Moments:
        """Standardise by the moments of all steps, which are returned."""
        total = 0
        mean, squares = np.zeros(self.width), np.zeros(self.width)
        for row in self.rows:
            steps = (self._read(row) if self.kept is None else self.kept[row]).astype(np.float64)
            # Sums of squares about the mean, merged: Chan et al., The American Statistician 37.
            count = total + len(steps)
            shift = steps.mean(axis=0) - mean
            squares += ((steps - steps.mean(axis=0)) ** 2).sum(axis=0)
            squares += shift**2 * total * len(steps) / count
            mean += shift * len(steps) / count
            total = count
        variance = squares / total
        if not by_column:
            variance = np.full(self.width, (variance + mean**2).mean() - mean.mean() ** 2)
            mean = np.full(self.width, mean.mean())
        deviation = np.sqrt(np.maximum(variance, 0))
        # A feature never seen to vary says nothing, whatever it does in a test clip.
        deviation[deviation <= 1e-9 * np.abs(mean)] = np.inf
        limit = LIMIT if by_column else None
        moments = Moments(mean.astype(np.float32), deviation.astype(np.float32), limit)
        if self.kept is not None:
            self.kept = [moments(steps) for steps in self.kept]
        else:
            self.moments = moments
        return moments

    def _read(self, row: Any) -> Frames:
        frames: Frames = np.asarray(self.X[int(row)][: self.max_frames], dtype=np.float32)
        if self.pool == 1:
            return frames
        starts = np.arange(0, len(frames), self.pool)
        counts = np.diff(np.append(starts, len(frames)))[:, np.newaxis]
        # In float64, so that a constant stays one.
        sums = np.add.reduceat(frames, starts, axis=0, dtype=np.float64)
        averaged: Frames = (sums / counts).astype(np.float32)
        return averaged


class Batches:
    """Batches of clips, padded to their longest: ({steps, lengths}, labels).

    Parameters
    ----------
    clips
        What they are made of.
    batch_size
        Clips in each; none is left with a single one, which could not be normalised.
    seed
        Of their order: drawn anew for each pass, clips of like length together. None takes the
        clips as they come.
    """

    def __init__(self, clips: Sequences, batch_size: int, seed: int | None = None) -> None:
        self.clips = clips
        self.batch_size = batch_size
        self.rng = None if seed is None else np.random.default_rng(seed)

    def __iter__(self) -> Iterator[tuple[dict[str, Tensor], Tensor]]:
        for items in self.order():
            steps, labels = zip(*(self.clips[item] for item in items), strict=True)
            lengths = torch.tensor([len(sequence) for sequence in steps])
            alike = bool((lengths == lengths[0]).all())
            padded = torch.stack(steps) if alike else pad_sequence(list(steps), batch_first=True)
            yield {"steps": padded, "lengths": lengths}, torch.stack(labels)

    def order(self) -> list[NDArray[np.intp]]:
        """Return the items of each batch, for one pass."""
        items = np.arange(len(self.clips))
        if self.rng is None:
            return self._cut(items)
        items = self.rng.permutation(items)
        size = BATCHES_SORTED * self.batch_size
        for first in range(0, len(items), size):
            some = items[first : first + size]
            items[first : first + size] = some[np.argsort(self.clips.length(some), kind="stable")]
        batches = self._cut(items)
        return [batches[i] for i in self.rng.permutation(len(batches))]

    def _cut(self, items: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        firsts = list(range(0, len(items), self.batch_size))
        if len(firsts) > 1 and len(items) - firsts[-1] == 1:
            firsts.pop()
        return np.split(items, firsts[1:])
