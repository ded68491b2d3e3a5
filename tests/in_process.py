"""The command line in the tests' own process: what its commands import is loaded once for all."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from merbench import cli
from merbench.components import EngineOptions
from merbench.engines import catalogue
from merbench.steps.store import Store
from tinybench import Here


@pytest.fixture
def without_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs do their steps in the process that the test calls them in.

    Worker processes are the subject of tests/engines, and of tests that start the program.
    """
    leave_workers_out(monkeypatch)


def leave_workers_out(patch: pytest.MonkeyPatch) -> None:
    """Have the local engine do its steps in this process until the patch is undone."""

    @contextlib.contextmanager
    def here(_: catalogue.Local, options: EngineOptions) -> Iterator[Here]:
        yield Here(Store(options.store))

    patch.setattr(catalogue.Local, "start", here)


def call_merbench(
    *arguments: str | Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Call the program with these variables in its environment, and without workers."""
    said, complained = io.StringIO(), io.StringIO()
    words = ["merbench", *map(str, arguments)]
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(complained),
    ):
        patch.setattr(sys, "argv", words)
        for name, value in environment.items():
            patch.setenv(name, value)
        leave_workers_out(patch)
        with pytest.raises(SystemExit) as left:
            cli.main()
    status = left.value.code
    status = status if isinstance(status, int) else int(bool(status))
    return subprocess.CompletedProcess(words, status, said.getvalue(), complained.getvalue())
