"""What the training of networks shares: chance, threads, epochs, and what ends them."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from torch import nn
from torch.utils.data import TensorDataset

from merbench import MerbenchError
from merbench_plugins.models._training import (
    Accuracy,
    BestEpoch,
    EnoughError,
    StopAtDivergence,
    SummedSquaredError,
    own_randomness,
    own_threads,
    run_epochs,
)


def net(*callbacks: tuple[str, Callback], epochs: int = 3, rate: float = 0.01) -> NeuralNet:
    made = NeuralNet(
        nn.Linear,
        module__in_features=2,
        module__out_features=2,
        criterion=SummedSquaredError,
        lr=rate,
        max_epochs=epochs,
        train_split=None,
        callbacks=list(callbacks),
        callbacks__print_log=None,
        verbose=0,
    )
    return made.initialize()


def clips() -> TensorDataset:
    x = torch.linspace(-1, 1, 16).reshape(8, 2)
    return TensorDataset(x, x)


def epoch_of(loss: float, number: int) -> Any:
    """A net whose last epoch had this loss on the clips kept back."""
    module = SimpleNamespace(state_dict=lambda: {"epoch": number})
    return SimpleNamespace(history=[{"valid_loss": loss, "epoch": number}], module_=module)


def test_chance_follows_the_seed_and_torchs_own_state_stays() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    drawn = []
    for _ in range(2):
        with own_randomness(7, "cpu"):
            drawn.append(torch.rand(4))
    torch.testing.assert_close(*drawn, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), before)


def test_threads_are_those_that_merbench_may_use_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    before = torch.get_num_threads()
    with own_threads():
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == before


def test_epochs_run_until_they_are_over_or_a_callback_has_enough() -> None:
    class Second(Callback):
        ended = 0

        def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
            if len(net.history) == 2:
                raise EnoughError

        def on_train_end(self, net: NeuralNet, **_: Any) -> None:
            self.ended += 1

    whole, short = net(), net(("second", second := Second()))
    for made in (whole, short):
        run_epochs(made, clips())
    assert [len(made.history) for made in (whole, short)] == [3, 2]
    assert second.ended == 1


def test_a_key_pressed_ends_training_at_once() -> None:
    class Pressed(Callback):
        def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_epochs(net(("pressed", Pressed())), clips())


def test_a_loss_that_is_not_finite_ends_training_with_a_reason() -> None:
    diverging = net(("finite", StopAtDivergence("mine")), epochs=200, rate=1e6)
    with pytest.raises(MerbenchError, match=r"mine: training diverged in epoch \d+ \(loss "):
        run_epochs(diverging, clips())


def test_the_weights_of_the_least_loss_are_kept_for_as_long_as_patience_lasts() -> None:
    best = BestEpoch(patience=2)
    for number, loss in enumerate((3.0, 1.0, 2.0), start=1):
        best.on_epoch_end(epoch_of(loss, number))
    assert best.weights == {"epoch": 2}
    with pytest.raises(EnoughError):
        best.on_epoch_end(epoch_of(1.5, 4))
    # Of losses that are no numbers the first epoch's weights are kept, rather than none.
    lost = BestEpoch(patience=2)
    lost.on_epoch_end(epoch_of(math.nan, 1))
    assert lost.weights == {"epoch": 1}


def test_accuracy_is_counted_over_all_clips_of_an_epoch() -> None:
    recorded: dict[str, float] = {}
    made = SimpleNamespace(history=SimpleNamespace(record=recorded.__setitem__))
    accuracy = Accuracy()
    accuracy.on_epoch_begin(made)
    truth, found = torch.eye(3), torch.eye(3)[[0, 1, 1]]
    accuracy.on_batch_end(made, (None, truth), True, found)
    accuracy.on_batch_end(made, (None, truth[:1]), True, found[:1])
    accuracy.on_batch_end(made, (None, truth[2:]), False, found[2:])
    accuracy.on_epoch_end(made)
    assert recorded == {"train_accuracy": 3 / 4, "valid_accuracy": 0.0}


def test_errors_are_summed_over_columns_and_averaged_over_clips() -> None:
    outputs, truth = torch.zeros(2, 3), torch.tensor([[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]])
    assert SummedSquaredError()(outputs, truth).item() == pytest.approx(np.mean([1 + 4, 9]))
