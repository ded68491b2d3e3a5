"""The network of raw audio: sizes and learning."""

from __future__ import annotations

import numpy as np
import torch
from network_checks import learns_a_batch, shape_of

from merbench_plugins.networks.blocks import ConvBlock, count_trained
from merbench_plugins.networks.sample_cnn import SampleCnn


def test_it_has_the_papers_layers():
    with torch.device("meta"):
        network = SampleCnn((1, 59_049), 4)
        assert count_trained(network) == 1_846_276
    widths = [block.conv.out_channels for block in network.blocks if isinstance(block, ConvBlock)]
    assert widths == [128, 128, 128, *[256] * 6, 512, 512]
    assert shape_of(SampleCnn((2, 81), 5, depth=3), (2, 81)) == (2, 5)


def test_it_learns_a_batch_the_same_way_each_time():
    first = learns_a_batch(SampleCnn, (1, 81), depth=3)
    np.testing.assert_array_equal(first, learns_a_batch(SampleCnn, (1, 81), depth=3))
