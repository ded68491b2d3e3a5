"""What each augmentation does to a clip, measured on clips of which it is known."""

from __future__ import annotations

from typing import Any

import librosa
import numpy as np
import pytest
from pydantic import ValidationError

from merbench import Augmentation, audio
from merbench.testing import music
from merbench_plugins.augmentations.gain import Gain
from merbench_plugins.augmentations.noise import Noise
from merbench_plugins.augmentations.pitch_shift import PitchShift
from merbench_plugins.augmentations.time_shift import TimeShift
from merbench_plugins.augmentations.time_stretch import TimeStretch

RATE = 22_050
METHODS = ("signalsmith_stretch", "librosa_phase_vocoder")


def augmented(augmentation: Augmentation, waveform: Any, seed: int = 0) -> Any:
    return augmentation.augment(waveform, RATE, np.random.default_rng(seed))


def tone(frequency: float, seconds: float = 4.0) -> Any:
    t = np.arange(round(seconds * RATE)) / RATE
    return np.sin(2 * np.pi * frequency * t)[np.newaxis].astype(np.float32)


def loudest_frequency(waveform: Any) -> float:
    spectrum = np.abs(np.fft.rfft(waveform[0]))
    return float(np.fft.rfftfreq(waveform.shape[1], 1 / RATE)[spectrum.argmax()])


def test_noise_is_gaussian_of_the_level_and_its_own_in_each_channel():
    clip = music(4.0)
    noise = augmented(Noise(), clip) - clip
    assert noise.std(axis=1) == pytest.approx([0.05, 0.05], rel=0.02)
    assert np.mean(np.abs(noise) < 0.05) == pytest.approx(0.683, abs=0.01)
    assert abs(np.corrcoef(noise)[0, 1]) < 0.02
    assert not np.array_equal(noise, augmented(Noise(), clip, seed=1) - clip)


def test_noise_as_published_is_the_same_in_all_channels():
    clip = music(4.0)
    noise = augmented(Noise(channels="together"), clip) - clip
    np.testing.assert_allclose(noise[0], noise[1], atol=1e-6)
    assert noise.mean(axis=0).std() == pytest.approx(0.05, rel=0.02)
    apart = augmented(Noise(), clip) - clip
    assert apart.mean(axis=0).std() == pytest.approx(0.05 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize("rate", [22_050, 32_000, 44_100, 48_000])
def test_at_a_rate_of_its_own_noise_is_heard_as_loud_whatever_the_clip_s(rate):
    silence = np.zeros((2, 4 * rate), np.float32)
    published = Noise(channels="together", rate=22_050)
    loud = published.augment(silence, rate, np.random.default_rng(0))
    heard = audio.resample(loud, rate, 22_050)
    # The resampler's flank takes up to 3 % of it.
    assert heard.mean(axis=0).std() == pytest.approx(0.05, rel=0.04)
    plain = Noise(channels="together").augment(silence, rate, np.random.default_rng(0))
    np.testing.assert_allclose(loud, plain * np.sqrt(rate / 22_050), rtol=1e-5)


def test_pitch_by_phase_vocoder_is_librosa_s_own():
    clip = music(2.0)
    published = PitchShift(method="librosa_phase_vocoder")
    for channel, shifted in zip(clip, augmented(published, clip), strict=True):
        expected = librosa.effects.pitch_shift(channel, sr=RATE, n_steps=2)
        np.testing.assert_allclose(shifted, expected, atol=1e-6)


def test_relative_noise_follows_the_clips_loudness_and_leaves_silence_silent():
    noisy = Noise(level=0.1, relative=True)
    clip = music(4.0)
    for factor in (1, 20):
        scaled = factor * clip
        noise = augmented(noisy, scaled) - scaled
        assert noise.std() / np.sqrt(np.square(scaled).mean()) == pytest.approx(0.1, rel=0.02)
    assert not augmented(noisy, np.zeros((2, 100), np.float32)).any()


def test_a_shift_moves_all_channels_and_fills_with_silence():
    clip = music(3.0) + np.float32(10)  # never 0 by itself
    moves = []
    for seed in range(20):
        moved = augmented(TimeShift(), clip, seed)
        silent = np.flatnonzero((moved == 0).all(axis=0))
        assert moved.shape == clip.shape
        n = len(silent)
        if silent[0] == 0:
            assert np.array_equal(moved[:, n:], clip[:, :-n])
        else:
            assert np.array_equal(moved[:, :-n], clip[:, n:])
        moves.append(n if silent[0] == 0 else -n)
    assert max(moves) <= RATE / 2
    assert min(moves) >= -RATE / 2
    assert max(moves) > RATE / 8
    assert min(moves) < -RATE / 8


def test_a_shift_is_never_longer_than_the_clip():
    clip = music(0.1) + np.float32(10)
    for seed in range(10):
        assert augmented(TimeShift(most=60), clip, seed).shape == clip.shape


@pytest.mark.parametrize("method", METHODS)
def test_pitch_moves_by_two_semitones_and_the_length_stays(method):
    clip = tone(440)
    higher = augmented(PitchShift(method=method), clip)
    assert higher.shape == clip.shape
    assert loudest_frequency(higher) == pytest.approx(440 * 2 ** (2 / 12), rel=0.005)


def test_an_interval_is_drawn_from_its_range():
    shift = PitchShift(lowest=-3, highest=1)
    found = [
        12 * np.log2(loudest_frequency(augmented(shift, tone(440), s)) / 440) for s in range(9)
    ]
    assert min(found) >= -3.1
    assert max(found) <= 1.1
    assert np.ptp(found) > 1


@pytest.mark.parametrize("method", METHODS)
def test_tempo_changes_the_length_and_no_pitch(method):
    for slowest, fastest in ((0.55, 0.55), (1.25, 1.25), (2, 2)):
        stretch = TimeStretch(slowest=slowest, fastest=fastest, method=method)
        clip = tone(440)
        changed = augmented(stretch, clip)
        assert changed.shape[1] == pytest.approx(clip.shape[1] / fastest, rel=0.001)
        assert loudest_frequency(changed) == pytest.approx(440, rel=0.005)


def test_gain_is_drawn_in_decibels_and_the_same_for_all_channels():
    clip = music(1.0)
    decibels = []
    for seed in range(40):
        ratio = augmented(Gain(), clip, seed) / clip
        assert np.ptp(ratio) < 1e-5
        decibels.append(20 * np.log10(ratio.mean()))
    assert min(decibels) >= -6.001
    assert max(decibels) <= 6.001
    assert np.ptp(decibels) > 8
    assert abs(np.mean(decibels)) < 2


EXTREMES = [
    PitchShift(lowest=24, highest=24),
    PitchShift(lowest=-24, highest=-24),
    TimeStretch(slowest=0.55, fastest=0.55),
    TimeStretch(slowest=2, fastest=2),
    TimeStretch(method="librosa_phase_vocoder"),
]


@pytest.mark.parametrize("augmentation", EXTREMES, ids=str)
def test_the_ends_of_the_ranges_are_deterministic_and_do_not_clip(augmentation):
    loud = 30 * music(2.0)
    first, second = augmented(augmentation, loud), augmented(augmentation, loud)
    assert np.array_equal(first, second)
    assert np.abs(first).max() > 3


def test_more_than_two_channels_are_changed_alike():
    clip = np.concatenate([music(1.0), music(1.0)])
    for augmentation in (TimeShift(), PitchShift(), TimeStretch(), Gain()):
        changed = augmented(augmentation, clip)
        assert changed.shape[0] == 4
        assert np.allclose(changed[:2], changed[2:], atol=1e-4)


@pytest.mark.parametrize(
    ("cls", "parameters"),
    [
        (PitchShift, {"lowest": 3}),
        (TimeStretch, {"slowest": 1.5, "fastest": 1.1}),
        (Gain, {"softest": 7}),
    ],
)
def test_a_reversed_range_is_refused(cls, parameters):
    with pytest.raises(ValidationError, match="the lower end of its range"):
        cls(**parameters)


def test_a_rate_that_could_not_be_repeated_is_refused():
    with pytest.raises(ValidationError, match=r"greater than or equal to 0\.55"):
        TimeStretch(slowest=0.3)
