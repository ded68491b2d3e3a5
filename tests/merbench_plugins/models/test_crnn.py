from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from pydantic import ValidationError
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from merbench import FeatureKind, MerbenchError, Task
from merbench_plugins.models._crnn_architecture import Architecture
from merbench_plugins.models._crnn_clips import ClipOrder, LabelledImages
from merbench_plugins.models._crnn_estimator import CrnnRegressor, KerasAdam
from merbench_plugins.models._crnn_network import ConvolutionalRecurrentNetwork
from merbench_plugins.models._training import SummedSquaredError
from merbench_plugins.models.crnn import PRESETS, Crnn

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Networks this small only lose by sharing their work out."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


TINY = Architecture(blocks=((3, 4, 3), (3, 6, 5)), lstm=(4, 3), dense=(5,))


def regressor(**changes: object) -> CrnnRegressor:
    defaults: dict[str, object] = {
        "architecture": TINY,
        "sequence": "channels",
        "dropout": 0.1,
        "start": "zero",
        "learning_rate": 1e-3,
        "batch_size": 4,
        "epochs": 2,
        "steps_per_epoch": None,
        "order": "shuffled",
        "adam_step_offset": 0,
        "precision": "float32",
        "seed": 1,
        "device": "cpu",
    }
    return CrnnRegressor(**(defaults | changes))


def small(seed: int = 1, **parameters: object) -> CrnnRegressor:
    component = Crnn(preset="small", **parameters)
    estimator = component.estimator(task=Task.VA, seed=seed, device="cpu")
    assert isinstance(estimator, CrnnRegressor)
    return estimator


def clips(
    n: int = 10, stems: int = 2, bins: int = 12, frames: int = 20
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    X = rng.uniform(0, 1, (n, stems, bins, frames)).astype(np.float32)
    return X, rng.uniform(0, 1, (n, 4))


def test_parameter_counts_of_the_published_network() -> None:
    assert Crnn().trainable_parameters() == {"1": 5_966_116, "4": 5_970_916}


def test_layers_of_the_published_network() -> None:
    """Map sizes 62x1022, 29x509, 12x252, 4x124, 1x61; LSTMs over 512 steps of 61."""
    network = ConvolutionalRecurrentNetwork(
        PRESETS["paper"].architecture, (1, 129, 2_048), "channels"
    )
    pools: list[tuple[int, ...]] = []
    inputs: list[tuple[int, ...]] = []
    for layer in network.modules():
        if isinstance(layer, torch.nn.MaxPool2d):
            layer.register_forward_hook(lambda _, __, out: pools.append(tuple(out.shape[1:])))
        if isinstance(layer, torch.nn.LSTM):
            layer.register_forward_pre_hook(lambda _, x: inputs.append(tuple(x[0].shape[1:])))
    # On real numbers: of shapes alone (the device "meta") PyTorch takes each of an LSTM's steps in
    # Python, which is ten times slower.
    with torch.inference_mode():
        assert network.eval()(torch.zeros(1, 1, 129, 2_048)).shape == (1, 4)
    assert pools == [(32, 62, 1022), (64, 29, 509), (128, 12, 252), (256, 4, 124), (512, 1, 61)]
    assert inputs == [(512, 61), (512, 256), (512, 128)]


def test_sequence_over_time() -> None:
    with torch.device("meta"):
        network = ConvolutionalRecurrentNetwork(
            PRESETS["paper"].architecture, (1, 129, 2_048), "time"
        )
    assert network.recurrent[0].input_size == 512


def test_initial_weights_are_keras_s() -> None:
    torch.manual_seed(0)
    network = ConvolutionalRecurrentNetwork(TINY, (2, 12, 20), "channels")
    lstm = network.recurrent[0]
    units = lstm.hidden_size
    expected = torch.zeros(4 * units)
    expected[units : 2 * units] = 1
    torch.testing.assert_close(lstm.bias_ih_l0.data, expected)
    identity = lstm.weight_hh_l0.T @ lstm.weight_hh_l0
    torch.testing.assert_close(identity.data, torch.eye(units), atol=1e-5, rtol=0)
    convolution = network.convolutions[0]
    bound = (6 / ((2 + 4) * 9)) ** 0.5
    assert 0.8 * bound < convolution.weight.abs().max() <= bound
    assert not convolution.bias.any()


def test_second_lstm_bias_stays_zero() -> None:
    estimator = regressor().fit(*clips())
    for lstm in estimator.net_.module_.recurrent:
        assert not lstm.bias_hh_l0.any()
        assert lstm.bias_ih_l0.any()


def test_loss_is_summed_over_outputs() -> None:
    prediction, truth = torch.zeros(3, 4), torch.full((3, 4), 2.0)
    assert SummedSquaredError()(prediction, truth) == 16


@pytest.mark.parametrize("offset", [0, 308])
def test_adam_is_keras_s(offset: int) -> None:
    """lr_t = lr sqrt(1 - b2^t) / (1 - b1^t); w -= lr_t m / (sqrt(v) + 1e-7)."""
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    optimizer = KerasAdam([weight], lr=0.1, step_offset=offset)
    w, m, v = weight.detach().numpy().copy(), np.zeros(2), np.zeros(2)
    # Gradients around epsilon, where the two definitions part.
    for step, gradient in enumerate([[1e-6, 3.0], [-2e-7, 1.0], [5e-7, -4.0]], start=1):
        weight.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
        t = offset + step
        m = 0.9 * m + 0.1 * np.array(gradient)
        v = 0.999 * v + 0.001 * np.square(gradient)
        w -= 0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
        np.testing.assert_allclose(weight.detach().numpy(), w, rtol=1e-12)


def test_order_as_published() -> None:
    """613 clips, 77 steps of 8: one permutation, and each epoch begins three clips further on."""
    order = ClipOrder(613, 77 * 8, "fixed", seed=0)
    epochs = [list(order) for _ in range(4)]
    once = epochs[0][:613]
    assert sorted(once) == list(range(613))
    assert abs(np.corrcoef(once, range(613))[0, 1]) < 0.15  # not the order of their ids
    assert [epoch[0] for epoch in epochs] == [once[0], once[3], once[6], once[9]]
    assert [clip for epoch in epochs for clip in epoch] == [once[i % 613] for i in range(4 * 616)]
    assert len(order) == 616
    assert once == list(ClipOrder(613, None, "fixed", seed=0))
    assert once != list(ClipOrder(613, None, "fixed", seed=1))


def test_order_as_given() -> None:
    order = ClipOrder(5, 4, "as-given", seed=0)
    assert [clip for _ in range(3) for clip in order] == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]


def test_the_paper_s_preset_has_one_permutation_a_fold() -> None:
    orders = [
        Crnn(preset=preset).estimator(task=Task.VA, seed=1, device="cpu").order
        for preset in ("paper", "small")
    ]
    assert orders == ["fixed", "shuffled"]
    file = yaml.safe_load((REPOSITORY / "benchmarks/nguyen2022.yaml").read_text())
    (published,) = (model["crnn"] for model in file["models"] if isinstance(model, dict))
    assert published == {"preset": "paper", "steps_per_epoch": 77}


def test_the_old_field_says_what_took_its_place() -> None:
    with pytest.raises(ValidationError, match=r"set `order` to shuffled .*, as-given .*, or fixed"):
        Crnn(shuffle=False)


def test_shuffled_order() -> None:
    order = ClipOrder(10, None, "shuffled", seed=3)
    first, second = list(order), list(order)
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert first == list(ClipOrder(10, None, "shuffled", seed=3))
    assert first != list(ClipOrder(10, None, "shuffled", seed=4))
    carried = ClipOrder(10, 4, "shuffled", seed=3)
    assert [clip for _ in range(5) for clip in carried] == first + second


def test_deterministic_and_from_the_seed() -> None:
    X, Y = clips()
    first = small(epochs=2).fit(X, Y).predict(X)
    np.testing.assert_array_equal(first, small(epochs=2).fit(X, Y).predict(X))
    assert (first != small(seed=2, epochs=2).fit(X, Y).predict(X)).any()
    assert first.shape == (10, 4)
    assert first.dtype == np.float64


def test_global_random_state_is_left_alone() -> None:
    X, Y = clips()
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    estimator = small(epochs=1).fit(X, Y)
    estimator.predict(X)
    assert torch.equal(torch_before, torch.get_rng_state())
    np.testing.assert_array_equal(numpy_before, np.random.get_state()[1])  # noqa: NPY002


def test_predictions_do_not_depend_on_the_batch() -> None:
    X, Y = clips()
    estimator = small(epochs=1, batch_size=3).fit(X, Y)
    np.testing.assert_allclose(
        estimator.predict(X)[[7, 2]], estimator.predict(X[[7, 2]]), rtol=1e-5
    )


def test_learns() -> None:
    """Valence is in the level, arousal in the high bins; five test clips for each fold of 25."""
    rng = np.random.default_rng(0)
    V, A = rng.uniform(0, 1, (2, 30))
    X = np.abs(rng.standard_normal((30, 1, 43, 128))).astype(np.float32) * 0.1
    X *= (1 + 9 * V[:, None, None, None]).astype(np.float32)
    X[:, :, 20:] *= (0.1 + A[:, None, None, None]).astype(np.float32)
    Y = np.column_stack([V, A, np.full((30, 2), 0.2)])
    estimator = small().fit(X[:25], Y[:25])
    error = np.square(estimator.predict(X[25:]) - Y[25:]).mean()
    constant = np.square(Y[:25].mean(axis=0) - Y[25:]).mean()
    assert error < constant / 2


def test_start_at_mean_label() -> None:
    X, Y = clips()
    changes = {"learning_rate": 1e-12, "epochs": 1}
    started = regressor(start="mean", **changes).fit(X, Y).predict(X)
    zero = regressor(start="zero", **changes).fit(X, Y).predict(X)
    np.testing.assert_allclose(started - zero, np.tile(Y.mean(axis=0), (10, 1)), rtol=1e-5)


def test_curve() -> None:
    X, Y = clips(n=8)
    still = {"dropout": 0.0, "learning_rate": 1e-12, "epochs": 3}
    estimator = regressor(**still).fit(X, Y)
    assert [row["epoch"] for row in estimator.curve_] == [1, 2, 3]
    loss = np.square(estimator.predict(X) - Y).sum(axis=1).mean()
    for row in estimator.curve_:
        assert type(row["train_loss"]) is float
        assert row["train_loss"] == pytest.approx(loss, rel=1e-5)


def test_steps_per_epoch() -> None:
    estimator = regressor(steps_per_epoch=3, epochs=2).fit(*clips())
    assert [len(epoch["batches"]) for epoch in estimator.net_.history] == [3, 3]
    assert [b["train_batch_size"] for b in estimator.net_.history[-1]["batches"]] == [4, 4, 4]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("sequence", "channels"),
        ("dropout", 0.5),
        ("start", "zero"),
        ("learning_rate", 0.01),
        ("batch_size", 3),
        ("epochs", 2),
        ("steps_per_epoch", 2),
        ("order", "fixed"),
        ("order", "as-given"),
        ("adam_step_offset", 308),
        ("precision", "bfloat16"),
    ],
)
def test_every_option_matters(option: str, value: object) -> None:
    X, Y = clips()
    # In a first pass a fixed order is any other.
    passes = {"order": {"epochs": 2}, "epochs": {}}.get(option, {"epochs": 1})
    plain = small(**passes).fit(X, Y).predict(X)
    changed = small(**(passes | {option: value})).fit(X, Y).predict(X)
    assert np.isfinite(changed).all()
    assert (plain != changed).any()


def test_clone_and_pickle() -> None:
    X, Y = clips()
    estimator = small(epochs=1)
    twin = clone(pickle.loads(pickle.dumps(estimator)))
    expected = estimator.fit(X, Y).predict(X)
    np.testing.assert_array_equal(twin.fit(X, Y).predict(X), expected)
    copy = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(copy.predict(X), expected)
    assert copy.curve_ == estimator.curve_
    with pytest.raises(NotFittedError):
        clone(estimator).predict(X)


class Lazy:
    """Clips that can only be read one at a time, and count how often they are."""

    def __init__(self, X: np.ndarray, interrupt_at: int | None = None) -> None:
        self.X = X
        self.shape = X.shape
        self.reads = 0
        self.interrupt_at = interrupt_at

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, clip: int) -> np.ndarray:
        assert isinstance(clip, int)
        self.reads += 1
        if self.reads == self.interrupt_at:
            raise KeyboardInterrupt
        image = self.X[clip].copy()
        image.setflags(write=False)
        return image


def test_clips_are_read_one_by_one() -> None:
    X, Y = clips()
    lazy = Lazy(X)
    fitted = regressor(epochs=2).fit(lazy, Y)
    assert lazy.reads == 1 + 2 * len(X)
    np.testing.assert_array_equal(fitted.predict(Lazy(X)), regressor(epochs=2).fit(X, Y).predict(X))


def test_small_images_are_made_once() -> None:
    X, Y = clips()
    lazy = Lazy(X)
    small(epochs=3).fit(lazy, Y)
    assert lazy.reads == len(X)


def test_log_scale_moments() -> None:
    X, Y = clips()
    logarithm = np.log1p(100 * X.astype(float))
    assert LabelledImages(X, Y, None).moments() == pytest.approx(
        (logarithm.mean(), logarithm.std())
    )


def test_interrupt_is_not_swallowed() -> None:
    X, Y = clips()
    with pytest.raises(KeyboardInterrupt):
        regressor(epochs=2).fit(Lazy(X, interrupt_at=15), Y)


def test_divergence_is_an_error() -> None:
    X, Y = clips()
    Y[3, 0] = 1e30
    with pytest.raises(MerbenchError, match=r"diverged in epoch 1 \(loss inf\); lower learning_ra"):
        regressor().fit(X, Y)


def test_images_too_small() -> None:
    estimator = Crnn().estimator(task=Task.VA, seed=1, device="cpu")
    with pytest.raises(MerbenchError, match="12 bins x 20 frames are too small for its 5 blocks"):
        estimator.fit(*clips())


@pytest.mark.parametrize("n", [1, 3, 17])
def test_any_number_of_clips(n: int) -> None:
    X, Y = clips(n=n)
    assert np.isfinite(small(epochs=1).fit(X, Y).predict(X)).all()


def test_parameters_default_to_the_preset_s() -> None:
    paper = Crnn().estimator(task=Task.VA, seed=1, device="cpu")
    assert isinstance(paper, CrnnRegressor)
    assert (paper.learning_rate, paper.batch_size, paper.epochs) == (1e-4, 8, 4)
    assert (paper.sequence, paper.start) == ("channels", "zero")
    changed = small(epochs=7, sequence="channels")
    assert (changed.epochs, changed.sequence) == (7, "channels")
    assert changed.learning_rate == PRESETS["small"].learning_rate


def test_descriptions_state_the_presets() -> None:
    for field in ("learning_rate", "batch_size", "epochs", "sequence", "start"):
        text = Crnn.model_fields[field].description or ""
        for name, preset in PRESETS.items():
            stated = text.split(f"{name}: ")[1].split(";")[0].rstrip(").")
            assert stated == str(getattr(preset, field))


def test_description() -> None:
    assert Crnn.name == "crnn"
    assert Crnn.inputs is FeatureKind.IMAGE
    assert Crnn.tasks == {Task.VA}
    assert Crnn(preset="small").settings == {"preset": "small"}


def test_the_small_preset_is_estimated_as_small():
    assert Crnn(preset="small").typical_cost.seconds < Crnn().typical_cost.seconds / 50
