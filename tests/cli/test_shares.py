from __future__ import annotations

import pytest

from merbench.cli import shares


def test_lines_say_what_is_new_and_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with shares.Shares() as progress:
        for share in (0.0, 0.25, 0.5, 1.0, 1.0):
            progress("w.pt", share)
        progress("next", 0.5)
    assert capsys.readouterr().err.splitlines() == ["  0%  w.pt", "100%  w.pt", " 50%  next"]


def test_long_work_says_now_and_then_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "_LINE_SECONDS", -1.0)
    with shares.Shares() as progress:
        for share in (0.0, 0.25, 0.5):
            progress("w.pt", share)
    assert len(capsys.readouterr().err.splitlines()) == 3
