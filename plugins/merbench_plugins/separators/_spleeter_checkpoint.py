"""What Spleeter's 2-stem checkpoint holds: TensorFlow's names of it, and torch's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from merbench import MerbenchError

if TYPE_CHECKING:
    from merbench_plugins.checkpoints import Checkpoint

FILTERS = (16, 32, 64, 128, 256, 512)
"""Channels of each network's encoder, from the outermost layer to the deepest."""

_NETWORKS = 2
_NORM = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


class Variable(NamedTuple):
    """One array: its key in the network's state, its name and shape in the checkpoint."""

    key: str
    name: str
    shape: tuple[int, ...]


def open_2stems(path: Path) -> Checkpoint:
    """Open a checkpoint and make sure it is that of the 2-stem network.

    Raises
    ------
    MerbenchError
        It cannot be read, or lacks variables, or is that of a model of more stems.
    """
    from merbench_plugins.checkpoints import open_checkpoint

    checkpoint = open_checkpoint(path)
    fault = _fault(checkpoint.shapes)
    if fault:
        raise MerbenchError(
            f"{path} is no checkpoint of Spleeter's 2-stem model: {fault}; give the folder of "
            "Deezer's 2stems model"
        )
    return checkpoint


def variables() -> Iterator[Variable]:
    """Yield the variables that count: all but those of the deepest layers' normalisation."""
    depth = len(FILTERS)
    down, up = (2, *FILTERS), (*FILTERS[::-1], 1)
    for n in range(_NETWORKS):
        for i, (given, yielded) in enumerate(pairwise(down)):
            name = _numbered("conv2d", n * (depth + 1) + i)
            yield from _convolution(f"networks.{n}.down.{i}", name, (5, 5, given, yielded))
        for i, channels in enumerate(down[1:-1]):
            name = _numbered("batch_normalization", 2 * n * depth + i)
            yield from _norm(f"networks.{n}.down_norm.{i}", name, channels)
        for i, (given, yielded) in enumerate(pairwise(up)):
            name = _numbered("conv2d_transpose", n * depth + i)
            skipped = given if i else 0
            shape = (5, 5, yielded, given + skipped)
            yield from _convolution(f"networks.{n}.up.{i}", name, shape)
        for i, channels in enumerate(up[1:]):
            name = _numbered("batch_normalization", 2 * n * depth + depth + i)
            yield from _norm(f"networks.{n}.up_norm.{i}", name, channels)
        name = _numbered("conv2d", n * (depth + 1) + depth)
        yield from _convolution(f"networks.{n}.mask", name, (4, 4, 1, 2))


def _fault(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Say in what a checkpoint differs from the 2-stem network's; nothing where it does not."""
    for _, name, shape in variables():
        if name not in shapes:
            return f"it lacks {name}"
        if shapes[name] != shape:
            return f"its {name} has shape {shapes[name]}, not {shape}"
    # Models of more stems begin with the same variables, and mean other sources by them.
    beyond = f"{_numbered('conv2d', _NETWORKS * (len(FILTERS) + 1))}/kernel"
    return f"it has {beyond}, as models of more stems do" if beyond in shapes else ""


def _numbered(layer: str, number: int) -> str:
    """Name a layer as TensorFlow does, in the order of making; the first has no number."""
    return f"{layer}_{number}" if number else layer


def _convolution(key: str, name: str, kernel: tuple[int, int, int, int]) -> Iterator[Variable]:
    # Transposed kernels have the channels they yield before those they are given.
    yielded = kernel[2] if "transpose" in name else kernel[3]
    yield Variable(f"{key}.weight", f"{name}/kernel", kernel)
    yield Variable(f"{key}.bias", f"{name}/bias", (yielded,))


def _norm(key: str, name: str, channels: int) -> Iterator[Variable]:
    for ours, theirs in _NORM.items():
        yield Variable(f"{key}.{ours}", f"{name}/{theirs}", (channels,))
