"""The one way in which networks of rows are trained: skorch, on rows that are read when needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNet
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from merbench_plugins.models._training import (
    Accuracy,
    EnoughError,
    StopAtDivergence,
    own_randomness,
    own_threads,
    run_epochs,
)

Frames: TypeAlias = NDArray[np.float32]
Reader: TypeAlias = Callable[[Any], Frames]
"""Turns a row as it is stored into what a network is given."""


@dataclass(frozen=True)
class Stage:
    """Some epochs with one optimizer.

    Parameters
    ----------
    optimizer
        sgd: stochastic gradient descent, without momentum. nesterov: with Nesterov's of 0.9. adam:
        with Keras's epsilon of 1e-7.
    learning_rate
        Step size.
    epochs
        How many.
    """

    optimizer: Literal["sgd", "nesterov", "adam"]
    learning_rate: float
    epochs: int


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Parameters
    ----------
    stages
        One after the other.
    batch_size
        Rows in a batch.
    stop_at
        Accuracy on the training rows, as they were predicted while weights changed, at which
        training ends; None runs all epochs.
    weight_decay
        Penalty on squared weights, as the optimizers have it.
    """

    stages: tuple[Stage, ...]
    batch_size: int
    stop_at: float | None = None
    weight_decay: float = 0.0

    @classmethod
    def of(
        cls, optimizer: Literal["sgd", "adam"], rate: float, epochs: int, batch: int, **more: Any
    ) -> Recipe:
        """Return a recipe of one stage."""
        return cls((Stage(optimizer, rate, epochs),), batch, **more)


class Rows(Dataset[tuple[Any, Tensor]]):
    """Rows of one or several inputs, each with its target.

    Parameters
    ----------
    inputs
        Array-likes of n rows, possibly mapped from disk; a network of several is given a tuple.
    targets
        Shape (n, columns); None where a row is its own target, or nothing is trained.
    readers
        One an input.
    keep
        Whether what readers return is small enough to be made once.
    """

    def __init__(
        self,
        inputs: Sequence[Any],
        targets: NDArray[Any] | None,
        readers: Sequence[Reader],
        *,
        keep: bool = False,
    ) -> None:
        self.targets = None if targets is None else torch.as_tensor(targets, dtype=torch.float32)
        self.inputs, self.readers = inputs, readers
        self.kept = [self._read(row) for row in range(len(self))] if keep else None

    def __len__(self) -> int:
        return len(self.inputs[0])

    def __getitem__(self, row: int) -> tuple[Any, Tensor]:
        given = self._read(row) if self.kept is None else self.kept[row]
        target = given[0] if self.targets is None else self.targets[row]
        return (given[0] if len(given) == 1 else given), target

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the first input of a row."""
        return tuple(self._read(0)[0].shape)

    def _read(self, row: int) -> tuple[Tensor, ...]:
        return tuple(
            torch.from_numpy(np.ascontiguousarray(read(rows[row]), dtype=np.float32))
            for rows, read in zip(self.inputs, self.readers, strict=True)
        )


class Batches:
    """Batches of rows, in an order drawn anew for each pass, or as they come.

    Parameters
    ----------
    rows
        What they are made of.
    batch_size
        Rows in each; none is left with a single one, which could not be normalised.
    seed
        Of the order, as `numpy.random.default_rng` takes it; None takes rows as they come.
    """

    def __init__(self, rows: Rows, batch_size: int, seed: Any = None) -> None:
        self.rows, self.batch_size = rows, batch_size
        self.rng = None if seed is None else np.random.default_rng(seed)

    def __iter__(self) -> Iterator[tuple[Any, Tensor]]:
        order = np.arange(len(self.rows))
        if self.rng is not None:
            order = self.rng.permutation(order)
        firsts = list(range(0, len(order), self.batch_size))
        if len(firsts) > 1 and len(order) - firsts[-1] == 1:
            firsts.pop()
        for some in np.split(order, firsts[1:]):
            yield torch.utils.data.default_collate([self.rows[int(row)] for row in some])


def train(
    network: nn.Module,
    rows: Rows,
    criterion: type[nn.Module],
    recipe: Recipe,
    *,
    name: str,
    seed: int,
    device: str,
) -> list[dict[str, float]]:
    """Train a network in place, and leave it ready to predict.

    Parameters
    ----------
    network
        What is trained; its initial weights are drawn already.
    rows
        What it is trained on.
    criterion
        Loss of its outputs and targets.
    recipe
        How.
    name
        What errors call it.
    seed, device
        Where chance comes from, and where it works.

    Returns
    -------
    list
        One dict an epoch: `epoch`, `train_loss`, and for classes `train_accuracy`.

    Raises
    ------
    MerbenchError
        A loss is not finite.
    """
    until = UntilAccurate(recipe.stop_at)
    callbacks: list[Any] = [("finite", StopAtDivergence(name))]
    if rows.targets is not None:
        callbacks.append(("accuracy", until))
    epochs: list[Any] = []
    with own_randomness(seed, device), own_threads():
        for number, stage in enumerate(recipe.stages):
            net = NeuralNet(
                network,
                criterion=criterion,
                lr=stage.learning_rate,
                max_epochs=stage.epochs,
                batch_size=recipe.batch_size,
                iterator_train=Batches,
                iterator_train__seed=[seed, number],
                train_split=None,
                callbacks=callbacks,
                callbacks__print_log=None,
                device=device,
                verbose=0,
                optimizer__weight_decay=recipe.weight_decay,
                **_OPTIMIZERS[stage.optimizer],
            ).initialize()
            run_epochs(net, rows)
            epochs += net.history
            if until.reached:
                break
    network.eval()
    shown = ("train_loss", "train_accuracy")
    return [
        {"epoch": number} | {key: epoch[key] for key in shown if key in epoch}
        for number, epoch in enumerate(epochs, start=1)
    ]


_OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {"optimizer": torch.optim.SGD},
    "nesterov": {
        "optimizer": torch.optim.SGD, "optimizer__momentum": 0.9, "optimizer__nesterov": True,
    },
    "adam": {"optimizer": torch.optim.Adam, "optimizer__eps": 1e-7},
}  # fmt: skip


def outputs(
    network: Callable[[Any], Tensor], rows: Rows, batch_size: int, device: str
) -> NDArray[np.float64]:
    """Return what a network says of each row, batch by batch, in double precision."""
    found = []
    with own_threads(), torch.inference_mode():
        for given, _ in Batches(rows, batch_size):
            moved = [x.to(device) for x in given] if isinstance(given, list) else given.to(device)
            found.append(network(moved).double().cpu().numpy())
    return np.concatenate(found)


class UntilAccurate(Accuracy):
    """Records the share of rows that were right while weights changed, and ends training there.

    Parameters
    ----------
    enough
        Share at which training ends, at the end of an epoch, as Keras counts it; None never.
    """

    def __init__(self, enough: float | None) -> None:
        self.enough = enough
        self.reached = False

    def on_epoch_end(self, net: NeuralNet, **settings: Any) -> None:
        """Record the share, and stop where it is enough."""
        super().on_epoch_end(net, **settings)
        if self.enough is not None and net.history[-1]["train_accuracy"] >= self.enough:
            self.reached = True
            raise EnoughError


class TwiceSoftmax(nn.Module):
    """Cross-entropy of what is made probabilities twice, as Louro et al. 2024 train method 15."""

    def forward(self, scores: Tensor, shares: Tensor) -> Tensor:
        """Return the loss of one batch, both of shape (n, classes)."""
        return functional.cross_entropy(scores.softmax(dim=1), shares)
