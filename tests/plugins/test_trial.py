"""Plugins tried in a process of their own: what is asked of it, and how it is lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from plugin_files import ACTS, IMPORTS, faults, model, write

import trialacts
from merbench.errors import PluginError
from merbench.plugins import discovery, trial
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
        folder, said, pid = trial.call_apart(trialacts.sound, home=HOME).said.split()
        assert (folder, said) == (str(tmp_path), value)
        pids.add(pid)
    assert len(pids - {str(os.getpid())}) == 1  # one process serves, and it is not this one


def test_a_crash_names_the_line_and_the_next_is_asked_anew() -> None:
    line = next(
        n for n, text in enumerate(Path(HOME).read_text().splitlines(), 1) if "string_at" in text
    )
    assert trial.call_apart(trialacts.crashes, home=HOME) == Answer(
        f"it crashed the process by SIGSEGV at {HOME}:{line}, in crashes"
    )
    assert trial.call_apart(trialacts.sound, home=HOME).fault == ""


def test_an_end_is_seen_whatever_is_left_behind() -> None:
    started = time.monotonic()
    fault = trial.call_apart(trialacts.leaves_a_child_that_holds_on, home=HOME).fault
    assert fault == "it ended the process with status 5"
    assert time.monotonic() - started < 30


@pytest.mark.usefixtures("impatient")
def test_a_hang_is_bounded_and_names_the_plugins_line() -> None:
    started = time.monotonic()
    fault = trial.call_apart(trialacts.hangs_beside_a_thread, home=HOME).fault
    assert fault.startswith(f"it took longer than {trial.LEAST:g} s at {HOME}:")
    assert fault.endswith("in hangs_beside_a_thread; raise --timeout")
    assert time.monotonic() - started < 30


@pytest.mark.usefixtures("impatient")
def test_what_ignores_signals_is_ended_all_the_same() -> None:
    assert trial.call_apart(trialacts.ignores_signals, home=HOME).fault == (
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


def test_an_interrupt_by_the_user_is_no_problem_of_a_plugin(tmp_path: Path) -> None:
    path = write(tmp_path / "slow.py", "import time\ntime.sleep(60)\n")
    interrupt = threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT))
    # A shell has what it runs in the background ignore interrupts, these tests among it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupt.start()
    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            discovery.load_plugins([path])
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - started < 30


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("act", ACTS)
def test_whatever_an_import_does_is_a_problem_and_the_others_are_there(
    tmp_path: Path, act: str
) -> None:
    does, expected = ACTS[act]
    odd = write(tmp_path / "odd.py", f"{IMPORTS}{does}\n")
    sound = write(tmp_path / "sound.py", model("sound"))
    registry = discovery.load_plugins([odd, sound])
    assert registry.get("model", "sound")
    (fault,) = faults(registry, odd)
    assert re.search(expected, fault), fault
    assert "\n" not in fault


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("act", ["ends the process", "interrupts", "sleeps"])
def test_whatever_a_hook_does_is_a_problem(tmp_path: Path, act: str) -> None:
    does, expected = ACTS[act]
    odd = write(tmp_path / "odd.py", model("x", hook=f"{does}; yield Given") + IMPORTS)
    (fault,) = faults(discovery.load_plugins([odd]), odd)
    assert re.search(expected, fault), fault


def test_a_title_that_raises_or_is_no_line_of_text_is_said(tmp_path: Path) -> None:
    def built(body: str) -> None:
        path = write(tmp_path / f"p{abs(hash(body))}.py", model("titled", body))
        discovery.load_plugins([path]).build("model", "titled", {})

    with pytest.raises(PluginError, match=r"model 'titled' cannot say its title \(ZeroDivision"):
        built("@property\ndef title(self): return 1 / 0")
    with pytest.raises(PluginError, match=r"cannot say its title \(SystemExit: 0\)"):
        built("@property\ndef title(self): raise SystemExit(0)")
    for title in ("7", "''", "'a\\nb'", "'\\x1b[31mred'"):
        with pytest.raises(PluginError, match=r"has the title .*, which is no line of text"):
            built(f"@property\ndef title(self): return {title}")


def test_a_plugin_that_failed_is_tried_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.py", "1 / 0\n")
    assert faults(discovery.load_plugins([path]), path)
    write(path, model("mine") + "# of another length\n")
    registry = discovery.load_plugins([path])
    assert faults(registry, path) == []
    assert registry.get("model", "mine")


def test_a_thread_that_keeps_commands_from_ending_is_named() -> None:
    answer = trial.call_apart(trialacts.starts_a_thread_that_lasts, home=HOME)
    assert "it started the thread 'for ever', which keeps every command from ending" in answer.fault


def test_a_process_that_ended_between_two_questions_is_nobodys_fault() -> None:
    assert trial.call_apart(trialacts.sound, home=HOME).fault == ""
    process = trial._asking._process
    assert process is not None
    process.kill()
    process.wait()
    assert trial.call_apart(trialacts.sound, home=HOME).fault == ""
