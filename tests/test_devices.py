"""Devices that are there, and those that are not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from merbench import devices
from merbench.errors import MerbenchError


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """A machine with as many devices of each kind as are given, and one processor."""

    def make(**counts: int) -> None:
        known = {"cpu": 1} | counts
        monkeypatch.setattr(devices, "_count", lambda torch, kind: known.get(kind, 0))

    return make


@pytest.mark.parametrize(
    ("counts", "name", "means"),
    [
        ({}, "auto", "cpu"), ({"cuda": 2}, "auto", "cuda"), ({"mps": 1}, "auto", "mps"),
        ({"cuda": 2}, "cuda:1", "cuda:1"), ({"cuda": 1}, "cuda", "cuda"),
        ({"cuda": 1}, "cpu", "cpu"), ({}, "cpu:0", "cpu:0"),
    ],
)  # fmt: skip
def test_a_device_that_is_there_is_meant_and_auto_is_the_best(machine, counts, name, means):
    machine(**counts)
    assert devices.present(name) == means


@pytest.mark.parametrize(
    ("counts", "name", "says"),
    [
        ({}, "banana", "device: 'banana' is no torch device (here there is cpu; write one of "),
        ({}, "cuda", "device: this machine has no cuda (here there is cpu; write one of these, "),
        ({"cuda": 1}, "cuda:1", "this machine has no cuda:1 (here there is cpu and cuda; write"),
        ({}, "meta", "this machine has no meta"), ({}, "cpu:1", "this machine has no cpu:1"),
        ({}, "cuda:-1", "'cuda:-1' is no torch device"), ({}, "CPU", "'CPU' is no torch device"),
    ],
)  # fmt: skip
def test_one_that_is_not_there_is_a_sentence_with_those_there_are(machine, counts, name, says):
    machine(**counts)
    with pytest.raises(MerbenchError) as error:
        devices.present(name)
    assert says in str(error.value)


def test_this_machine_has_what_torch_says():
    import torch

    there = {"cuda": torch.cuda, "mps": torch.backends.mps, "xpu": torch.xpu}
    usable = [kind for kind, module in there.items() if module.is_available()]
    assert devices.present("auto") == [*usable, "cpu"][0]
    for kind in usable:
        assert devices.present(kind) == kind


def test_the_processor_needs_no_torch():
    code = (
        "import sys; from merbench import devices; devices.present('cpu'); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
