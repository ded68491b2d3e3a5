"""Two networks joined: what is frozen stays so."""

from __future__ import annotations

import torch

from merbench_plugins.networks.blocks import count_trained
from merbench_plugins.networks.hybrid import AugmentedCnn, HandCraftedNetwork, JoinedNetwork


def test_the_dense_network_has_the_papers_layers():
    network = HandCraftedNetwork((1_714,), 4)
    sizes = ((1_714, 500), (500, 300), (300, 100), (100, 4))
    assert count_trained(network) == sum(a * b + b for a, b in sizes) + 2 * 1_714


def test_what_is_joined_is_frozen_and_predicts_even_while_the_rest_is_trained():
    seeing, dense = AugmentedCnn((1, 61, 77), 4), HandCraftedNetwork((9,), 4)
    joined = JoinedNetwork((1, 61, 77), 4, images=seeing, vectors=dense)
    assert count_trained(joined) == 2 * 400 + 400 * 200 + 200 + 200 * 100 + 100 + 100 * 4 + 4
    before = {name: value.clone() for name, value in joined.images.state_dict().items()}
    joined.train()
    assert not joined.images.training
    assert joined.head.training
    free = JoinedNetwork((1, 61, 77), 4, images=seeing, vectors=dense, frozen=False)
    assert free.train().images.training
    assert not free.vectors.training
    head = 2 * 400 + 400 * 200 + 200 + 200 * 100 + 100 + 100 * 4 + 4
    assert count_trained(free) == head + sum(p.numel() for p in seeing.body.parameters())
    joined = JoinedNetwork((1, 61, 77), 4, images=seeing, vectors=dense).train()
    given = torch.rand(3, 1, 61, 77), torch.rand(3, 9)
    assert joined(given).shape == (3, 4)
    after = joined.images.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
