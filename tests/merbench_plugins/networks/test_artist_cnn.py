"""The artist network: sizes, and weights from a Keras model in their places."""

from __future__ import annotations

import numpy as np
import torch
from keras_layers import keras_arrays

from merbench_plugins.networks.artist_cnn import BLOCKS, ArtistCnn, keras_state
from merbench_plugins.networks.blocks import count_trained


def by_hand(x, arrays):
    """What Keras computes: (129, 128) to 256 numbers, layer by layer, in numpy."""
    for number, (filters, length, pool) in enumerate(BLOCKS, 1):
        kernel = arrays[f"conv1d_{number}/kernel"]
        before = (length - 1) // 2
        padded = np.pad(x, ((before, length - 1 - before), (0, 0)))
        x = sum(padded[k : k + len(x)] @ kernel[k] for k in range(length))
        x = x + arrays[f"conv1d_{number}/bias"]
        norm = {n: arrays[f"batch_normalization_{number}/{n}"] for n in
                ("gamma", "beta", "moving_mean", "moving_variance")}  # fmt: skip
        x = (x - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + 1e-3)
        x = np.maximum(x * norm["gamma"] + norm["beta"], 0)
        x = x[: len(x) // pool * pool].reshape(-1, pool, filters).max(axis=1)
    return x.mean(axis=0)


def test_it_computes_what_keras_does_with_the_same_arrays():
    arrays = keras_arrays()
    network = ArtistCnn()
    network.load_state_dict(keras_state(arrays))
    x = np.random.default_rng(1).standard_normal((129, 128)).astype(np.float32)
    with torch.inference_mode():
        found = network.eval()(torch.from_numpy(x.T.copy())[None])[0].numpy()
    np.testing.assert_allclose(found, by_hand(x, arrays), rtol=1e-3, atol=1e-4)
    assert count_trained(network) == 264_448
