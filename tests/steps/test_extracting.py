"""Extracting: an extractor is held to its contract, and its inputs to the plan's key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from stage_plugins import CHANGED, Files, Mean, Whole, extraction, rewrite

from merbench import AudioError, FeatureExtractor, FeatureKind
from merbench.errors import ChangedError, PluginError
from merbench.steps.extracting import extract, frame_rate

RETURNS: dict[str, tuple[FeatureKind, Any, str]] = {
    "a vector of NaN": (
        FeatureKind.VECTOR,
        np.array([1, np.nan, np.inf]),
        r"stem bass: broken returned 2 values that are NaN or infinite",
    ),
    "what float32 cannot hold": (
        FeatureKind.VECTOR,
        np.array([1e300]),
        r"stem bass: broken returned 1 values that are NaN or infinite",
    ),
    "an image for a vector": (
        FeatureKind.VECTOR,
        np.ones((2, 3)),
        r"stem bass: broken returned the shape \(2, 3\), which is no vector",
    ),
    "a vector for an image": (
        FeatureKind.IMAGE,
        np.ones(3),
        r"stem bass: broken returned the shape \(3,\), which is no image",
    ),
    "a vector for a sequence": (FeatureKind.SEQUENCE, np.ones(3), "which is no sequence"),
    "channels for a waveform": (FeatureKind.WAVEFORM, np.ones((1, 3)), "which is no waveform"),
    "a number": (FeatureKind.VECTOR, 3.0, r"the shape \(\), which is no vector"),
    "nothing": (FeatureKind.VECTOR, np.ones(0), r"the shape \(0,\), which is no vector"),
}


def returning(kind_: FeatureKind, value: Any) -> FeatureExtractor:
    class Broken(FeatureExtractor):
        """Returns what it is told to."""

        name = "broken"
        kind = kind_

        def extract(self, waveform, sample_rate, *, device):
            if isinstance(value, Exception):
                raise value
            return value

    return Broken()


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize(("kind", "value", "says"), RETURNS.values(), ids=RETURNS.keys())
def test_an_extractor_that_breaks_its_contract_is_refused(kind, value, says):
    with pytest.raises(PluginError, match=says):
        extract(returning(kind, value), np.ones((1, 8), np.float32), 8000, "stem bass")


def test_an_extractors_own_error_is_given_the_stem_and_keeps_its_type():
    broken = returning(FeatureKind.VECTOR, AudioError("too short"))
    with pytest.raises(AudioError, match=r"^stem bass: too short$"):
        extract(broken, np.ones((1, 8), np.float32), 8000, "stem bass")


def stating(rate: Any, kind_: FeatureKind = FeatureKind.SEQUENCE) -> FeatureExtractor:
    class Stated(FeatureExtractor):
        """States a frame rate."""

        name = "stated"
        kind = kind_

        def frame_rate(self, sample_rate, samples):
            return rate(sample_rate, samples) if callable(rate) else rate

    return Stated()


def test_a_frame_rate_is_asked_for_the_clips_sample_rate_and_length():
    assert frame_rate(stating(lambda rate, samples: rate / samples), 8_000, 400) == 20.0
    assert frame_rate(stating(np.float32(43)), 8_000, 400) == 43.0
    assert frame_rate(stating(None), 8_000, 400) is None
    assert frame_rate(stating(43.0, FeatureKind.VECTOR), 8_000, 400) is None


@pytest.mark.parametrize("rate", [0, -1.0, float("nan"), float("inf"), "fast"])
def test_a_frame_rate_that_is_none_is_refused(rate):
    with pytest.raises(PluginError, match=r"^stated states a frame rate of .* no positive number"):
        frame_rate(stating(rate), 8_000, 400)


def test_audio_that_changed_since_the_plan_is_refused(clip, store, tmp_path):
    work = extraction(Files(), clip, Whole())
    rewrite(clip.audio)
    with pytest.raises(ChangedError, match=CHANGED.format(tmp_path, "c.wav")):
        work.run(store)
    assert not store.has(work.key)
    again = extraction(Files(), clip, Whole())
    again.run(store)
    assert again.key != work.key
    assert store.has(again.key)


def test_audio_that_changes_while_it_is_decoded_is_refused(clip, store, tmp_path):
    class Busy(Files):
        """Meets another program that writes its files."""

        decodes_by = frozenset()

        def decode(self, clip):
            decoded = super().decode(clip)
            rewrite(clip.audio)
            return decoded

    work = extraction(Busy(), clip, Whole())
    with pytest.raises(ChangedError, match=CHANGED.format(tmp_path, "c.wav")):
        work.run(store)
    assert not store.has(work.key)


def test_weights_that_changed_since_the_plan_are_refused(clip, store, tmp_path):
    (tmp_path / "w").write_bytes(b"weights")
    work = extraction(Files(), clip, Whole(), Mean(weights=tmp_path / "w"))
    (tmp_path / "w").write_bytes(b"weights, trained longer")
    with pytest.raises(
        ChangedError,
        match=r"^the source of files or whole or mean-magnitude, or a file that it names, changed",
    ):
        work.run(store)
    assert not store.has(work.key)
