"""What a plugin may do to its process, in a module that another process can import."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from merbench.plugins.trial import Answer


def sound() -> Answer:
    return Answer(said=f"{Path.cwd()} {os.environ.get('TRIAL_TEST', '')} {os.getpid()}")


def crashes() -> Answer:
    ctypes.string_at(0)
    return Answer()


def leaves_a_child_that_holds_on() -> Answer:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    os._exit(5)


def hangs_beside_a_thread() -> Answer:
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    time.sleep(600)
    return Answer()


def ignores_signals() -> Answer:
    for number in (signal.SIGABRT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(600)
    return Answer()
