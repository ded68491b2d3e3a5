"""What the training of networks shares: its chance and threads, its epochs, and what ends it."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from torch import Tensor, nn

from merbench import MerbenchError, threads


@contextmanager
def own_randomness(seed: int, device: str) -> Iterator[None]:
    """Draw all chance from the seed, and leave torch's global state as it was."""
    where = torch.device(device)
    cuda = [where.index or 0] if where.type == "cuda" else []
    with (
        torch.random.fork_rng(devices=cuda),
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True),
    ):
        torch.manual_seed(seed)
        yield


def run_epochs(net: NeuralNet, clips: Any) -> None:
    """Train an initialised net on clips, until its epochs are over or a callback has enough.

    skorch's own `fit` takes Ctrl-C for the wish to keep a half-trained network.
    """
    net.notify("on_train_begin", X=clips, y=None)
    with suppress(EnoughError):
        net.fit_loop(clips)
    net.notify("on_train_end", X=clips, y=None)


class EnoughError(Exception):
    """Ends training early; raised by callbacks."""


class SummedSquaredError(nn.Module):
    """Squared errors summed over the outputs and averaged over the batch."""

    def forward(self, outputs: Tensor, truth: Tensor) -> Tensor:
        """Return the loss of one batch, both of shape (n, columns)."""
        return (outputs - truth).square().sum() / len(truth)


class BestEpoch(Callback):
    """Remembers the weights of least validation loss, and ends training without a lower one.

    Parameters
    ----------
    patience
        Epochs to wait for a lower loss.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.least = math.inf
        self.epoch = 0
        self.weights: dict[str, Any] = {}

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        """Look at the epoch just ended."""
        epoch = net.history[-1]
        if epoch["valid_loss"] < self.least or not self.weights:
            self.least, self.epoch = epoch["valid_loss"], epoch["epoch"]
            self.weights = copy.deepcopy(net.module_.state_dict())
        elif epoch["epoch"] - self.epoch >= self.patience:
            raise EnoughError


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


class StopAtDivergence(Callback):
    """Ends training at the first loss that is not finite.

    Parameters
    ----------
    model
        What the error calls the network.
    """

    def __init__(self, model: str) -> None:
        self.model = model

    def on_batch_end(self, net: NeuralNet, training: bool = False, **_: Any) -> None:
        """Check the batch just trained on."""
        if not training:
            return
        epoch = net.history[-1]
        loss = epoch["batches"][-1]["train_loss"]
        if not math.isfinite(loss):
            raise MerbenchError(
                f"{self.model}: training diverged in epoch {epoch['epoch']} (loss {loss}); lower "
                f"learning_rate ({net.lr:g}) or check the labels and features for extreme values"
            )


@contextmanager
def own_threads() -> Iterator[None]:
    """Use the threads that merbench may use, and leave torch's setting as it was."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads.available())
    try:
        yield
    finally:
        torch.set_num_threads(before)
