"""Progress of a run: plain lines where there is no terminal, bars where there is one."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass

import pytest
from rich.console import Console

from merbench.cli import display, progress
from merbench.engines.schedule import Outcome
from merbench.steps.step import Step


@dataclass(frozen=True)
class Work(Step):
    stage: str  # type: ignore[misc]
    key: str = "k"
    needs: tuple[str, ...] = ()


def outcome(stage: str, error: str = "", *, inherited: bool = False) -> Outcome:
    return Outcome(Work(stage), error, 1.0, inherited=inherited)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be set."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_line_at_most_every_ten_seconds_and_one_at_the_end(clock, capsys):
    with progress.Progress(Counter(separate=2, fit=1)) as shown:
        clock[0] = 105.0
        shown.report(outcome("separate"))
        assert capsys.readouterr().err == ""
        clock[0] = 112.0
        shown.report(outcome("separate"))
        assert capsys.readouterr().err == "[12 s] separating clips 2/2, fitting folds 0/1\n"
        clock[0] = 121.0
        shown.report(outcome("fit"))
        assert capsys.readouterr().err == "", "nine seconds after the last line"
        clock[0] = 220.0
    captured = capsys.readouterr()
    assert captured.err == "[2 min] separating clips 2/2, fitting folds 1/1\n"
    assert captured.out == "", "standard output is for results"


def test_a_failure_is_shown_when_it_happens_and_once(clock, capsys):
    with progress.Progress(Counter(extract=1, fit=2)) as shown:
        shown.report(outcome("extract", "c1.wav is silent"))
        assert capsys.readouterr().err == "failed: c1.wav is silent\n"
        shown.report(outcome("fit", "c1.wav is silent", inherited=True))
        assert capsys.readouterr().err == ""
    assert capsys.readouterr().err == "[0.0 s] extracting features 1/1, fitting folds 1/2\n"


def test_nothing_to_do_says_nothing(clock, capsys):
    with progress.Progress(Counter()):
        pass
    assert capsys.readouterr().err == ""


def test_what_is_broken_off_is_not_summed_up(clock, capsys):
    with pytest.raises(KeyboardInterrupt), progress.Progress(Counter(fit=1)):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == ""


def test_every_stage_of_a_run_has_words():
    import importlib
    import pkgutil

    import merbench.steps

    for module in pkgutil.iter_modules(merbench.steps.__path__):
        importlib.import_module(f"merbench.steps.{module.name}")
    stages, todo = set(), [Step]
    while todo:
        cls = todo.pop()
        todo += cls.__subclasses__()
        if cls.__module__.startswith("merbench.steps.") and isinstance(
            stage := getattr(cls, "stage", None), str
        ):
            stages.add(stage)
    assert stages == set(progress._STAGES)


def test_a_terminal_has_a_bar_for_each_stage_with_work(clock, monkeypatch, capsys):
    written = io.StringIO()
    terminal = Console(file=written, force_terminal=True, width=120, _environ={})
    monkeypatch.setattr(display, "console", lambda *, err: terminal)
    with progress.Progress(Counter(separate=1, fit=4)) as shown:
        clock[0] = 102.0
        shown.report(outcome("fit"))
        shown.report(outcome("fit", "no [bold] numbers"))
    text = written.getvalue()
    assert "separating clips" in text
    assert "fitting folds" in text
    assert "2/4" in text
    assert "1.0/s" in text  # two in two seconds
    assert "failed: no [bold] numbers" in text
    assert "extracting" not in text
    assert capsys.readouterr().err == ""
