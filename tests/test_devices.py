"""Devices that are there, and those that are not."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

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


@pytest.mark.parametrize(
    ("device", "kind", "keys"),
    [("cpu", "cpu", {}), ("cpu:0", "cpu", {}), ("cuda", "cuda", {"device": "cuda"}),
     ("cuda:1", "cuda", {"device": "cuda"}), ("mps", "mps", {"device": "mps"})],
)  # fmt: skip
def test_a_key_holds_the_kind_of_device_and_nothing_for_the_processor(device, kind, keys):
    assert devices.kind(device) == kind
    assert devices.in_keys(device) == keys


# --- turns ---------------------------------------------------------------------------------------

HOLD = """
import sys, time
from pathlib import Path
from merbench import devices

with devices.turn(Path(sys.argv[1]), sys.argv[2]):
    print("mine", flush=True)
    time.sleep(60)
"""


def hold(folder: Path, device: str) -> subprocess.Popen[str]:
    """Have another process take a turn, and keep it."""
    command = [sys.executable, "-c", HOLD, str(folder), device]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "mine\n"
    return process


def taken(folder: Path, device: str, seconds: float) -> bool:
    """Tell whether a turn comes within some time; it is given back at once."""
    came = threading.Event()

    def take() -> None:
        with devices.turn(folder, device):
            came.set()

    threading.Thread(target=take, daemon=True).start()
    return came.wait(seconds)


def test_a_device_is_one_processes_and_a_killed_one_gives_it_back(tmp_path):
    with hold(tmp_path, "cuda") as other:
        try:
            assert not taken(tmp_path, "cuda:0", 0.3)  # cuda is the first
            assert taken(tmp_path, "cuda:1", 10)
            assert taken(tmp_path, "cpu", 10)
            other.send_signal(signal.SIGKILL)
            assert taken(tmp_path, "cuda", 10)
        finally:
            other.kill()


def test_the_processor_is_shared_and_leaves_no_file(tmp_path):
    with devices.turn(tmp_path, "cpu"), devices.turn(tmp_path, "cpu"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_turn_ends_though_a_process_that_was_started_in_it_goes_on(tmp_path):
    with devices.turn(tmp_path, "meta"):
        child = os.fork()  # as a data loader's: it has the lock's file open too
        if child == 0:
            time.sleep(60)
            os._exit(0)
    try:
        assert taken(tmp_path, "meta", 10)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_turn_ends_with_an_error_too(tmp_path):
    with pytest.raises(ZeroDivisionError), devices.turn(tmp_path, "meta"):
        raise ZeroDivisionError
    assert taken(tmp_path, "meta", 10)


@pytest.mark.parametrize(
    ("visible", "device", "unit"),
    [("", "cuda", "cuda-0"), ("3,1", "cuda:1", "cuda-1"), ("3,1", "cuda", "cuda-3"),
     ("GPU-8a", "cuda:0", "cuda-GPU-8a"), ("3", "mps", "mps-0")],
)  # fmt: skip
def test_turns_are_on_the_card_itself_whichever_a_process_sees(
    tmp_path, monkeypatch, visible, device, unit
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with devices.turn(tmp_path, device):
        (file,) = tmp_path.iterdir()
    assert file.name == f"turn-{platform.node()}-{unit}.lock"


def test_memory_that_torch_keeps_on_the_device_is_given_back(tmp_path, monkeypatch):
    emptied = []
    stand_in = SimpleNamespace(
        is_available=lambda: True,
        device_count=lambda: 2,
        empty_cache=lambda: emptied.append("cuda"),
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=stand_in))
    with devices.turn(tmp_path, "cuda:1"):
        assert not emptied
    assert emptied == ["cuda"]


def test_a_folder_that_cannot_be_locked_is_named(tmp_path):
    with (
        pytest.raises(MerbenchError, match=r"cannot be locked \(No such file or directory\).*MERB"),
        devices.turn(tmp_path / "missing", "cuda"),
    ):
        pass
