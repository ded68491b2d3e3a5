"""What is asked of every network: that it learns a batch by heart, the same way each time."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from merbench_plugins.models._network_classifier import AsIs, NetworkClassifier
from merbench_plugins.models._network_training import Recipe


def learns_a_batch(network, row, *, epochs=25, rate=0.005, **options):
    """Fit a network to eight rows of noise, and predict these; return its probabilities."""
    rows = np.random.default_rng(0).standard_normal((8, *row)).astype(np.float32)
    labels = np.eye(4)[np.arange(8) % 4]
    recipe = Recipe.of("adam", rate, epochs, 8)
    fitted = NetworkClassifier("net", network, options, (AsIs(),), recipe, seed=3).fit(rows, labels)
    losses = [epoch["train_loss"] for epoch in fitted.curve_]
    assert losses[-1] < 0.5 * losses[0]
    return fitted.predict(rows)


def shape_of(network: nn.Module, row) -> tuple[int, ...]:
    with torch.inference_mode():
        return tuple(network.eval()(torch.zeros((2, *row))).shape)
