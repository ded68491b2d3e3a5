"""Plugins tried in a process of their own: what is asked of it, and how it is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import trialacts
from merbench.plugins import trial
from merbench.plugins.trial import Answer

HOME = trialacts.__file__


@pytest.fixture
def impatient() -> Iterator[None]:
    trial.wait_at_most(0.1)
    yield
    trial.wait_at_most(None)


def test_what_is_asked_sees_the_folder_and_environment_of_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = set()
    for value in ("one", "two"):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("TRIAL_TEST", value)
        folder, said, pid = trial.attempt(trialacts.sound, home=HOME).said.split()
        assert (folder, said) == (str(tmp_path), value)
        pids.add(pid)
    assert len(pids - {str(os.getpid())}) == 1  # one process serves, and it is not this one


def test_a_crash_names_the_line_and_the_next_is_asked_anew() -> None:
    line = next(
        n for n, text in enumerate(Path(HOME).read_text().splitlines(), 1) if "string_at" in text
    )
    assert trial.attempt(trialacts.crashes, home=HOME) == Answer(
        f"it crashed the process by SIGSEGV at {HOME}:{line}, in crashes"
    )
    assert trial.attempt(trialacts.sound, home=HOME).fault == ""


def test_an_end_is_seen_whatever_is_left_behind() -> None:
    started = time.monotonic()
    fault = trial.attempt(trialacts.leaves_a_child_that_holds_on, home=HOME).fault
    assert fault == "it ended the process with status 5"
    assert time.monotonic() - started < 30


@pytest.mark.usefixtures("impatient")
def test_a_hang_is_bounded_and_names_the_plugins_line() -> None:
    started = time.monotonic()
    fault = trial.attempt(trialacts.hangs_beside_a_thread, home=HOME).fault
    assert fault.startswith(f"it took longer than {trial.LEAST:g} s at {HOME}:")
    assert fault.endswith("in hangs_beside_a_thread; raise --timeout")
    assert time.monotonic() - started < 30


@pytest.mark.usefixtures("impatient")
def test_what_ignores_signals_is_ended_all_the_same() -> None:
    assert trial.attempt(trialacts.ignores_signals, home=HOME).fault == (
        f"it took longer than {trial.LEAST:g} s; raise --timeout"
    )


def test_no_process_is_left_behind() -> None:
    code = (
        "import os; from merbench.plugins import trial; trial._asking._start(); "
        "print(trial._asking._process.pid)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


def test_an_end_without_a_good_bye_ends_the_trial_too() -> None:
    code = (
        "import os; from merbench.plugins import trial; trial._asking._start(); "
        "print(trial._asking._process.pid, flush=True); os._exit(0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    for _ in range(100):
        try:
            os.kill(int(done.stdout), 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    raise AssertionError("it lives on")


def test_a_thread_that_keeps_commands_from_ending_is_named() -> None:
    answer = trial.attempt(trialacts.starts_a_thread_that_lasts, home=HOME)
    assert "it started the thread 'for ever', which keeps every command from ending" in answer.fault
