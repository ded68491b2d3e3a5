"""What is said of an error, and where."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def test_an_error_is_one_line_and_status_2_without_a_traceback(program: Any) -> None:
    error = program("plugins", "show", "no-such-plugin").error
    assert error.startswith("there is no plugin 'no-such-plugin'")


@pytest.mark.parametrize("place", [0, 2, 3])
def test_debug_shows_the_traceback_wherever_it_stands(place: int, program: Any) -> None:
    arguments = ["plugins", "show", "no-such-plugin"]
    arguments.insert(place, "--debug")
    done = program(*arguments)
    assert done.status != 0
    assert "Traceback (most recent call last)" in done.stderr
    assert "PluginError: there is no plugin 'no-such-plugin'" in done.stderr


def test_an_error_of_several_lines_becomes_one(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from merbench import MerbenchError
    from merbench.plugins import discovery

    def fail(*args: Any, **kwargs: Any) -> None:
        raise MerbenchError("first line\n    second line")

    monkeypatch.setattr(discovery, "load_plugins", fail)
    assert call("plugins", "list").error == "first line second line"


def test_an_error_of_the_system_names_the_file(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from merbench.plugins import discovery

    def fail(*args: Any, **kwargs: Any) -> None:
        raise PermissionError(13, "Permission denied", "/some/where")

    monkeypatch.setattr(discovery, "load_plugins", fail)
    assert call("plugins", "list").error == "permission denied (/some/where)"


def test_an_unexpected_error_says_how_to_see_more(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from merbench.plugins import discovery

    def fail(*args: Any, **kwargs: Any) -> None:
        raise KeyError("alpha")

    monkeypatch.setattr(discovery, "load_plugins", fail)
    assert call("plugins", "list").error == (
        "unexpected KeyError: 'alpha'; see where with --debug, and report it"
    )


def test_a_closed_pipe_is_no_crash(home: Path, tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "merbench"
    process = subprocess.Popen(
        [program, "plugins", "list", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_sources_line_ends_are_not_those_of_the_help(
    columns: str, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for command in (["compare"], ["leaderboard", "build"], ["cache", "prune"]):
        said = call(*command, "--help").stdout.partition("Examples")[0].splitlines()[3:]
        lines = [line.strip() for line in said]
        for line, after in itertools.pairwise(lines):
            first = after.split(" ")[0]
            assert not after or not line or len(line) + 1 + len(first) > int(columns) - 2, line
