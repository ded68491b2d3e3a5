"""What a failed check teaches."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from checked_plugins import results
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from merbench import FeatureExtractor, FeatureKind, Model, Task, testing
from merbench.testing import lessons
from merbench.testing.contract import Result

HERE = Path(__file__)
CHECKS = HERE.parents[2] / "src/merbench/testing"


class Broken(FeatureExtractor):
    """Of another shape each time, and it divides by silence."""

    name = "broken"
    kind: ClassVar[FeatureKind] = FeatureKind.VECTOR

    def extract(self, waveform: Any, sample_rate: int, *, device: str) -> Any:
        if not waveform.any():
            raise ZeroDivisionError("level")  # the line that is to be named
        waveform[0, 0] = 0
        return np.zeros(waveform.shape[1] % 7 + 1, dtype=np.float32)


def line_of(text: str) -> str:
    lines = HERE.read_text().splitlines()
    number = next(i for i, line in enumerate(lines, 1) if text in line and "line_of" not in line)
    return f"{HERE}:{number}"


@pytest.fixture(scope="module")
def failed() -> dict[str, Result]:
    return {name: r for name, r in results(Broken).items() if r.status == "failed"}


def test_a_failed_check_says_what_where_why_and_what_to_write(failed: dict[str, Result]) -> None:
    result = failed["gives finite arrays of its kind's shape"]
    assert result.detail == "it changed the waveform it was given"
    assert result.place == line_of("def extract(self, waveform: Any")
    assert "shared with other systems" in result.why
    assert result.write == "waveform = waveform.copy()"


def test_what_is_raised_is_placed_where_it_was(failed: dict[str, Result]) -> None:
    result = failed["extracts from silence"]
    assert result.place == line_of("raise ZeroDivisionError")
    assert "silence" in result.why


class Estimator(BaseEstimator):
    def fit(self, X: Any, Y: Any) -> Estimator:
        self.mean_ = Y.mean(axis=0)
        return self

    def predict(self, X: Any) -> Any:
        return np.tile(self.mean_[:2], (len(X), 1))


class OfThatEstimator(Model):
    """Predicts two columns of four."""

    name = "of-that-estimator"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    def estimator(self, *, task: Task, seed: int, device: str) -> Any:
        return make_pipeline(StandardScaler(), Estimator())


def test_a_models_fault_is_placed_in_the_estimators_own_method() -> None:
    failed = {name: r for name, r in results(OfThatEstimator).items() if r.status == "failed"}
    result = failed["predicts finite rows (va)"]
    assert result.detail == "it predicted the shape (6, 2) for 6 clips and 4 columns"
    assert result.place == line_of("def predict(self, X: Any)")
    assert failed["refuses NaN features (va)"].place == line_of("def fit(self, X: Any")


def test_what_merbench_finds_in_a_result_is_no_error_of_the_authors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Broken, "extract", lambda self, waveform, rate, *, device: None)
    result = results(Broken)["gives finite arrays of its kind's shape"]
    assert (
        result.detail
        == "the check's clip: the numbers of broken are None; return an array of real numbers"
    )
    assert result.why == lessons.BY_CHECK["gives finite arrays of its kind's shape"].why


def test_a_lesson_is_written_in_lines(failed: dict[str, Result]) -> None:
    (text,) = testing.failures([failed["extracts from silence"]])
    first, *rest = text.splitlines()
    assert first == "failed: extracts from silence"
    assert [line.split()[0] for line in rest] == ["what", "where", "why", "write"]


def test_what_several_checks_found_is_said_once() -> None:
    found = [Result(name, "failed", "it is wrong", "mine.py:1") for name in ("first", "second")]
    (text,) = testing.failures([*found, Result("third", "passed")])
    assert text.splitlines()[0] == "failed: first and 1 more"


def test_an_error_that_no_check_asked_about_is_a_lesson_of_its_own() -> None:
    said = Result("clones (va)", "failed", "KeyError: 'alpha'", "mine.py:3")
    assert "a failed row" in lessons.taught(said, Broken).why


def test_what_passed_teaches_nothing() -> None:
    passed = Result("clones (va)", "passed")
    assert lessons.taught(passed, Broken) == passed


def test_a_place_that_is_said_goes_before_the_method() -> None:
    said = Result("is deterministic", "failed", "the global random state at mine.py:7 (`x`)")
    taught = lessons.taught(said, Broken)
    assert taught.place == "mine.py:7"
    assert "default_rng" in taught.write


def test_there_is_a_lesson_for_every_check() -> None:
    names = set()
    for path in CHECKS.glob("*.py"):
        text = path.read_text()
        names |= set(re.findall(r'yield\s*\(?\s*"([^"]+)"', text))
        names |= set(re.findall(r'(?:attempt|Result)\(\s*"([^"]+)"', text))
    assert len(names) > 40
    assert names == lessons.BY_CHECK.keys()


def test_every_lesson_says_why_and_what_to_write() -> None:
    every = [*lessons.BY_CHECK.values(), *(lesson for _, lesson in lessons.BY_FAULT)]
    for lesson in every:
        assert lesson.why.endswith(".")
        assert lesson.write
