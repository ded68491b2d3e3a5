"""What the training of every network keeps to: its own chance, and an end where it diverges."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback

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
