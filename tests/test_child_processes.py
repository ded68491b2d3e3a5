"""The processes that a worker starts: found, counted, and ended."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil

from merbench import child_processes

SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_what_was_started_is_found_and_ended() -> None:
    process = subprocess.Popen(SLEEPS)
    try:
        assert process.pid in {child.pid for child in child_processes.children()}
        child_processes.kill(child_processes.children())
        assert process.wait(timeout=30) != 0
    finally:
        process.kill()
    assert process.pid not in {child.pid for child in child_processes.children()}


def test_what_lost_its_parent_is_found_by_its_mark() -> None:
    code = (
        "import subprocess, sys\n"
        "sleeps = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        "child = subprocess.Popen(sleeps, stdout=subprocess.DEVNULL)\n"
        "print(child.pid)\n"
    )
    with child_processes.marking("test-of-marks"):
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    orphan = psutil.Process(int(done.stdout))
    try:
        assert orphan in child_processes.of(None, "test-of-marks")
        assert orphan not in child_processes.of(None, "another mark")
    finally:
        child_processes.kill([orphan])
    for _ in range(100):
        if not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.1)
    raise AssertionError("it lives on")


def test_ending_what_has_ended_is_no_error() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    known = psutil.Process(process.pid)
    process.wait()
    child_processes.kill([known])
    assert child_processes.unique_memory(known) == 0


def test_memory_is_what_a_process_has_for_itself() -> None:
    assert child_processes.unique_memory(psutil.Process()) > 1e6
