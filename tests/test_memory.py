"""Memory of a process and its children, watched and bounded."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import psutil

from merbench import memory


def test_the_peak_is_what_was_held_while_it_was_watched() -> None:
    before = psutil.Process().memory_info().rss
    with memory.watch() as watched:
        held = np.ones(40_000_000)  # 320 MB
        del held
    assert watched.peak - before > 250e6


def test_a_process_that_holds_too_much_exits_with_its_status() -> None:
    code = (
        "import os, threading, time; from merbench import memory\n"
        "threading.Thread(target=memory.guard, args=(10**8, 77, os.getppid())).start()\n"
        "held = b'x' * 300_000_000\n"
        "time.sleep(60)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=60, env=os.environ)
    assert done.returncode == 77


def test_workers_together_leave_the_machine_some() -> None:
    total = psutil.virtual_memory().total
    assert 3 * memory.share(3) < total
    assert memory.share(1) > memory.share(2) > total / 4
