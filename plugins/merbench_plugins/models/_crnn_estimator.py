"""The estimator behind `crnn`, and the optimizer that trains its network."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted
from skorch import NeuralNet

from merbench_plugins.models._checked import checked_labels
from merbench_plugins.models._crnn_architecture import Architecture
from merbench_plugins.models._crnn_clips import ClipOrder, LabelledImages
from merbench_plugins.models._crnn_network import ConvolutionalRecurrentNetwork
from merbench_plugins.models._training import (
    StopAtDivergence,
    SummedSquaredError,
    own_randomness,
    run_epochs,
)


class CrnnRegressor(RegressorMixin, BaseEstimator):
    """Trains a `ConvolutionalRecurrentNetwork`; parameters as in `Crnn`.

    Attributes
    ----------
    curve_
        One dict an epoch: `epoch`, counted from 1, and `train_loss`, the mean over its clips of
        the squared errors summed over the outputs.
    net_
        The fitted skorch net.
    """

    def __init__(
        self,
        architecture: Architecture,
        sequence: str,
        dropout: float,
        start: str,
        learning_rate: float,
        batch_size: int,
        epochs: int,
        steps_per_epoch: int | None,
        order: str,
        adam_step_offset: int,
        precision: str,
        seed: int,
        device: str,
    ) -> None:
        self.architecture = architecture
        self.sequence = sequence
        self.dropout = dropout
        self.start = start
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.steps_per_epoch = steps_per_epoch
        self.order = order
        self.adam_step_offset = adam_step_offset
        self.precision = precision
        self.seed = seed
        self.device = device

    def fit(self, X: Any, Y: NDArray[np.float64]) -> CrnnRegressor:
        """Train on clips: X[i] of shape (stems, bins, frames), Y of shape (n, 4)."""
        clips = LabelledImages(X, checked_labels(Y, len(X)), self.architecture.image)
        with own_randomness(self.seed, self.device):
            net = self._net(clips)
            net.initialize()
            run_epochs(net, clips)
        self.net_ = net
        self.curve_ = [
            {"epoch": epoch["epoch"], "train_loss": float(epoch["train_loss"])}
            for epoch in net.history
        ]
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Predict labels, shape (n, 4)."""
        check_is_fitted(self, "net_")
        clips = LabelledImages(X, None, self.architecture.image)
        with own_randomness(self.seed, self.device):
            prediction: NDArray[np.float64] = self.net_.predict(clips).astype(np.float64)
        return prediction

    def _net(self, clips: LabelledImages) -> NeuralNet:
        per_epoch = self.steps_per_epoch and self.steps_per_epoch * self.batch_size
        moments = clips.moments() if self.architecture.log_scale else None
        return NeuralNet(
            ConvolutionalRecurrentNetwork,
            module__architecture=self.architecture,
            module__shape=tuple(clips[0][0].shape),
            module__sequence=self.sequence,
            module__dropout=self.dropout,
            module__precision=self.precision,
            module__start=clips.Y.mean(dim=0) if self.start == "mean" else None,
            module__moments=moments,
            criterion=SummedSquaredError,
            optimizer=KerasAdam,
            optimizer__step_offset=self.adam_step_offset,
            lr=self.learning_rate,
            max_epochs=self.epochs,
            batch_size=self.batch_size,
            iterator_train__sampler=ClipOrder(len(clips), per_epoch, self.order, self.seed),
            train_split=None,
            callbacks=[("finite", StopAtDivergence("crnn"))],
            callbacks__print_log=None,
            device=self.device,
            verbose=0,
        )


class KerasAdam(torch.optim.Adam):
    """Adam as Keras computes it.

    Where torch adds epsilon to the root of the *corrected* second moment, Keras adds it to that
    of the raw one (Kingma and Ba 2015, end of section 2: "epsilon hat").

    Parameters
    ----------
    params
        What to optimise.
    lr
        Step size.
    step_offset
        Steps that the bias correction takes as already done, with both moments still zero.
    """

    EPSILON = 1e-7

    def __init__(self, params: Iterable[Any], lr: float, step_offset: int = 0) -> None:
        super().__init__(params, lr=lr, eps=self.EPSILON)
        for group in self.param_groups:
            group["steps"] = step_offset
            for parameter in group["params"]:
                if parameter.requires_grad:
                    self.state[parameter] = {
                        "step": torch.tensor(float(step_offset)),
                        "exp_avg": torch.zeros_like(parameter),
                        "exp_avg_sq": torch.zeros_like(parameter),
                    }

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step."""
        for group in self.param_groups:
            group["steps"] += 1
            group["eps"] = self.EPSILON / math.sqrt(1 - group["betas"][1] ** group["steps"])
        return super().step(closure)
