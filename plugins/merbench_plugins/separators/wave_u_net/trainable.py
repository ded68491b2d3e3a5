"""The two networks that can be trained: how each begins, how much it hears, what faults cost."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from pydantic import ValidationError
from torch import Tensor

from merbench.errors import MerbenchError
from merbench_plugins.checkpoints import open_checkpoint, require
from merbench_plugins.separators.wave_u_net import original, spectral
from merbench_plugins.separators.wave_u_net.configuration import (
    IN_ERRORS,
    Frames,
    OriginalConfiguration,
    SpectralConfiguration,
)
from merbench_plugins.separators.wave_u_net.original import OriginalWaveUNet
from merbench_plugins.separators.wave_u_net.spectral import SpectralWaveUNet

__all__ = [
    "Trainable",
    "TrainableNetwork",
    "excerpt_frames",
    "loss",
    "new_network",
    "read_weights",
    "resized",
]

Trainable = OriginalConfiguration | SpectralConfiguration
TrainableNetwork = OriginalWaveUNet | SpectralWaveUNet

_SPECTRA = 191


def new_network(configuration: Trainable) -> TrainableNetwork:
    """Return a network with weights drawn by chance; torch's generator is the source of it."""
    if isinstance(configuration, SpectralConfiguration):
        return SpectralWaveUNet(configuration)
    network = OriginalWaveUNet(configuration, clip=False)
    original.initialise(network)
    return network


def read_weights(path: Path, configuration: Trainable) -> dict[str, np.ndarray]:
    """Read the weights of a network of this configuration."""
    checkpoint = open_checkpoint(path)
    expected = (
        spectral.variables(configuration)
        if isinstance(configuration, SpectralConfiguration)
        else configuration.variables
    )
    require(checkpoint, expected, path, **IN_ERRORS)
    return {name: checkpoint.read(name) for name in expected}


def loss(
    network: TrainableNetwork,
    mix: Tensor,
    targets: Tensor,
    members: Tensor,
    *,
    precision: AbstractContextManager[object],
    error_weight: float,
) -> Tensor:
    """Tell what a network's faults on some excerpts cost.

    Parameters
    ----------
    network
        Separates the mixtures.
    mix, targets, members
        As in `excerpts.Batch`.
    precision
        Entered while the network computes.
    error_weight
        As in `spectral.loss`; the original network's loss is nothing but the error.
    """
    if isinstance(network, OriginalWaveUNet):
        with precision:
            estimates = network(mix)
        return original.loss(estimates.float(), mix, targets, members)
    statistics = network.statistics(mix, targets)
    with precision:
        masks = network.masks(statistics.features)
    return spectral.loss(masks, statistics, members, error_weight)


def excerpt_frames(configuration: Trainable, frames: int | None) -> Frames:
    """Return the length of excerpts: the original's chunks, or some seconds of the spectral."""
    if isinstance(configuration, SpectralConfiguration):
        samples = frames or _SPECTRA * configuration.hop
        return Frames(samples, samples)
    return resized(configuration, frames).frames


def resized(configuration: Trainable, frames: int | None) -> Trainable:
    """Return a configuration with another length of its chunks."""
    values = configuration.model_dump()
    try:
        return type(configuration).model_validate(
            values | {"num_frames": frames or configuration.num_frames}
        )
    except ValidationError as error:
        message = error.errors()[0]["msg"]
        raise MerbenchError(f"the training option frames cannot be used: {message}") from error
