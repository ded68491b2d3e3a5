"""The network of short pieces: sizes and learning."""

from __future__ import annotations

import numpy as np
import torch
from network_checks import learns_a_batch, shape_of

from merbench_plugins.networks.blocks import count_trained
from merbench_plugins.networks.short_chunk_cnn import WIDTHS, ShortChunkCnn


def test_it_has_the_papers_layers():
    with torch.device("meta"):
        assert count_trained(ShortChunkCnn((1, 128, 116), 4)) == 12_080_646
    # Three convolutions a block with their biases and normalisations, by hand.
    inputs = (1, *WIDTHS[:-1])
    blocks = sum(
        9 * (2 * a * b + b * b) + 3 * b + 6 * b for a, b in zip(inputs, WIDTHS, strict=True)
    )
    head = 512 * 512 + 512 + 2 * 512 + 512 * 4 + 4
    assert blocks + 2 + head == 12_080_646


def test_it_takes_pieces_of_any_size_and_learns_a_batch_the_same_way_each_time():
    network = ShortChunkCnn((1, 16, 24), 4, divisor=16)
    assert shape_of(network, (1, 16, 24)) == shape_of(network, (1, 40, 9)) == (2, 4)
    first = learns_a_batch(ShortChunkCnn, (1, 16, 24), divisor=16)
    np.testing.assert_array_equal(first, learns_a_batch(ShortChunkCnn, (1, 16, 24), divisor=16))
