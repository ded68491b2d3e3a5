"""The hybrid: what is trained on copies and what is not."""

from __future__ import annotations

import numpy as np
import torch

from merbench import FeatureKind, Task
from merbench_plugins.models.hybrid import LouroHybrid

Y = np.eye(4)[np.arange(8) % 4]


def data():
    rng = np.random.default_rng(0)
    return rng.random((8, 1, 61, 77), dtype=np.float32), rng.random((8, 5), dtype=np.float32)


def fitted(images, vectors, labels, **settings):
    settings = {"preset": "short", "epochs": 1} | settings
    copy_of = settings.pop("copy_of", None)
    model = LouroHybrid(**settings)
    return model.estimator(task=Task.QUADRANT, seed=1, device="cpu").fit(
        (images, vectors), labels, copy_of=copy_of
    )


def test_recipes_are_the_papers():
    model = LouroHybrid()
    assert model.inputs == (FeatureKind.IMAGE, FeatureKind.VECTOR)
    assert model.originals_only == (False, True)
    recipes = model.estimator(task=Task.QUADRANT, seed=1, device="cpu").recipes
    assert [(r.stages[0].optimizer, r.stages[0].epochs, r.batch_size) for r in recipes] == [
        ("sgd", 200, 150), ("adam", 450, 120), ("sgd", 100, 300),
    ]  # fmt: skip


def test_copies_train_the_convolutions_alone():
    images, vectors = data()
    alone = fitted(images, vectors, Y)
    copies = np.concatenate([images, 1 - images])
    both = fitted(
        copies, np.tile(vectors, (2, 1)), np.tile(Y, (2, 1)), copy_of=np.tile(np.arange(8), 2)
    )
    for name, value in alone.joined_.network_.vectors.state_dict().items():
        torch.testing.assert_close(both.joined_.network_.vectors.state_dict()[name], value)
    first = "0.0.weight"  # of the first convolution
    seen = [one.joined_.network_.images.state_dict()[first] for one in (alone, both)]
    assert not torch.equal(*seen)
    assert both.predict((images[:3], vectors[:3])).shape == (3, 4)


def test_without_pretraining_convolutions_are_trained_with_what_joins():
    images, vectors = data()
    first = "0.0.weight"  # of the first convolution
    ends = [
        fitted(images, vectors, Y, pretrained=False, epochs=epochs).joined_.network_
        for epochs in (1, 2)
    ]
    assert not torch.equal(*(end.images.state_dict()[first] for end in ends))
    assert all(p.requires_grad for p in ends[0].images.parameters())
    assert not any(p.requires_grad for p in ends[0].vectors.parameters())


def test_it_learns_a_batch_the_same_way_each_time():
    images, vectors = data()
    both = [fitted(images, vectors, Y, epochs=25) for _ in range(2)]
    losses = [epoch["train_loss"] for epoch in both[0].curve_]
    assert losses[-1] < 0.5 * losses[0]
    one, other = (end.predict((images, vectors)) for end in both)
    np.testing.assert_array_equal(one, other)
