"""MusiCNN and VGG, the taggers of Pons and Serra (2019), in torch.

Layers stand in the order in which the original graphs make them, which is how TensorFlow numbers
their variables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from merbench import MerbenchError
from merbench_plugins.checkpoints import Checkpoint, open_checkpoint, require
from merbench_plugins.checkpoints.tensorflow import INDEX_SUFFIX, TensorFlowCheckpoint
from merbench_plugins.checkpoints.tensorflow_graph import META_SUFFIX, Pool, max_pools

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

BANDS = 96
"""Mel bands of a patch."""
FRAMES = 187
"""Frames of a patch, 3 s."""
TAGS = 50
_VGG_LAYERS = 5

_EPSILON = 1e-3
"""Of batch normalisation, TensorFlow's default; torch has 1e-5."""

_NORM = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


class _Convolved(nn.Module):
    """A convolution, ReLU, then batch normalisation, of an input (batch, channels, frames)."""

    def __init__(self, channels: int, filters: int, width: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(channels, filters, width, padding=width // 2)
        self.norm = nn.BatchNorm1d(filters, _EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(self.convolution(x).relu())
        return normed


class _LoudestBand(nn.Module):
    """Filters of patches (batch, 1, frames, bands), and of each the maximum over its bands."""

    def __init__(self, filters: int, kernel: tuple[int, int]) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, filters, kernel)
        # Frames are kept; where their number in the kernel is even, one more is added behind.
        self.beyond = (0, 0, (kernel[0] - 1) // 2, kernel[0] // 2)
        self.norm = nn.BatchNorm1d(filters, _EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        heard = self.convolution(functional.pad(x, self.beyond))
        # ReLU and normalisation are monotone for each filter, so that of all bands they need only
        # be computed of the loudest; or of the least, where normalisation falls.
        chosen = heard.amax(-1)
        falls = self.norm.weight < 0
        chosen[:, falls] = heard[:, falls].amin(-1)
        normed: Tensor = self.norm(chosen.relu())
        return normed


class Musicnn(nn.Module):
    """MusiCNN: filters as wide as timbres or as long as rhythms, then three dense convolutions."""

    FILTERS = 64
    UNITS = 200
    POOLED = 2 * (2 * 204 + 3 * 51 + 3 * FILTERS)

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1, _EPSILON)
        self.timbral = nn.ModuleList(
            _LoudestBand(204, (7, bands)) for bands in (int(0.4 * BANDS), int(0.7 * BANDS))
        )
        self.temporal = nn.ModuleList(_LoudestBand(51, (frames, 1)) for frames in (128, 64, 32))
        channels = 2 * 204 + 3 * 51
        self.dense = nn.ModuleList(
            _Convolved(given, self.FILTERS, 7) for given in (channels, self.FILTERS, self.FILTERS)
        )
        self.pooled_norm = nn.BatchNorm1d(self.POOLED, _EPSILON)
        self.penultimate = nn.Linear(self.POOLED, self.UNITS)
        self.penultimate_norm = nn.BatchNorm1d(self.UNITS, _EPSILON)
        self.tags = nn.Linear(self.UNITS, TAGS)

    def forward(self, patches: Tensor) -> dict[str, Tensor]:
        """Hear patches.

        Parameters
        ----------
        patches
            Log-mel, shape (batch, frames, 96).

        Returns
        -------
        dict
            `tags` (batch, 50), probabilities; `dense` (batch, 200), the layer before that of the
            tags, without its ReLU; `pooled` (batch, 1506), the maximum and the mean over time of
            each filter.
        """
        x = self.norm(patches[:, None])
        heard = torch.cat([filters(x) for filters in (*self.timbral, *self.temporal)], dim=1)
        layers = [heard]
        for number, layer in enumerate(self.dense):
            convolved = layer(layers[-1])
            layers.append(convolved + layers[-1] if number else convolved)
        every = torch.cat(layers, dim=1)
        pooled = torch.stack([every.amax(-1), every.mean(-1)], dim=-1).flatten(1)
        dense = self.penultimate(self.pooled_norm(pooled))
        tags = self.tags(self.penultimate_norm(dense.relu()))
        return {"tags": tags.sigmoid(), "dense": dense, "pooled": pooled}

    def named(self) -> Iterator[tuple[nn.Module, str]]:
        """Yield each layer with the name of its variables."""
        convolved = [*self.timbral, *self.temporal, *self.dense]
        norms: list[nn.Module] = [self.norm, *(block.norm for block in convolved)]
        norms += [self.pooled_norm, self.penultimate_norm]
        yield from _numbered("conv2d", [block.convolution for block in convolved])
        yield from _numbered("batch_normalization", norms)
        yield from _numbered("dense", [self.penultimate, self.tags])


class Vgg(nn.Module):
    """The VGG beside it: five convolutions of 3 x 3 with 128 filters.

    Parameters
    ----------
    pools
        What follows each convolution, over (frames, bands). The two checkpoints were trained with
        different ones, as the graphs say that are stored beside them.
    """

    FILTERS = 128

    def __init__(self, pools: Sequence[Pool]) -> None:
        super().__init__()
        self.pools = tuple(pools)
        self.norm = nn.BatchNorm2d(1, _EPSILON)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(self.FILTERS if number else 1, self.FILTERS, 3, padding=1)
            for number in range(_VGG_LAYERS)
        )
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(self.FILTERS, _EPSILON) for _ in range(_VGG_LAYERS)
        )
        self.tags = nn.Linear(2 * self.FILTERS, TAGS)

    def forward(self, patches: Tensor) -> dict[str, Tensor]:
        """Hear patches.

        Parameters
        ----------
        patches
            Log-mel, shape (batch, 187, 96).

        Returns
        -------
        dict
            `tags` (batch, 50), probabilities; `pooled` (batch, 256), what the layer of tags is
            given.
        """
        x = self.norm(patches[:, None])
        for convolution, norm, pool in zip(self.convolutions, self.norms, self.pools, strict=True):
            x = functional.max_pool2d(norm(convolution(x).relu()), pool.size, pool.stride)
        # TensorFlow has channels last.
        pooled = x.permute(0, 2, 3, 1).flatten(1)
        return {"tags": self.tags(pooled).sigmoid(), "pooled": pooled}

    def named(self) -> Iterator[tuple[nn.Module, str]]:
        """Yield each layer with the name of its variables."""
        for number, convolution in enumerate(self.convolutions, 1):
            yield convolution, f"{number}CNN"
        yield from _numbered("batch_normalization", [self.norm, *self.norms])
        yield self.tags, "dense"


def open_network(path: Path) -> Musicnn | Vgg:
    """Load a checkpoint; which of the two networks it is, its variables say.

    Raises
    ------
    MerbenchError
        It cannot be read, or is that of another network.
    """
    checkpoint = open_checkpoint(path)
    # Layers draw weights when they are made, which the checkpoint's then replace.
    with torch.random.fork_rng(devices=[]):
        vgg = "1CNN/kernel" in checkpoint.shapes
        network = Vgg(_vgg_pools(checkpoint, path)) if vgg else Musicnn()
    state = network.state_dict()
    names = dict(_variables(network))
    require(
        checkpoint,
        {name: _in_tensorflow(state[key].shape) for key, name in names.items()},
        path,
        network=f"the network {type(network).__name__}",
        remedy="give one of the checkpoints of the package musicnn",
    )
    for key, name in names.items():
        state[key] = torch.from_numpy(_in_torch(checkpoint.read(name), tuple(state[key].shape)))
    network.load_state_dict(state)
    return network.eval()


def _vgg_pools(checkpoint: Checkpoint, path: Path) -> list[Pool]:
    """Read from the graph beside a checkpoint how it pools."""
    if not isinstance(checkpoint, TensorFlowCheckpoint):
        raise MerbenchError(
            f"{path} is a VGG without the graph that tells how it pools; give TensorFlow's files"
        )
    index = checkpoint.index
    graph = index.with_name(index.name.removesuffix(INDEX_SUFFIX) + META_SUFFIX)
    pools = max_pools(graph)
    if len(pools) != _VGG_LAYERS:
        raise MerbenchError(
            f"{graph} pools {len(pools)} times, and not the {_VGG_LAYERS} times of this VGG; give "
            "one of the checkpoints of the package musicnn"
        )
    return pools


def _numbered(kind: str, layers: Sequence[nn.Module]) -> Iterator[tuple[nn.Module, str]]:
    """Name layers as TensorFlow does, in the order of making; the first has no number."""
    for number, layer in enumerate(layers):
        yield layer, f"{kind}_{number}" if number else kind


def _variables(network: Musicnn | Vgg) -> Iterator[tuple[str, str]]:
    """Yield the key of each array in torch, and its name in the checkpoint."""
    keys = {layer: key for key, layer in network.named_modules()}
    for layer, name in network.named():
        parts: Mapping[str, str] = {"weight": "kernel", "bias": "bias"}
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            parts = _NORM
        for ours, theirs in parts.items():
            yield f"{keys[layer]}.{ours}", f"{name}/{theirs}"


def _in_tensorflow(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the shape of an array in the checkpoint: kernels have what they yield last."""
    if len(shape) < 2:
        return tuple(shape)
    yielded, given, *window = shape
    # A convolution over time alone has all bands in its window there, and one channel.
    window = [*window, given, 1] if len(shape) == 3 else [*window, given]
    return (*window, yielded)


def _in_torch(array: NDArray[np.generic], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Turn an array of the checkpoint into torch's order of axes."""
    if array.ndim == 4 and len(shape) == 3:
        array = array[:, :, 0]
    if array.ndim > 1:
        *window, given, yielded = range(array.ndim)
        array = array.transpose(yielded, given, *window)
    ordered: NDArray[np.float32] = array.astype("float32").reshape(shape)
    return ordered
