"""Ways to call the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from merbench import cli

PROGRAM = Path(sys.executable).parent / "merbench"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The whole of standard output as JSON: nothing else may stand there."""
        return json.loads(self.stdout)

    @property
    def error(self) -> str:
        """The one line of an error."""
        lines = [line for line in self.stderr.splitlines() if not line.startswith("warning: ")]
        assert self.status == 2, self
        assert len(lines) == 1, self.stderr
        assert lines[0].startswith("error: ")
        assert self.stdout == ""
        return lines[0].removeprefix("error: ")


Call = Callable[..., Done]


@pytest.fixture
def call(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    without_workers: None,
) -> Call:
    """Call the program in this process, which does a run's steps too, in an empty folder: quick."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    def run(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["merbench", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main()
        status = left.value.code
        return Done(status if isinstance(status, int) else int(bool(status)), *capsys.readouterr())

    return run


@pytest.fixture
def program(home: Path, tmp_path: Path) -> Call:
    """Call the installed program, as a user does."""

    def run(*arguments: str | Path) -> Done:
        done = subprocess.run(
            [PROGRAM, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=120,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run
