"""The network behind `crnn`, and the estimator that trains it; imported when one is fitted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted
from skorch import NeuralNet
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset, Sampler

from merbench import MerbenchError
from merbench_plugins.models._checked import checked_labels
from merbench_plugins.models._training import StopAtDivergence, own_randomness

if TYPE_CHECKING:
    from merbench_plugins.models.crnn import Architecture

OUTPUTS = 4


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
        clips = Clips(X, checked_labels(Y, len(X)), self.architecture.image)
        with own_randomness(self.seed, self.device):
            net = self._net(clips)
            net.initialize()
            # Not net.fit, which takes Ctrl-C for the wish to keep a half-trained network.
            net.notify("on_train_begin", X=clips, y=None)
            net.fit_loop(clips)
            net.notify("on_train_end", X=clips, y=None)
        self.net_ = net
        self.curve_ = [
            {"epoch": epoch["epoch"], "train_loss": float(epoch["train_loss"])}
            for epoch in net.history
        ]
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Predict labels, shape (n, 4)."""
        check_is_fitted(self, "net_")
        clips = Clips(X, None, self.architecture.image)
        with own_randomness(self.seed, self.device):
            prediction: NDArray[np.float64] = self.net_.predict(clips).astype(np.float64)
        return prediction

    def _net(self, clips: Clips) -> NeuralNet:
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


class ConvolutionalRecurrentNetwork(nn.Module):
    """Blocks of convolutions, LSTMs over their output, dense layers.

    A block is a k x k and a 1 x 1 convolution without padding, each followed by ReLU, then 2 x 2
    maximum pooling and dropout. Weights start as Keras starts them: Glorot uniform, orthogonal
    between an LSTM's states, biases zero but one for forget gates.

    Parameters
    ----------
    architecture
        Sizes of the layers.
    shape
        (stems, bins, frames) of an image, averaged down already where the architecture says so.
    sequence
        "channels": the LSTM's steps are the convolutions' channels, time frames their features.
        "time": the other way round.
    dropout
        Share of values dropped at the end of a block.
    precision
        "bfloat16" runs the layers under autocast.
    start
        What the outputs lie around at first, shape (4,); None means zero.
    moments
        Mean and standard deviation that log-scaled images are standardised by; None takes
        magnitudes as they are.
    """

    def __init__(
        self,
        architecture: Architecture,
        shape: tuple[int, int, int],
        sequence: str,
        dropout: float = 0.1,
        precision: str = "float32",
        start: Tensor | None = None,
        moments: tuple[float, float] | None = None,
    ) -> None:
        super().__init__()
        self.sequence = sequence
        self.precision = precision
        self.moments = moments
        channels, bins, frames = shape
        blocks: list[nn.Module] = []
        for kernel, filters, reduced in architecture.blocks:
            blocks += [
                nn.Conv2d(channels, filters, kernel),
                nn.ReLU(),
                nn.Conv2d(filters, reduced, 1),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Dropout(dropout),
            ]
            channels, bins, frames = reduced, (bins - kernel + 1) // 2, (frames - kernel + 1) // 2
        if min(bins, frames) < 1:
            raise MerbenchError(
                f"crnn: images of {shape[1]} bins x {shape[2]} frames are too small for its "
                f"{len(architecture.blocks)} blocks; use a longer or finer spectrogram, or "
                "preset: small"
            )
        self.convolutions = nn.Sequential(*blocks)
        features = frames if sequence == "channels" else channels * bins
        lstms: list[nn.Module] = []
        for units in architecture.lstm:
            lstms.append(nn.LSTM(features, units, batch_first=True))
            features = units
        self.recurrent = nn.ModuleList(lstms)
        dense: list[nn.Module] = []
        for units in architecture.dense:
            dense += [nn.Linear(features, units), nn.ReLU()]
            features = units
        output = nn.Linear(features, OUTPUTS)
        self.dense = nn.Sequential(*dense, output)
        self.apply(_initialise)
        if start is not None:
            output.bias.data.copy_(start)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> Tensor:
        """Map images of shape (n, stems, bins, frames) to outputs of shape (n, 4)."""
        if self.moments is not None:
            mean, deviation = self.moments
            images = (_log_scale(images) - mean) / deviation
        with self._autocast(images.device):
            maps = self.convolutions(images.contiguous(memory_format=torch.channels_last))
            steps = maps.flatten(1, 2)
            if self.sequence == "time":
                steps = steps.transpose(1, 2)
            for lstm in self.recurrent:
                steps, _ = lstm(steps)
            output: Tensor = self.dense(steps[:, -1])
        return output.float()

    def _autocast(self, device: torch.device) -> AbstractContextManager[Any]:
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(device.type, torch.bfloat16)


def _initialise(layer: nn.Module) -> None:
    """Set a layer's weights as Keras does."""
    parameters = dict(layer.named_parameters(recurse=False))
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(parameters["weight"])
        nn.init.zeros_(parameters["bias"])
    elif isinstance(layer, nn.LSTM):
        nn.init.xavier_uniform_(parameters["weight_ih_l0"])
        nn.init.orthogonal_(parameters["weight_hh_l0"])
        nn.init.zeros_(parameters["bias_ih_l0"])
        forget_gate = slice(layer.hidden_size, 2 * layer.hidden_size)
        nn.init.ones_(parameters["bias_ih_l0"][forget_gate])
        # Torch adds two biases where Keras has one.
        nn.init.zeros_(parameters["bias_hh_l0"]).requires_grad_(False)


def count_parameters(architecture: Architecture, shape: tuple[int, int, int], sequence: str) -> int:
    """Count the trainable parameters of a network for images of (stems, bins, frames)."""
    if architecture.image is not None:
        shape = (shape[0], *architecture.image)
    with torch.device("meta"):
        network = ConvolutionalRecurrentNetwork(architecture, shape, sequence)
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


class SummedSquaredError(nn.Module):
    """Squared errors summed over the outputs and averaged over the batch."""

    def forward(self, prediction: Tensor, truth: Tensor) -> Tensor:
        """Return the loss of one batch, both of shape (n, 4)."""
        return (prediction - truth).square().sum() / len(truth)


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


class Clips(Dataset[tuple[Tensor, Tensor]]):
    """Images read when asked for, each with its label.

    Parameters
    ----------
    X
        Array-like of n clips, X[i] of shape (stems, bins, frames), possibly mapped from disk.
    Y
        Labels, shape (n, 4); None while predicting.
    image
        Bins and frames to average images down to. Such small ones are made once and kept.
    """

    def __init__(
        self, X: Any, Y: NDArray[np.float64] | None, image: tuple[int, int] | None
    ) -> None:
        labels = np.zeros((len(X), OUTPUTS)) if Y is None else Y
        self.Y = torch.tensor(labels, dtype=torch.float32)
        self.X = X
        if image is not None:
            self.X = [
                functional.adaptive_avg_pool2d(_tensor(X[clip]), image) for clip in range(len(X))
            ]

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, clip: int) -> tuple[Tensor, Tensor]:
        return _tensor(self.X[clip]), self.Y[clip]

    def moments(self) -> tuple[float, float]:
        """Return the mean and standard deviation of all log-scaled values."""
        mean = square = 0.0
        for clip in range(len(self)):
            values = _log_scale(self[clip][0]).double()
            mean += values.mean().item() / len(self)
            square += values.square().mean().item() / len(self)
        return mean, math.sqrt(max(square - mean**2, 1e-12))


def _log_scale(magnitude: Tensor) -> Tensor:
    """Bring magnitudes to log(1 + 100 x), which a full-scale sine takes to about 9."""
    return torch.log1p(100 * magnitude)


def _tensor(image: Any) -> Tensor:
    """Copy one image out of wherever it lies."""
    if isinstance(image, Tensor):
        return image
    return torch.from_numpy(np.array(image, dtype=np.float32))


class ClipOrder(Sampler[int]):
    """Order in which clips are trained on: pass after pass, cut into epochs.

    Parameters
    ----------
    clips
        Number of clips.
    per_epoch
        Clips in an epoch; what a pass has left over begins the next epoch. None: a pass is an
        epoch.
    order
        "shuffled": each pass has a permutation of its own. "fixed": all have the same one.
        "as-given": clips come as they lie.
    seed
        Where permutations come from.
    """

    def __init__(self, clips: int, per_epoch: int | None, order: str, seed: int) -> None:
        self.clips = clips
        self.per_epoch = per_epoch or clips
        self.shuffled = order == "shuffled"
        self.rng = np.random.default_rng(seed)
        self.order = np.arange(clips) if order == "as-given" else self.rng.permutation(clips)
        self.left = self.order.tolist()

    def __len__(self) -> int:
        return self.per_epoch

    def __iter__(self) -> Iterator[int]:
        for _ in range(self.per_epoch):
            if not self.left:
                if self.shuffled:
                    self.order = self.rng.permutation(self.clips)
                self.left = self.order.tolist()
            yield self.left.pop(0)
