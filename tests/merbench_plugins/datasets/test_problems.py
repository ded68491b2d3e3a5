"""Faults of a dataset are raised one at a time, or collected by a check."""

from __future__ import annotations

import pytest

from merbench import MerbenchError
from merbench.errors import TableError
from merbench_plugins.datasets.problems import Problems


def test_problems_let_programming_errors_through() -> None:
    with pytest.raises(ZeroDivisionError), Problems(collect=True):
        raise ZeroDivisionError
    problems = Problems(collect=True)
    with problems:
        raise MerbenchError("no")
    assert problems.findings[0].message == "no"


def test_the_first_fault_is_raised_unless_they_are_collected() -> None:
    with pytest.raises(TableError, match=r"a\.csv:2: odd"), Problems():
        raise TableError("a.csv:2", "odd")
    for collect in (False, True):
        problems = Problems(collect=collect)
        problems.warn("a.csv", "strange")
        problems.note("a.csv", "by the way")
        assert [found.level for found in problems.findings] == ["warning", "note"][: 2 * collect]
    with problems:
        raise TableError("a.csv:2", "odd")
    found = problems.findings[-1]
    assert (found.level, found.where, found.message) == ("error", "a.csv:2", "odd")
