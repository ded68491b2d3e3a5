"""How many threads a process may use."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from merbench import threads


def test_what_was_set_bounds_what_is_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads.available() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "0")
    assert threads.available() == 1


@pytest.mark.parametrize("value", ["", "many", "4,2"])
def test_what_is_no_number_bounds_nothing(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert threads.available() == threads.cores()
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert threads.available() == threads.cores()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs processor affinity")
def test_cores_are_those_this_process_may_run_on() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from merbench import threads; print(threads.cores())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "1\n", done.stderr


def test_the_environment_bounds_numpys_threads() -> None:
    code = (
        "import numpy, threadpoolctl; "
        "print({pool['num_threads'] for pool in threadpoolctl.threadpool_info()})"
    )
    environment = os.environ | threads.environment(1)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.stdout in ("{1}\n", "set()\n"), done.stderr
    assert threads.environment(5)["NUMBA_NUM_THREADS"] == "5"
