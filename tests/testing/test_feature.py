"""The checks of feature extractors: sound ones pass, and each check catches what breaks it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from checked_plugins import COUNTER, failed, results

from merbench import FeatureExtractor, FeatureKind, MerbenchError

KEEPS = "keeps to the frame rate that it states"

# --- feature extractors ---------------------------------------------------------------------------


class Levels(FeatureExtractor):
    """Mean and deviation."""

    name = "levels"
    kind = FeatureKind.VECTOR

    def extract(self, waveform: Any, sample_rate: int, *, device: str) -> Any:
        return np.array([waveform.mean(), waveform.std()])


class Frames(FeatureExtractor):
    """The deviation of every 1,000 samples."""

    name = "frames"
    kind = FeatureKind.SEQUENCE

    def extract(self, waveform: Any, sample_rate: int, *, device: str) -> Any:
        whole = waveform.shape[1] // 1_000 * 1_000
        if not whole:
            raise MerbenchError("too short for a frame")
        return waveform[0, :whole].reshape(-1, 1_000).std(axis=1, keepdims=True)

    def frame_rate(self, sample_rate: int, samples: int) -> float | None:
        return sample_rate / 1_000


class Samples(FeatureExtractor):
    """The first channel as it is."""

    name = "samples"
    kind = FeatureKind.WAVEFORM

    def extract(self, waveform: Any, sample_rate: int, *, device: str) -> Any:
        return waveform[0]

    def frame_rate(self, sample_rate: int, samples: int) -> float | None:
        return sample_rate


@pytest.mark.parametrize("cls", [Levels, Frames, Samples])
def test_a_sound_extractor_passes(cls: type[FeatureExtractor]) -> None:
    assert {name: r for name, r in results(cls).items() if r.status != "passed"} == {}


@pytest.mark.parametrize(
    ("rate", "status", "detail"),
    [
        (lambda rate, samples: None, "skipped", "it states no frame rate"),
        (lambda rate, samples: -rate, "failed", "states a frame rate of -22050"),
        (lambda rate, samples: rate / 800, "failed", "3 s of 22050 Hz are 66 frames where 1.5 s"),
        (lambda rate, samples: 22.05, "failed", "1.5 s of 44100 Hz are 66 frames where 1.5 s"),
    ],
)
def test_a_frame_rate_that_frames_do_not_keep_fails(
    rate: Callable[[int, int], float | None], status: str, detail: str
) -> None:
    class Stated(Frames):
        """Frames with another rate."""

        def frame_rate(self, sample_rate: int, samples: int) -> float | None:
            return rate(sample_rate, samples)

    found = results(Stated)[KEEPS]
    assert found.status == status
    assert detail in found.detail


def extracts(work: Callable[[Any], Any]) -> type[FeatureExtractor]:
    class Broken(Levels):
        """A broken extractor."""

        def extract(self, waveform: Any, sample_rate: int, *, device: str) -> Any:
            return work(waveform)

    return Broken


def scaled_in_place(waveform: Any) -> Any:
    waveform *= 2
    return waveform[0, :2]


def by_chance(waveform: Any) -> Any:
    return np.array([waveform.std(), next(COUNTER)])


def of_short_clips(waveform: Any) -> Any:
    return np.fft.rfft(waveform[0])[[1, 1_000]].real


SHAPES = "gives finite arrays of its kind's shape"


@pytest.mark.parametrize(
    ("work", "check", "detail"),
    [
        (lambda w: w, SHAPES, "which is no vector"),
        (lambda w: np.zeros(0), SHAPES, "which is no vector"),
        (lambda w: w[0], SHAPES, "clips of different length gave"),
        (lambda w: np.array([w.std(), np.nan]), SHAPES, "1 values that are NaN or infinite"),
        (lambda w: None, SHAPES, "the numbers of levels are None"),
        (lambda w: iter(w[0]), SHAPES, "the numbers of levels are of the type"),
        (lambda w: np.fft.rfft(w[0][:16]), SHAPES, "are complex numbers"),
        (lambda w: [[1.0, 2.0], [3.0]], SHAPES, "are no array (ValueError"),
        (scaled_in_place, SHAPES, "changed the waveform"),
        (lambda w: [w.std() + 0 * random.random()], SHAPES, "global random state of random"),
        (lambda w: w.std(axis=1)[:1] / w.std(), "extracts from silence", "NaN or infinite"),
        (lambda w: np.ones(3), "hears a difference", "two different clips gave the same feature"),
        (by_chance, "is deterministic", "two runs differ"),
        (of_short_clips, "meets a clip too short with a feature or a clear error", "IndexError"),
    ],
)
def test_a_broken_extractor_fails_its_check(
    work: Callable[[Any], Any], check: str, detail: str
) -> None:
    with np.errstate(invalid="ignore"):
        assert detail in failed(extracts(work)).get(check, "passed")


class Together(Levels):
    """Levels of several clips at once."""

    name = "together"
    at_once = 4

    def extract_many(self, waveforms: Any, sample_rates: Any, *, device: str) -> Any:
        return [self.extract(w, 1, device=device) * (1 + 1e-6) for w in waveforms]


MANY = "extracts from several clips at once as from each alone"


def test_several_clips_at_once_pass_where_they_differ_by_rounding() -> None:
    assert results(Together)[MANY].status == "passed"
    assert MANY not in results(Levels)


def halved_in_place(self: Any, waveforms: Any) -> Any:
    waveforms[0][:] /= 2
    return [self.extract(w, 1, device="cpu") for w in waveforms]


@pytest.mark.parametrize(
    ("work", "detail"),
    [
        (lambda self, w: [self.extract(w[0], 1, device="cpu")], "returned 1 arrays for 4 clips"),
        (lambda self, w: [np.ones(3)] * len(w), r"has the shape (3,), and (2,) alone"),
        (
            lambda self, w: [self.extract(v, 1, device="cpu") for v in w[::-1]],
            "of the largest number away from what it is alone",
        ),
        (halved_in_place, "`extract_many` changed a waveform"),
        (lambda self, w: 1 / 0, "ZeroDivisionError"),
        (lambda self, w: [v.std() + 0 * random.random() for v in w], "global random state"),
    ],
)
def test_several_clips_at_once_fail_where_they_are_not_what_each_is(work: Any, detail: str) -> None:
    class Broken(Together):
        """Broken."""

        def extract_many(self, waveforms: Any, sample_rates: Any, *, device: str) -> Any:
            return work(self, waveforms)

    assert detail in failed(Broken).get(MANY, "passed")


def test_a_number_of_clips_without_a_method_and_a_method_without_a_number_fail() -> None:
    class Number(Levels):
        """Says a number alone."""

        at_once = 8

    class Method(Together):
        """Has the method alone."""

        at_once = 1

    assert failed(Number)[MANY] == "its `at_once` is 8, and it has no `extract_many`"
    assert failed(Method)[MANY] == "its `extract_many` is never called; set `at_once`"
