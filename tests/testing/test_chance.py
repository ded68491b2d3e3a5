"""Who touches global random state: a plugin's own lines, or a library for them."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from merbench.testing import chance

HERE = (__file__,)


def by_a_function_of_its_own() -> None:
    unrelated = 1
    draws()
    assert unrelated


def draws() -> None:
    random.shuffle([1, 2])


def by_a_method_that_was_kept() -> None:
    kept = np.random.mtrand._rand  # type: ignore[attr-defined]
    kept.normal()


def seeds_torch() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(4)


@pytest.mark.parametrize(
    ("work", "generator", "line"),
    [
        (by_a_function_of_its_own, "random", "random.shuffle([1, 2])"),
        (by_a_method_that_was_kept, "numpy", "kept.normal()"),
        (seeds_torch, "torch", "torch.manual_seed(4)"),
    ],
)
def test_the_line_and_the_generator_are_named(
    work: Callable[[], None], generator: str, line: str
) -> None:
    with chance.preserved():
        touch = chance.touched_by(work, HERE)
    assert touch is not None
    assert touch.generator == generator
    assert Path(__file__).read_text().splitlines()[touch.line - 1].strip() == line
    assert str(touch) == f"of {generator} at {__file__}:{touch.line} (`{line}`)"


def test_what_is_put_back_is_no_touch() -> None:
    torch = pytest.importorskip("torch")

    def by_hand() -> None:
        state = random.getstate()
        random.seed(3)
        random.random()
        random.setstate(state)

    def by_torch() -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            torch.rand(2)

    def not_all_of_it() -> None:
        by_torch()
        torch.rand(3)

    with chance.preserved():
        assert chance.touched_by(by_hand, HERE) is None
        assert chance.touched_by(by_torch, HERE) is None
        touch = chance.touched_by(not_all_of_it, HERE)
    assert touch is not None
    assert "torch.rand(3)" in str(touch)


def test_a_library_that_a_line_calls_is_nobodys_fault() -> None:
    from sklearn.svm import SVR

    def work() -> None:
        SVR().fit([[0.0], [1.0]], [0.0, 1.0])
        assert sys.version

    with chance.preserved():
        before = chance.states()["numpy"]
        assert chance.touched_by(work, HERE) is None
        assert chance.states()["numpy"] != before


def test_what_runs_under_another_tracer_goes_on_under_it() -> None:
    seen = []

    def tracer(*arguments: object) -> None:
        seen.append(arguments)

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        chance.touched_by(lambda: None, HERE)
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)


def test_disturbed_changes_each_generator_and_puts_it_back() -> None:
    pytest.importorskip("torch")
    before = chance.states()
    with chance.disturbed():
        within = chance.states()
    assert all(within[name] != state for name, state in before.items())
    assert chance.states() == before
    with chance.disturbed("numpy"):
        changed = [name for name, state in chance.states().items() if state != before[name]]
    assert changed == ["numpy"]
