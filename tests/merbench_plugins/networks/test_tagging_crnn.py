"""The CRNN of Louro et al. 2024: sizes, learning, and which axis is its sequence."""

from __future__ import annotations

import numpy as np
import torch
from network_checks import learns_a_batch, shape_of

from merbench_plugins.networks.blocks import count_trained
from merbench_plugins.networks.tagging_crnn import TaggingCrnn


def test_it_has_the_papers_layers():
    with torch.device("meta"):
        assert count_trained(TaggingCrnn((1, 128, 942), 4)) == 392_582
        tagging = TaggingCrnn((1, 96, 1_366), 50)
    assert count_trained(tagging) == 394_100  # those of the authors' pretrained file
    assert TaggingCrnn((1, 192, 96), 4, 16).layer5.input_size == 2 * 8
    assert shape_of(TaggingCrnn((4, 96, 96), 5, 16), (4, 96, 96)) == (2, 5)


def test_it_learns_a_batch_the_same_way_each_time():
    first = learns_a_batch(TaggingCrnn, (1, 96, 96), divisor=16, epochs=40)
    second = learns_a_batch(TaggingCrnn, (1, 96, 96), divisor=16, epochs=40)
    np.testing.assert_array_equal(first, second)


def test_the_other_axis_may_be_the_sequence():
    torch.manual_seed(1)
    network = TaggingCrnn((1, 96, 96), 4, 16).eval()
    image = torch.rand(1, 1, 384, 96)
    with torch.inference_mode():
        along = network.embed(image, steps=0)
        assert along.shape == (1, 32)
        # What comes last decides most: the first of four steps hardly.
        other = image.clone()
        other[:, :, :20] = 0
        assert (network.embed(other, steps=0) - along).abs().max() < 0.2
