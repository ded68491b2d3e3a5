"""What takes long and nothing bounds is said."""

from __future__ import annotations

import time

import pytest

from merbench import waiting
from merbench.waiting import said_if_long


def test_what_takes_long_is_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(waiting, "LONG", 0.02)
    said = ""
    with said_if_long("clips() of slow"):
        until = time.monotonic() + 10
        while not said and time.monotonic() < until:
            time.sleep(0.01)
            said = capsys.readouterr().err
    assert said == "note: clips() of slow has been running for 0 s; Ctrl-C ends the command\n"
    assert capsys.readouterr() == ("", "")


def test_what_is_quick_is_not_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(waiting, "LONG", 0.2)
    with said_if_long("clips() of quick"):
        pass
    time.sleep(0.3)
    assert capsys.readouterr() == ("", "")
