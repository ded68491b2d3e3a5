"""A last layer by itself learns what can be learnt from a vector."""

from __future__ import annotations

import numpy as np
from network_checks import learns_a_batch

from merbench_plugins.networks.blocks import count_trained
from merbench_plugins.networks.probe import Probe


def test_it_is_one_layer_and_learns_a_batch():
    assert count_trained(Probe((32,), 4)) == 33 * 4
    first = learns_a_batch(Probe, (32,), rate=0.05)
    np.testing.assert_array_equal(first, learns_a_batch(Probe, (32,), rate=0.05))
