"""Arrays of an artist network as Keras keeps them, drawn by chance."""

from __future__ import annotations

import numpy as np

from merbench_plugins.networks.artist_cnn import BLOCKS


def keras_arrays(seed=0):
    """Arrays of the layers of a Keras model, by their names and in its shapes."""
    rng = np.random.default_rng(seed)
    arrays, inputs = {}, 128
    for number, (filters, length, _) in enumerate(BLOCKS, 1):
        arrays[f"conv1d_{number}/kernel"] = rng.normal(0, 0.1, (length, inputs, filters))
        arrays[f"conv1d_{number}/bias"] = rng.normal(0, 0.1, filters)
        for name in ("gamma", "beta", "moving_mean", "moving_variance"):
            arrays[f"batch_normalization_{number}/{name}"] = rng.uniform(0.5, 1.5, filters)
        inputs = filters
    return {name: array.astype(np.float32) for name, array in arrays.items()}
