"""`merbench doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from merbench import devices


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "present", lambda name: "cpu")


def test_a_line_each_and_json(call: Any) -> None:
    done = call("doctor")
    assert done.status == 0, done.stderr
    assert "not needed" in done.stdout
    document = call("doctor", "--json").json
    assert document["broken"] is False
    assert document["conditions"][0].keys() == {"part", "state", "said", "remedy"}


def test_what_is_broken_is_the_exit_status(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MERBENCH_HOME", str(tmp_path / "file"))
    done = call("doctor", "--json")
    assert done.status == 1
    assert done.json["broken"] is True
