"""The networks as models: recipes, rows that are read when needed, and when training ends."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from merbench import MerbenchError, Task
from merbench.steps.assembling import ClipRows
from merbench_plugins.models._network_classifier import (
    AsIs,
    Averaged,
    NetworkClassifier,
    OfLength,
)
from merbench_plugins.models._network_training import (
    Batches,
    Recipe,
    Rows,
    Stage,
    TwiceSoftmax,
    train,
)
from merbench_plugins.models.louro_networks import (
    LouroCnn,
    LouroCnnGru,
    LouroCrnn,
    SampleCnn,
    ShortChunkCnn,
)
from merbench_plugins.networks.probe import Probe

LABELS = np.eye(4)[np.arange(24) % 4]


def vectors(seed=0):
    noise = np.random.default_rng(seed).standard_normal((24, 6)).astype(np.float32)
    noise[:, :4] += 3 * LABELS.astype(np.float32)
    return noise


@pytest.mark.parametrize(
    ("model", "recipe"),
    [
        (LouroCnn(), ("sgd", 0.01, 200, 150)),
        (LouroCnnGru(), ("sgd", 0.01, 200, 150)),
        (LouroCrnn(), ("sgd", 0.01, 200, 150)),
        (ShortChunkCnn(), ("sgd", 0.001, 100, 50)),
        (SampleCnn(), ("sgd", 0.001, 150, 50)),
        (LouroCnn(preset="short", epochs=7), ("adam", 0.001, 7, 16)),
        (LouroCnn(learning_rate=0.1, batch_size=3), ("sgd", 0.1, 200, 3)),
    ],
)
def test_recipes_are_the_papers(model, recipe):
    made = model.recipe()
    (stage,) = made.stages
    assert (stage.optimizer, stage.learning_rate, stage.epochs, made.batch_size) == recipe
    assert made.stop_at == 0.9


def test_what_is_trained_is_counted_for_the_papers_inputs():
    assert LouroCnn().trainable_parameters() == {"1": 621_264, "4": 622_464}
    assert SampleCnn().trainable_parameters()["1"] == 1_846_276


def test_images_are_averaged_down_where_asked():
    image = np.arange(32.0).reshape(1, 4, 8)
    np.testing.assert_allclose(Averaged((2, 4))(image)[0, 0], [4.5, 6.5, 8.5, 10.5])
    assert (
        LouroCnn(image=(61, 77)).estimator(task=Task.QUADRANT, seed=1, device="cpu").keep
    )  # made once
    assert OfLength(5)(np.array([[1.0, 2, 3]])).tolist() == [[1, 2, 3, 1, 2]]
    assert OfLength(2)(np.array([[1.0, 2, 3]])).tolist() == [[1, 2]]


def test_no_batch_holds_a_single_row_and_all_come_once():
    rows = Rows((np.arange(13.0)[:, None],), np.zeros((13, 1)), (AsIs(),))
    batches = [given.flatten().tolist() for given, _ in Batches(rows, 4, seed=1)]
    assert [len(batch) for batch in batches] == [4, 4, 5]
    assert sorted(row for batch in batches for row in batch) == list(range(13))
    again = Batches(rows, 4, seed=1)
    first, second = ([g.flatten().tolist() for g, _ in again] for _ in range(2))
    assert first == batches != second


def test_training_ends_at_the_wanted_accuracy_and_not_before():
    def fitted(**settings):
        recipe = Recipe.of("adam", 0.05, 60, 8, **settings)
        return NetworkClassifier("net", Probe, {}, (AsIs(),), recipe, seed=1).fit(vectors(), LABELS)

    stopped, whole = fitted(stop_at=0.9), fitted()
    accuracies = [epoch["train_accuracy"] for epoch in stopped.curve_]
    assert accuracies[-1] >= 0.9 > max(accuracies[:-1])
    assert len(accuracies) < 60 == len(whole.curve_)
    assert (stopped.predict(vectors(1)).argmax(axis=1) == LABELS.argmax(axis=1)).mean() > 0.6


def test_stages_follow_one_another():
    stages = (Stage("adam", 0.05, 3), Stage("nesterov", 0.01, 2), Stage("sgd", 0.0, 2))
    recipe = Recipe(stages, 8, weight_decay=1e-4)
    net = NetworkClassifier("net", Probe, {}, (AsIs(),), recipe, seed=1).fit(vectors(), LABELS)
    assert [epoch["epoch"] for epoch in net.curve_] == list(range(1, 8))
    losses = [epoch["train_loss"] for epoch in net.curve_]
    assert losses[4] < losses[2] < losses[0]
    # A step size of 0 changes nothing: the last two epochs differ in their order alone.
    assert losses[6] == pytest.approx(losses[5], rel=1e-5)


def test_the_last_layer_starts_at_the_classes_shares():
    labels = np.eye(4)[[0] * 12 + [1] * 6 + [2] * 6]
    recipe = Recipe.of("sgd", 1e-9, 1, 8)
    net = NetworkClassifier("net", Probe, {}, (AsIs(),), recipe, seed=1)
    bias = net.fit(vectors(), labels).network_.output.bias.detach().numpy()
    np.testing.assert_allclose(np.exp(bias), [1, 7 / 13, 7 / 13, 1 / 13], rtol=1e-5)


def test_an_exploding_loss_ends_training_with_a_sentence():
    rows = Rows((vectors() * 1e6,), LABELS, (AsIs(),))
    with pytest.raises(MerbenchError, match=r"net: training diverged in epoch 1"):
        train(
            nn.Linear(6, 4), rows, nn.MSELoss, Recipe.of("sgd", 1e9, 9, 2),
            name="net", seed=1, device="cpu",
        )  # fmt: skip


def test_a_softmax_before_the_loss_flattens_it():
    scores, shares = torch.tensor([[9.0, 0, 0, 0]]), torch.tensor([[1.0, 0, 0, 0]])
    # However sure, the loss of a softmax of a softmax of four stays above log(1 + 3 / e).
    assert TwiceSoftmax()(scores, shares).item() == pytest.approx(np.log(1 + 3 / np.e), abs=1e-3)


def test_rows_stay_on_disk_until_they_are_read():
    table = np.random.default_rng(0).random((24, 1, 61, 77), dtype=np.float32)
    rows = ClipRows(table, np.arange(24))
    model = LouroCnn(preset="short", epochs=1)
    fitted = model.estimator(task=Task.QUADRANT, seed=1, device="cpu").fit(rows, LABELS)
    assert fitted.predict(rows.take([3, 4])).shape == (2, 4)
    with pytest.raises(MerbenchError, match="louro-cnn: images of 40 bins x 77 frames"):
        model.estimator(task=Task.QUADRANT, seed=1, device="cpu").fit(table[:, :, :40], LABELS)
