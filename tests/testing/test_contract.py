"""What every check is made of."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from checked_plugins import Folder, Made, results

from merbench.testing.contract import BrokenError, Result, attempt


def test_checks_leave_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    results(Made)
    results(Folder)
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_a_check_passes_with_a_detail_or_is_skipped() -> None:
    assert attempt("a", lambda: None) == Result("a", "passed", "")
    assert attempt("a", lambda: "two rows") == Result("a", "passed", "two rows")
    assert attempt("a", lambda: "skipped: no data") == Result("a", "skipped", "no data")


@pytest.mark.parametrize("error", [KeyboardInterrupt("odd"), SystemExit(0), ValueError("odd")])
def test_whatever_a_plugin_raises_is_its_fault(error: BaseException) -> None:
    def work() -> None:
        raise error

    result = attempt("a", work)
    assert result.status == "failed"
    assert type(error).__name__ in result.detail


def test_a_broken_contract_is_said_in_its_words() -> None:
    def work() -> None:
        raise BrokenError("it predicted nothing")

    assert attempt("a", work) == Result("a", "failed", "it predicted nothing")


def test_ctrl_c_itself_still_stops_the_command() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    try:
        with pytest.raises(KeyboardInterrupt):
            attempt("a", work)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
