"""The baseline of Louro et al. 2024, and the recurrent units on it: sizes and learning."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from network_checks import learns_a_batch, shape_of

from merbench import MerbenchError
from merbench_plugins.networks.baseline_cnn import (
    BaselineCnn,
    BaselineGru,
    convolutions,
    flat_size,
)
from merbench_plugins.networks.blocks import count_trained

PAPER = (1, 128, 942)


def test_it_has_the_papers_layers():
    assert convolutions(1).eval()(torch.zeros(1, *PAPER)).shape == (1, 2_000)
    assert flat_size(PAPER, "louro-cnn") == 2_000
    for shape in ((1, 61, 77), (1, 70, 130), (2, 128, 116)):
        seen = convolutions(shape[0]).eval()(torch.zeros(1, *shape)).shape[1]
        assert flat_size(shape, "louro-cnn") == seen
    with pytest.raises(MerbenchError, match="louro-cnn: images of 60 bins x 77 frames are too"):
        BaselineCnn((1, 60, 77), 4)
    with torch.device("meta"):
        assert count_trained(BaselineCnn(PAPER, 4)) == 621_264
        assert count_trained(BaselineGru(PAPER, 4)) == 48_666_939
    assert shape_of(BaselineCnn((2, 61, 77), 5), (2, 61, 77)) == (2, 5)
    assert shape_of(BaselineGru((1, 61, 77), 4, units=8), (1, 61, 77)) == (2, 4)


def test_it_learns_a_batch_the_same_way_each_time():
    first = learns_a_batch(BaselineCnn, (1, 61, 77))
    np.testing.assert_array_equal(first, learns_a_batch(BaselineCnn, (1, 61, 77)))
    recurrent = learns_a_batch(BaselineGru, (1, 61, 77), units=32)
    again = learns_a_batch(BaselineGru, (1, 61, 77), units=32)
    np.testing.assert_array_equal(recurrent, again)
