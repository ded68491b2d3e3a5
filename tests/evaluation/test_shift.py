"""Descriptors of music, and the two-sample test over them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from merbench.errors import MerbenchError
from merbench.evaluation.shift import BAND_EDGES, DESCRIPTORS, TrainingMusic, describe, two_samples

RATE = 22_050


def tone(frequency: float, seconds: float = 4.0, rate: int = RATE) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)


def stereo(signal: np.ndarray) -> np.ndarray:
    return np.stack([signal, signal]).astype(np.float32)


def described(waveform: np.ndarray, rate: int = RATE) -> dict[str, float]:
    return dict(zip(DESCRIPTORS, describe(waveform, rate), strict=True))


@pytest.mark.parametrize("band", range(len(BAND_EDGES) - 1))
def test_a_tone_is_in_its_own_octave(band):
    found = described(stereo(tone(float(np.sqrt(BAND_EDGES[band] * BAND_EDGES[band + 1])))))
    bands = [found[name] for name in DESCRIPTORS[: len(BAND_EDGES) - 1]]
    assert int(np.argmax(bands)) == band
    assert bands[band] == pytest.approx(0.0, abs=0.5)


def test_level_does_not_count_and_silence_has_a_description():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(2, 3 * RATE)).astype(np.float32)
    np.testing.assert_allclose(describe(0.01 * noise, RATE), describe(noise, RATE), atol=1e-3)
    assert (describe(np.zeros((1, 100), np.float32), RATE) == -60).all()


def test_sample_rate_hardly_counts():
    signal = tone(300) + 0.3 * tone(4000)
    fast = tone(300, rate=44_100) + 0.3 * tone(4000, rate=44_100)
    np.testing.assert_allclose(
        describe(stereo(signal), RATE)[:8], describe(stereo(fast), 44_100)[:8], atol=1.0
    )


def test_each_descriptor_says_what_it_is_called():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=4 * RATE)
    assert described(stereo(noise))["flatness"] > described(stereo(tone(440)))["flatness"] + 10
    pulsed = noise * (np.arange(len(noise)) % (RATE // 2) < RATE // 8)
    assert described(stereo(pulsed))["dynamics"] > described(stereo(noise))["dynamics"] + 10
    assert described(stereo(noise))["onsets"] > described(stereo(tone(440)))["onsets"] + 10
    apart = np.stack([noise, rng.normal(size=len(noise))]).astype(np.float32)
    assert described(apart)["width"] == pytest.approx(0.0, abs=0.5)
    assert described(stereo(noise))["width"] == -60


@settings(max_examples=25, deadline=None)
@given(hnp.arrays(np.float32, (2, 1500), elements=st.floats(-4, 4, width=32)))
def test_descriptors_are_finite(waveform):
    values = describe(waveform, 8000)
    assert np.isfinite(values).all()
    assert (np.abs(values) <= 60).all()


def music(mean: float, n: int, groups: int, seed: int) -> TrainingMusic:
    rng = np.random.default_rng(seed)
    members = np.arange(n) % groups
    rows = mean + rng.normal(size=(groups, len(DESCRIPTORS)))[members]
    rows += 0.3 * rng.normal(size=rows.shape)
    return TrainingMusic(rows, tuple(f"g{g}" for g in members))


def test_a_shift_is_found_and_described():
    training, other = music(0.0, 60, 30, 0), music(3.0, 40, 20, 1)
    shift = two_samples(training, other.descriptors, other.groups)
    assert shift.p == pytest.approx(0.001)
    assert shift.distance > 0.3
    assert shift.outside > 0.9
    assert shift.differences["width"] == pytest.approx(3.0, abs=1.0)
    assert (shift.n_training, shift.n_clips) == (60, 40)


def test_equal_distributions_are_rejected_as_rarely_as_the_level_says():
    p = [
        two_samples(
            music(0.0, 40, 20, 2 * k), (m := music(0.0, 40, 10, 2 * k + 1)).descriptors, m.groups,
            permutations=99,
        ).p
        for k in range(60)
    ]  # fmt: skip
    # 60 draws of a share of 0.05: more than 8 come about once in a thousand.
    assert sum(value <= 0.05 for value in p) <= 8
    # Were single clips permuted, groups of four would make most of these significant.
    assert np.median(p) > 0.2


def test_permutations_are_the_seeds():
    training, other = music(0.0, 30, 15, 0), music(0.3, 30, 15, 5)
    first = two_samples(training, other.descriptors, other.groups, seed=3)
    assert first == two_samples(training, other.descriptors, other.groups, seed=3)


def test_the_energy_distance_is_that_of_its_definition():
    training, other = music(0.0, 20, 10, 0), music(1.0, 15, 15, 1)
    x, y = training.descriptors, other.descriptors
    spread = np.concatenate([x, y]).std(axis=0)
    x, y = x / spread, y / spread

    def mean(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.mean([np.linalg.norm(p - q) for p in a for q in b]))

    expected = (2 * mean(x, y) - mean(x, x) - mean(y, y)) / (2 * mean(x, y))
    found = two_samples(training, other.descriptors, other.groups, permutations=1)
    assert found.distance == pytest.approx(expected, rel=1e-9)


def test_too_few_groups_are_refused():
    training, other = music(0.0, 30, 15, 0), music(0.0, 30, 3, 1)
    with pytest.raises(MerbenchError, match="3 groups"):
        two_samples(training, other.descriptors, other.groups)
