"""Layers that networks are built of: sizes, and equality with Keras's rules."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from merbench_plugins.networks.blocks import (
    KERAS_EPSILON,
    ConvBlock,
    ResidualBlock,
    SamePool,
    count_trained,
    start_as_keras,
)


@pytest.mark.parametrize("axes", [1, 2])
def test_a_convolution_keeps_its_input_and_pooling_divides_it(axes):
    block = ConvBlock(axes, 3, 5, 4, pool=3).eval()
    shape = (2, 3, 10, 11)[: axes + 2]
    wanted = (2, 5, 3, 3)[: axes + 2]
    assert block(torch.zeros(shape)).shape == wanted
    strided = ConvBlock(axes, 3, 5, 3, stride=3).eval()
    assert strided(torch.zeros((1, 3, *(9,) * axes))).shape == (1, 5, *(3,) * axes)


@pytest.mark.parametrize("axes", [1, 2])
def test_a_residual_block_halves_and_adds_its_input(axes):
    block = ResidualBlock(axes, 3, 4).eval()
    assert block(torch.zeros((2, 3, *(9,) * axes))).shape == (2, 4, *(5,) * axes)
    alike = ResidualBlock(axes, 3, 3, stride=1).eval()
    for layer in alike.body:
        if isinstance(layer, nn.Conv1d | nn.Conv2d):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
    x = torch.rand((2, 3, *(6,) * axes))
    torch.testing.assert_close(alike(x), x)  # nothing is left but the shortcut


def test_pooling_counts_an_incomplete_rest_as_keras_does():
    # Keras pads 7 to 9 before it divides by 3: one before, one behind.
    x = torch.arange(7.0).reshape(1, 1, 1, 7)
    assert SamePool((1, 3))(x).flatten().tolist() == [1, 4, 6]
    assert SamePool((2, 2))(torch.zeros(1, 1, 5, 4)).shape == (1, 1, 3, 2)


def test_weights_start_as_keras_has_them():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(4, 64, 5), nn.Linear(50, 70), nn.GRU(20, 30))
    start_as_keras(network, "he")
    convolution, dense, recurrent = network
    assert convolution.weight.std().item() == pytest.approx((2 / 100) ** 0.5, rel=0.05)
    assert dense.weight.abs().max().item() <= (6 / 120) ** 0.5
    assert not dense.bias.any()
    for gate in recurrent.weight_hh_l0.chunk(3):
        torch.testing.assert_close(gate @ gate.T, torch.eye(30), atol=1e-5, rtol=0)
    assert not recurrent.bias_ih_l0.any()
    start_as_keras(dense, dense="he")
    assert dense.weight.std().item() == pytest.approx((2 / 50) ** 0.5, rel=0.05)
    assert ConvBlock(2, 1, 1).bn.eps == KERAS_EPSILON


def test_what_is_frozen_is_not_counted():
    layer = nn.Linear(3, 2)
    assert count_trained(layer) == 8
    layer.bias.requires_grad_(False)
    assert count_trained(layer) == 6
