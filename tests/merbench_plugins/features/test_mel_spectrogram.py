"""Mel spectrograms: equal to librosa, and the input of Louro et al. 2024 with its quirks."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from merbench import AudioError
from merbench.testing.sounds import SAMPLE_RATE, music
from merbench_plugins.features.mel_spectrogram import MelSequence, MelSpectrogram


def at_16_khz(seconds):
    return music(seconds * 16_000 / SAMPLE_RATE, channels=1)[:, : round(seconds * 16_000)]


def test_the_default_is_librosas_of_as_many_seconds():
    samples = at_16_khz(3.0)
    image = MelSpectrogram(seconds=2.0).extract(samples, 16_000, device="cpu")
    wanted = librosa.power_to_db(librosa.feature.melspectrogram(y=samples[0, :32_000], sr=16_000))
    np.testing.assert_allclose(image, wanted, atol=1e-4)
    longer = MelSpectrogram(seconds=4.0).extract(samples, 16_000, device="cpu")
    assert longer.shape == (128, 126)
    assert (longer[:, -1] == longer.min()).all()  # filled with silence
    assert MelSpectrogram().frame_rate(44_100, 1) == 31.25


def test_channels_are_averaged_and_brought_to_one_rate():
    stereo = music(2.0)
    image = MelSpectrogram(seconds=2.0).extract(stereo, SAMPLE_RATE, device="cpu")
    mono = stereo.mean(axis=0, keepdims=True)
    alone = MelSpectrogram(seconds=2.0).extract(mono, SAMPLE_RATE, device="cpu")
    np.testing.assert_allclose(image, alone, atol=1e-3)
    louder = MelSpectrogram(seconds=2.0).extract(2 * mono, SAMPLE_RATE, device="cpu")
    np.testing.assert_allclose(louder.max() - alone.max(), 20 * np.log10(2), atol=1e-3)


def test_the_papers_input_has_its_quirks():
    paper = MelSpectrogram(preset="louro2024")
    short = at_16_khz(2.0)
    image = paper.extract(short, 16_000, device="cpu")
    # Filters for 22,050 Hz, filled up at the right with 0 dB, then turned: time runs backward.
    wanted = librosa.power_to_db(librosa.feature.melspectrogram(y=short[0], sr=22_050))
    rotated = np.rot90(np.pad(wanted, ((0, 0), (0, 942 - wanted.shape[1]))))
    assert rotated.shape == (942, 128)
    np.testing.assert_allclose(image, rotated.T, atol=1e-4)
    assert not image[:, : 942 - wanted.shape[1]].any()
    long = at_16_khz(31.0)
    whole = paper.extract(long, 16_000, device="cpu")
    assert whole.shape == (128, 942)
    np.testing.assert_array_equal(whole, paper.extract(long[:, -482_000:], 16_000, device="cpu"))


def test_a_sequence_keeps_its_clips_length():
    frames = MelSequence().extract(at_16_khz(2.0), 16_000, device="cpu")
    assert frames.shape == (63, 128)
    image = MelSpectrogram(seconds=2.0).extract(at_16_khz(2.0), 16_000, device="cpu")
    np.testing.assert_array_equal(frames.T, image)


def test_power_beyond_single_precision_is_an_error():
    with pytest.raises(AudioError, match=r"mel-spectrogram: the power of the audio"):
        MelSpectrogram().extract(at_16_khz(1.0) * np.float32(1e19), 16_000, device="cpu")
