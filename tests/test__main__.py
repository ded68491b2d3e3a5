"""The command by way of the interpreter."""

from __future__ import annotations

import subprocess
import sys

from merbench import __version__


def test_python_m_merbench_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "merbench", "--version"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, __version__ in done.stdout) == (0, True), done.stderr
