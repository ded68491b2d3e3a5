"""Recurrent networks on sequences of features."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from sklearn.base import clone

from merbench import MerbenchError, Task
from merbench.evaluation import categorical_kl, gaussian_kl
from merbench.steps.assembling import ClipRows
from merbench_plugins.models._inner_folds import TrainingRows
from merbench_plugins.models._recurrent_estimator import RecurrentEstimator
from merbench_plugins.models._recurrent_network import Network, NormalDivergence
from merbench_plugins.models._recurrent_recipe import Recipe
from merbench_plugins.models._sequence_batches import Batches, Sequences
from merbench_plugins.models.recurrent import (
    BidirectionalLSTM,
    BidirectionalRNN,
    GatedRecurrentUnit,
    LongShortTermMemory,
    RecurrentNetwork,
)

ALL = [
    RecurrentNetwork,
    BidirectionalRNN,
    LongShortTermMemory,
    BidirectionalLSTM,
    GatedRecurrentUnit,
]
PUBLISHED = [RecurrentNetwork, BidirectionalRNN, LongShortTermMemory]
SMALL = {"hidden": 12, "pool": 2, "batch_size": 16, "learning_rate": 0.01}


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Networks this small only lose by sharing their work out."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def clips(n: int = 96, d: int = 5, task: Task = Task.QUADRANT, seed: int = 0, frames=(12, 24)):
    """Sequences whose first two features say where a clip lies; the third is of another unit."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(*frames, n)
    place = rng.standard_normal((n, 2))
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    table = rng.standard_normal((offsets[-1], d))
    table[:, :2] += np.repeat(2 * place, lengths, axis=0)
    table[:, 2] = 1e4 + 300 * table[:, 2]
    if task is not Task.VA:
        Y = np.eye(4)[2 * (place[:, 1] < 0) + ((place[:, 0] > 0) ^ (place[:, 1] > 0))]
    else:
        Y = np.column_stack([0.5 + 0.1 * place, np.full((n, 2), 0.1) + 0.01 * rng.random((n, 2))])
    return ClipRows(table.astype(np.float32), np.arange(n), offsets), Y


def estimator(cls=LongShortTermMemory, seed=0, task=Task.QUADRANT, **parameters):
    made = cls(**(SMALL | parameters)).estimator(task=task, seed=seed, device="cpu")
    assert isinstance(made, RecurrentEstimator)
    return made


def network(cls, features=7, **changes):
    torch.manual_seed(0)
    return Network(cls.cell, features, cls.bidirectional, replace(Recipe(hidden=6), **changes))


@pytest.mark.parametrize("readout", ["last", "mean"])
@pytest.mark.parametrize("cls", ALL)
def test_packed_clips_are_computed_as_if_alone_and_unpadded(cls, readout):
    net = network(cls, readout=readout, layers=2).eval()
    sequences = [torch.randn(length, 7) for length in (9, 4, 12, 1, 12)]
    padded = torch.full((5, 12, 7), 1e6)  # padding that would show
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    with torch.inference_mode():
        together = net(padded, torch.tensor([len(s) for s in sequences]))
        alone = [net(s[None], torch.tensor([len(s)])) for s in sequences]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-6, rtol=1e-5)


def test_the_last_state_is_that_of_either_end():
    net = network(BidirectionalLSTM, readout="last").eval()
    steps = torch.randn(1, 8, 7)
    seen = []
    net.head.register_forward_pre_hook(lambda _, x: seen.append(x[0]))
    with torch.inference_mode():
        net(steps, torch.tensor([8]))
        outputs, _ = net.recurrent(steps)
    torch.testing.assert_close(seen[0], torch.cat([outputs[:, -1, :6], outputs[:, 0, 6:]], dim=1))


@pytest.mark.parametrize("cls", [RecurrentNetwork, LongShortTermMemory, GatedRecurrentUnit])
def test_the_last_state_in_one_direction_is_torch_s(cls):
    net = network(cls, readout="last", layers=2).eval()
    seen = []
    net.head.register_forward_pre_hook(lambda _, x: seen.append(x[0]))
    with torch.inference_mode():
        steps = torch.randn(3, 8, 7)
        net(steps, torch.tensor([8, 5, 8]))
        _, state = net.recurrent(steps[1:2, :5])
    hidden = state[0] if isinstance(state, tuple) else state
    torch.testing.assert_close(seen[0][1:2], hidden[-1])


RNN_LAYER = 204 * 128 + 128 * 128 + 2 * 128  # torch has two biases


@pytest.mark.parametrize(
    ("cls", "expected"),
    [
        (RecurrentNetwork, RNN_LAYER + 128 * 128 + 128 + 2 * 128 + 128 * 4 + 4),
        (BidirectionalRNN, 2 * RNN_LAYER + 256 * 128 + 128 + 2 * 128 + 128 * 4 + 4),
        (LongShortTermMemory, 4 * RNN_LAYER + 3 * (128 * 128 + 128 + 2 * 128) + 128 * 4 + 4),
    ],
)
def test_parameter_counts_of_the_published_networks(cls, expected):
    for preset in ("chang2024", "chang2024-jamendo"):
        assert cls(preset=preset).trainable_parameters()["1"] == expected
    assert {60_036: RecurrentNetwork, 119_172: BidirectionalRNN, 221_828: LongShortTermMemory}[
        expected
    ] is cls


BLOCK = ["Linear", "BatchNorm1d", "ReLU"]


@pytest.mark.parametrize(
    ("cls", "preset", "head", "dropout"),
    [
        (RecurrentNetwork, "chang2024", ["Dropout", *BLOCK, "Linear"], 0.2),
        (BidirectionalRNN, "chang2024", ["Dropout", *BLOCK, "Linear"], 0.2),
        (LongShortTermMemory, "chang2024", [*[*BLOCK, "Dropout"] * 3, "Linear"], 0.2),
        (RecurrentNetwork, "chang2024-jamendo", [*BLOCK, "Dropout", "Linear"], 0.2),
        (BidirectionalRNN, "chang2024-jamendo", [*BLOCK, "Dropout", "Linear"], 0.1),
        (LongShortTermMemory, "chang2024-jamendo", [*[*BLOCK, "Dropout"] * 3, "Linear"], 0.2),
    ],
)
def test_layers_of_the_published_networks(cls, preset, head, dropout):
    net = Network(cls.cell, 204, cls.bidirectional, cls(preset=preset).recipe)
    assert [type(layer).__name__ for layer in net.head] == head
    assert {layer.p for layer in net.head if isinstance(layer, torch.nn.Dropout)} == {dropout}
    layer = net.recurrent
    assert (layer.hidden_size, layer.num_layers) == (128, 1)
    if cls is not LongShortTermMemory:
        assert layer.nonlinearity == "tanh"


@pytest.mark.parametrize(
    ("cls", "preset", "rate", "epochs", "clip"),
    [
        (RecurrentNetwork, "chang2024", 1e-4, 2_000, 20),
        (BidirectionalRNN, "chang2024", 1e-4, 1_000, 20),
        (LongShortTermMemory, "chang2024", 3e-4, 250, 0),
        (RecurrentNetwork, "chang2024-jamendo", 1e-4, 2_000, 20),
        (BidirectionalRNN, "chang2024-jamendo", 3e-4, 1_541, 20),
        (LongShortTermMemory, "chang2024-jamendo", 3e-4, 1_019, 0),
    ],
)
def test_training_of_the_published_networks(cls, preset, rate, epochs, clip):
    made = cls(preset=preset).estimator(task=Task.QUADRANT, seed=0, device="cpu")
    X, Y = clips(8)
    net = made._net(Sequences(X, Y, 9, 1), None)
    assert (net.lr, net.max_epochs, net.batch_size) == (rate, epochs, 128)
    assert net.optimizer is torch.optim.AdamW
    assert net.criterion is torch.nn.CrossEntropyLoss
    assert net.train_split is None
    clipping = dict(net.callbacks).get("clipping")
    assert (clipping.gradient_clip_value if clipping else 0) == clip
    recipe = made.recipe
    assert recipe.keep == "last"
    assert recipe.validation == pytest.approx(1 / 9 if preset == "chang2024" else 2 / 9)
    assert (recipe.standardise, recipe.readout, recipe.pool) == ("scalar", "last", 1)
    assert recipe.max_frames == (1_295 if preset == "chang2024" else 1_000)
    assert recipe.start == "zero"


@pytest.mark.parametrize("cls", ALL)
def test_hears_what_there_is_to_hear(cls):
    X, Y = clips(176)
    made = estimator(cls, epochs=12).fit(X.take(range(120)), Y[:120])
    predicted = made.predict(X.take(range(120, 176)))
    prior = np.tile(Y[:120].mean(axis=0), (56, 1))
    kl, before = (categorical_kl(Y[120:], rows).kl.mean() for rows in (predicted, prior))
    assert kl < 0.8 * before
    assert (predicted.argmax(axis=1) == Y[120:].argmax(axis=1)).mean() > 0.6


@pytest.mark.parametrize("cls", PUBLISHED)
def test_published_recipes_learn_too(cls):
    X, Y = clips(90)
    X._table[:, 2] = 0  # one scalar for all features drowns those of small unit
    parameters = {"preset": "chang2024", "epochs": 25, "hidden": 24, "batch_size": 30}
    made = cls(**parameters, learning_rate=5e-3).estimator(task=Task.QUADRANT, seed=0, device="cpu")
    predicted = made.fit(X.take(range(60)), Y[:60]).predict(X.take(range(60, 90)))
    assert (predicted.argmax(axis=1) == Y[60:].argmax(axis=1)).mean() > 0.5
    assert len(made.curve_) == 25


@pytest.mark.parametrize("loss", ["kl", "mse"])
def test_learns_valence_and_arousal(loss):
    X, Y = clips(176, task=Task.VA)
    made = estimator(task=Task.VA, loss=loss, epochs=20).fit(X.take(range(120)), Y[:120])
    predicted = made.predict(X.take(range(120, 176)))
    error = np.square(predicted[:, :2] - Y[120:, :2]).mean()
    assert error < 0.5 * Y[120:, :2].var()
    if loss == "kl":
        assert (predicted[:, 2:] > 0).all()
        assert gaussian_kl(Y[120:], predicted).kl.mean() < 1.0
    assert "train_accuracy" not in made.curve_[0]


def test_the_loss_is_the_score():
    rng = np.random.default_rng(0)
    truth, outputs = clips(20, task=Task.VA)[1], rng.standard_normal((20, 4))
    rows = estimator(task=Task.VA)._rows(torch.tensor(outputs)).numpy()
    loss = NormalDivergence()(torch.tensor(outputs), torch.tensor(truth))
    assert float(loss) == pytest.approx(gaussian_kl(truth, rows).kl.mean())


@pytest.mark.parametrize("task", Task)
def test_untrained_outputs_lie_around_the_prior(task):
    _, Y = clips(60, task=task)
    made = estimator(task=task)
    bias = made._bias(Y)
    rows = made._rows(bias[None]).numpy()[0]
    if task is not Task.VA:
        np.testing.assert_allclose(rows, (Y.sum(axis=0) + 1) / 64, rtol=1e-6)
    else:
        np.testing.assert_allclose(rows[:2], Y[:, :2].mean(axis=0))
        spread = np.sqrt((Y[:, 2:] ** 2).mean(axis=0) + Y[:, :2].var(axis=0))
        np.testing.assert_allclose(rows[2:], spread)


def test_shares_of_votes_are_learnt():
    X, Y = clips(120)
    votes = 0.7 * Y + 0.3 * np.roll(Y, 1, axis=1)
    predicted = estimator(epochs=15).fit(X, votes).predict(X)
    prior = np.tile(votes.mean(axis=0), (120, 1))
    kl, before = (categorical_kl(votes, rows).kl.mean() for rows in (predicted, prior))
    assert kl < 0.7 * before


# Early stopping ---------------------------------------------------------------------------------


def test_weights_kept_are_those_of_least_loss_on_clips_kept_back():
    X, Y = clips(80)
    Y = np.random.default_rng(1).permutation(Y)  # nothing to learn: validation loss must rise
    made = estimator(epochs=40, patience=4, learning_rate=0.03)
    made.fit(X, Y)
    losses = [epoch["validation_loss"] for epoch in made.curve_]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 4 < 40
    _, kept_back = made._parts(Y)
    predicted = made.predict(X.take(kept_back))
    assert -(Y[kept_back] * np.log(predicted)).sum(axis=1).mean() == pytest.approx(
        losses[best], rel=1e-4
    )


def test_clips_kept_back_are_not_trained_on():
    X, Y = clips(60)
    made = estimator(validation=0.25, epochs=3, patience=3)
    rest, kept_back = made._parts(Y)
    assert len(kept_back) == 15
    assert sorted([*rest, *kept_back]) == list(range(60))
    np.testing.assert_allclose(Y[kept_back].mean(axis=0), Y.mean(axis=0), atol=0.07)
    other = Y.copy()
    other[kept_back] = np.roll(Y[kept_back], 1, axis=1)
    np.testing.assert_array_equal(made._parts(Y)[1], kept_back)
    # The parts follow from the labels; hold them, and see what the labels kept back can change.
    made._parts = lambda _: (rest, kept_back)
    losses = [[e["train_loss"] for e in made.fit(X, labels).curve_] for labels in (Y, other)]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("task", list(Task))
def test_what_is_kept_back_are_whole_groups_and_of_them_the_originals(task):
    n = 120
    labels = np.eye(4)[np.arange(n) % 4] if task is not Task.VA else np.full((n, 4), 0.3)
    groups, copy_of = np.array([f"artist {i // 6}" for i in range(n)]), np.arange(n)
    copy_of[100:] = np.arange(20)  # of the first artists
    known = TrainingRows.of(n, groups, copy_of)
    made = RecurrentNetwork(validation=0.2).estimator(task=task, seed=3, device="cpu")
    rest, kept_back = made._whole_parts(labels, known)
    own = groups[copy_of]
    assert not set(own[rest]) & set(own[kept_back])
    assert not set(kept_back) & set(range(100, n))
    assert set(rest) | set(kept_back) == set(range(n)) - {
        i for i in range(100, n) if own[i] in own[kept_back]
    }
    assert 18 <= len(np.flatnonzero(np.isin(own, own[kept_back]))) <= 30
    if task is not Task.VA:
        assert np.ptp(labels[kept_back].sum(axis=0)) <= 4


def test_training_keeps_groups_back_and_the_published_networks_single_clips(monkeypatch):
    X, Y = clips(40)
    groups = np.repeat([f"artist {i}" for i in range(10)], 4)
    parts = []
    for preset in ({}, {"preset": "chang2024"}, {"preset": "chang2024", "kept_back": "groups"}):
        parameters = {"epochs": 1, "hidden": 4, "validation": 0.25, **preset}
        made = RecurrentNetwork(**parameters).estimator(task=Task.QUADRANT, seed=1, device="cpu")
        for name in ("_parts", "_whole_parts"):
            drawn = getattr(made, name)
            monkeypatch.setattr(
                made, name, lambda *given, drawn=drawn: parts.append(drawn(*given)) or parts[-1]
            )
        made.fit(X, Y, groups=groups)
    divided = [set(groups[rest]) & set(groups[back]) for rest, back in parts]
    assert [bool(both) for both in divided] == [False, True, False]
    assert all(len(back) for _, back in parts)
    assert len(parts) == 3


def test_groups_too_large_to_be_kept_back_are_all_trained_on():
    X, Y = clips(40)
    made = estimator(epochs=2, validation=0.15)
    made.fit(X, Y, groups=np.repeat(["a", "b"], 20))
    assert "validation_loss" not in made.curve_[0]


def test_the_last_epoch_can_be_kept_and_the_clips_kept_back_only_looked_at():
    X, Y = clips(80)
    Y = np.random.default_rng(1).permutation(Y)  # nothing to learn: validation loss must rise
    parameters = {"epochs": 15, "learning_rate": 0.03, "validation": 0.25}
    made = estimator(**parameters, keep="last", patience=1).fit(X, Y)
    losses = [epoch["validation_loss"] for epoch in made.curve_]
    assert len(losses) == 15
    assert losses[-1] > min(losses)
    _, kept_back = made._parts(Y)
    predicted = made.predict(X.take(kept_back))
    loss = -(Y[kept_back] * np.log(predicted)).sum(axis=1).mean()
    assert loss == pytest.approx(losses[-1], rel=1e-4)
    right = (predicted.argmax(axis=1) == Y[kept_back].argmax(axis=1)).mean()
    assert right == pytest.approx(made.curve_[-1]["validation_accuracy"])
    best = estimator(**parameters, patience=15).fit(X, Y)
    assert [epoch["validation_loss"] for epoch in best.curve_] == losses
    assert not np.allclose(best.predict(X), made.predict(X), atol=1e-3)


def test_ten_folds_of_the_published_networks_are_their_parts():
    labels = np.eye(4)[np.arange(810) % 4]
    for preset, kept_back in (("chang2024", 90), ("chang2024-jamendo", 180)):
        made = RecurrentNetwork(preset=preset).estimator(task=Task.QUADRANT, seed=0, device="cpu")
        parts = made._parts(labels)
        assert [len(part) for part in parts] == [810 - kept_back, kept_back]


@pytest.mark.parametrize("keep", ["best", "last"])
def test_without_clips_kept_back_the_last_epoch_is_kept(keep):
    X, Y = clips(40)
    made = estimator(validation=0, epochs=5, keep=keep).fit(X, Y)
    assert [epoch["epoch"] for epoch in made.curve_] == [1, 2, 3, 4, 5]
    assert set(made.curve_[0]) == {"epoch", "train_loss", "train_accuracy"}


def test_curve_of_an_epoch():
    X, Y = clips(40)
    made = estimator(epochs=2).fit(X, Y)
    assert set(made.curve_[0]) == {
        "epoch",
        "train_loss",
        "train_accuracy",
        "validation_loss",
        "validation_accuracy",
    }
    assert all(0 <= epoch["train_accuracy"] <= 1 for epoch in made.curve_)


# Chance -----------------------------------------------------------------------------------------


def test_the_seed_decides_all_and_global_state_is_left_alone():
    X, Y = clips(40)
    before = torch.random.get_rng_state()
    first = estimator(epochs=2, seed=5).fit(X, Y)
    predicted = first.predict(X)
    for same in (pickle.loads(pickle.dumps(first)), clone(first).fit(X, Y)):
        np.testing.assert_array_equal(same.predict(X), predicted)
    other = estimator(epochs=2, seed=6).fit(X, Y).predict(X)
    assert not np.allclose(other, predicted)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("cls", ALL)
def test_a_uniform_start_makes_equal_clips_unequal(cls):
    X, Y = clips(40)
    twins = X.take([3] * 6)
    plain = estimator(cls, epochs=1).fit(X, Y).predict(twins)
    np.testing.assert_allclose(plain, np.tile(plain[0], (6, 1)), atol=1e-6)
    drawn = estimator(cls, epochs=1, start="uniform", readout="last", pool=8).fit(X, Y)
    predicted = drawn.predict(twins)
    assert np.ptp(predicted, axis=0).max() > 1e-5
    np.testing.assert_array_equal(drawn.predict(twins), predicted)


def test_the_uniform_start_is_on_0_to_1():
    net = network(LongShortTermMemory, start="uniform", hidden=500)
    hidden, cells = net._first_state(torch.zeros(20, 3, 7))
    for state in (hidden, cells):
        assert state.shape == (1, 20, 500)
        assert 0 <= state.min() < 0.01 < 0.99 < state.max() < 1
    assert not torch.equal(hidden, cells)


# Clips ------------------------------------------------------------------------------------------


def frames_of(sequences):
    return np.concatenate([sequences[i][0].numpy() for i in range(len(sequences))])


@pytest.mark.parametrize("pool", [1, 3])
def test_steps_are_standardised_by_column_over_all_frames(pool):
    X, Y = clips(30)
    X._table[:, 4] = 7.7
    sequences = Sequences(X, Y, 1_000, pool)
    raw = frames_of(sequences).astype(np.float64)
    moments = sequences.standardise(by_column=True)
    np.testing.assert_allclose(moments.mean, raw.mean(axis=0), rtol=1e-5, atol=1e-5)
    steps = frames_of(sequences)
    np.testing.assert_allclose(steps.std(axis=0), [1, 1, 1, 1, 0], atol=1e-2)
    np.testing.assert_array_equal(steps[:, 4], 0)
    wild = np.full((1, 5), 1e9, np.float32)
    np.testing.assert_array_equal(moments(wild), [[5, 5, 5, 5, 0]])


@pytest.mark.parametrize("pool", [1, 3])
def test_one_scalar_for_all(pool):
    X, Y = clips(30)
    sequences = Sequences(X, Y, 1_000, pool)
    raw = frames_of(sequences).astype(np.float64)
    moments = sequences.standardise(by_column=False)
    np.testing.assert_allclose(moments.mean, raw.mean(), rtol=1e-5)
    np.testing.assert_allclose(moments.deviation, raw.std(), rtol=1e-5)
    np.testing.assert_allclose(frames_of(sequences), (raw - raw.mean()) / raw.std(), atol=1e-4)


def test_test_clips_are_standardised_as_training_clips_were():
    X, Y = clips(40)
    made = estimator(epochs=2).fit(X, Y)
    together, alone = made.predict(X), made.predict(X.take([7]))
    np.testing.assert_allclose(together[7], alone[0], atol=1e-5)


def test_frames_are_cut_and_averaged():
    X = [np.arange(14, dtype=np.float32).reshape(7, 2), np.ones((2, 2), np.float32)]
    sequences = Sequences(X, None, max_frames=5, pool=2)
    assert list(sequences.lengths) == [3, 1]
    np.testing.assert_array_equal(sequences[0][0], [[1, 2], [5, 6], [8, 9]])
    assert list(Sequences(X, None, max_frames=5, pool=1).lengths) == [5, 2]


def test_clips_without_frames_are_named():
    with pytest.raises(MerbenchError, match="clip 1 "):
        Sequences([np.ones((3, 2)), np.ones((0, 2))], None, 9, 1)


def test_every_clip_is_in_one_batch_beside_others_of_its_length():
    X, Y = clips(161, frames=(5, 200))
    sequences = Sequences(X, Y, 1_000, 1)
    batches = Batches(sequences, 16, seed=0)
    first, second = batches.order(), batches.order()
    for order in (first, second):
        assert sorted(np.concatenate(order)) == list(range(161))
        assert min(map(len, order)) > 1
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))
    shuffled = np.random.default_rng(0).permutation(161)
    spread, chance = (
        np.mean([np.ptp(sequences.length(items)) for items in order])
        for order in (first, batches._cut(shuffled))
    )
    assert spread < 0.4 * chance
    again = Batches(sequences, 16, seed=0).order()
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    plain = Batches(sequences, 16).order()
    np.testing.assert_array_equal(np.concatenate(plain), np.arange(161))


class Lazy:
    """Clips on disk: only one at a time may be asked for."""

    shape = (24, 20, 5)

    def __len__(self):
        return 24

    def __getitem__(self, item):
        assert isinstance(item, int)
        return np.random.default_rng(item).standard_normal((20 - item % 3, 5)).astype(np.float32)

    def __array__(self, *args, **kwargs):
        raise AssertionError("it was turned into an array")


@pytest.mark.parametrize("pool", [1, 4])
def test_clips_stay_on_disk(pool):
    Y = np.eye(4)[np.arange(24) % 4]
    assert estimator(pool=pool, epochs=1).fit(Lazy(), Y).predict(Lazy()).shape == (24, 4)


# Parameters -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"hidden": 5},
        {"layers": 2},
        {"dropout": 0.6},
        {"readout": "last"},
        {"start": "uniform"},
        {"standardise": "scalar"},
        {"max_frames": 6},
        {"pool": 1},
        {"learning_rate": 0.1},
        {"batch_size": 7},
        {"epochs": 4},
        {"clip_norm": 1e-3},
        {"validation": 0.4},
    ],
    ids=str,
)
def test_every_parameter_matters(change):
    X, Y = clips(40)
    plain, changed = (estimator(**({"epochs": 2} | p)).fit(X, Y).predict(X) for p in ({}, change))
    assert not np.allclose(plain, changed, atol=1e-6)


def test_training_that_diverges_is_said():
    X, Y = clips(40, task=Task.VA)
    with pytest.raises(MerbenchError, match=r"gru: training diverged .* lower learning_rate"):
        estimator(
            GatedRecurrentUnit, task=Task.VA, loss="mse", learning_rate=1e30, validation=0
        ).fit(X, Y)


def test_one_clip_is_refused():
    X, Y = clips(1)
    with pytest.raises(MerbenchError, match="lstm: one clip cannot be trained on"):
        estimator().fit(X, Y)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"preset": "chang2023"}, {"batch_size": 1}, {"validation": 1}, {"pool": 0}),
        *({"loss": "l1"}, {"keep": "first"}),
    ],
)
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        LongShortTermMemory(**wrong)


def test_only_the_paper_s_networks_have_its_presets():
    for cls in ALL:
        assert ("chang2024" in cls.presets) == (cls in PUBLISHED)
    with pytest.raises(ValidationError):
        GatedRecurrentUnit(preset="chang2024")


def test_cost_grows_with_what_is_trained():
    assert RecurrentNetwork().typical_cost.seconds < 30
    published = RecurrentNetwork(preset="chang2024").typical_cost.seconds
    assert published > 100 * RecurrentNetwork().typical_cost.seconds
    assert RecurrentNetwork(preset="chang2024", epochs=200).typical_cost.seconds == published / 10
    assert (
        BidirectionalLSTM().typical_cost.seconds == 2 * LongShortTermMemory().typical_cost.seconds
    )
