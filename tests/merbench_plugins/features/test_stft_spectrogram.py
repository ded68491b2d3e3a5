"""Checked against the definitions of tf.signal.stft and tf.image.resize, written out as sums."""

from __future__ import annotations

import math

import numpy as np
import pytest

from merbench import AudioError, FeatureKind
from merbench.audio import resample
from merbench_plugins.features.stft_spectrogram import StftSpectrogram

RATE = 8_000


def noise(samples: int, channels: int = 1) -> np.ndarray:
    rng = np.random.default_rng(samples)
    return rng.uniform(-1, 1, (channels, samples)).astype(np.float32)


def tf_hann(length: int) -> np.ndarray:
    """tf.signal.hann_window(periodic=True): n = length + periodic * even - 1."""
    even = 1 - length % 2
    n = length + even - 1
    return np.array([0.5 - 0.5 * math.cos(2 * math.pi * k / n) for k in range(length)])


def naive_stft(samples: np.ndarray, length: int, hop: int, window: np.ndarray) -> np.ndarray:
    """Magnitudes, shape (frames, bins), by the sum that defines the transform."""
    fft_length = 1
    while fft_length < length:
        fft_length *= 2
    k, t = np.arange(fft_length // 2 + 1)[:, None], np.arange(length)[None, :]
    kernel = np.exp(-2j * np.pi * k * t / fft_length)
    frames = []
    start = 0
    while start + length <= samples.size:
        frames.append(np.abs(kernel @ (samples[start : start + length].astype(float) * window)))
        start += hop
    return np.array(frames)


def naive_resize(frames: np.ndarray, target: int) -> np.ndarray:
    """Bilinear without antialias, half-pixel centres, edges held; shape (bins, target)."""
    source = len(frames)
    columns = []
    for i in range(target):
        x = min(max((i + 0.5) * source / target - 0.5, 0.0), source - 1.0)
        left = min(int(x), source - 1)
        right = min(left + 1, source - 1)
        columns.append((1 - (x - left)) * frames[left] + (x - left) * frames[right])
    return np.array(columns).T


@pytest.mark.parametrize(
    ("parameters", "samples"),
    [
        ({}, 3 * RATE),
        ({"crop_seconds": 4.0}, 3 * RATE),
        ({"pad_frames": 900}, 5 * RATE),
        ({"sample_rate": 4_000, "crop_seconds": 4.0, "pad_frames": 900}, 3 * RATE),
    ],
)
def test_a_click_is_seen_in_the_frame_that_the_rate_says(parameters, samples):
    click = np.zeros((1, samples), np.float32)
    click[0, 2 * RATE] = 1.0
    extractor = StftSpectrogram(frames=512, **parameters)
    image = extractor.extract(click, RATE, device="cpu")
    seen = image.sum(axis=0).argmax()
    rate = extractor.frame_rate(RATE, samples)
    # A frame is centred behind its start, by half its length.
    centre = extractor.frame_length / 2 / (extractor.sample_rate or RATE)
    assert seen == pytest.approx(rate * (2.0 - centre), abs=2)


def test_a_clip_that_fills_no_frame_has_no_rate():
    assert StftSpectrogram().frame_rate(RATE, 254) is None
    assert StftSpectrogram().frame_rate(RATE, 255) == RATE / 128 * 2_048


def pad(frames: np.ndarray, total: int) -> np.ndarray:
    return np.vstack([frames, np.zeros((total - len(frames), frames.shape[1]))])


@pytest.mark.parametrize(
    ("samples", "parameters"),
    [
        (20_000, {"frames": 64}),
        (20_000, {"frames": 512}),
        (255, {"frames": 5}),
        (20_000, {"frames": 100, "frame_length": 256, "hop_length": 100}),
        (20_000, {"frames": 7, "frame_length": 3, "hop_length": 1}),
        (20_000, {"frames": 61, "pad_frames": 173}),
        (20_000, {"frames": 300, "pad_frames": 173}),
        (20_000, {"frames": 1, "pad_frames": 155}),
    ],
)
def test_definition(samples: int, parameters: dict[str, int]) -> None:
    waveform = noise(samples)
    length, hop = parameters.get("frame_length", 255), parameters.get("hop_length", 128)
    expected = naive_stft(waveform[0], length, hop, tf_hann(length))
    if "pad_frames" in parameters:
        expected = pad(expected, parameters["pad_frames"])
    image = StftSpectrogram(**parameters).extract(waveform, RATE, device="cpu")
    assert image.dtype == np.float32
    np.testing.assert_allclose(
        image, naive_resize(expected, parameters["frames"]), rtol=1e-5, atol=1e-5
    )


def test_paper_setting() -> None:
    """Crop, 13,780 frames, zeros up to 15,502: a stretch of the result, and its silent end."""
    waveform = noise(45 * 44_100, channels=2)
    image = StftSpectrogram(crop_seconds=40, pad_frames=15_502).extract(
        waveform, 44_100, device="cpu"
    )
    assert image.shape == (129, 2_048)
    excerpt = waveform[0, : 40 * 44_100]
    assert 1 + (excerpt.size - 255) // 128 == 13_780
    for column in (0, 1, 1_000, 1_700, 1_820, 1_821):
        x = (column + 0.5) * 15_502 / 2_048 - 0.5
        left = int(x)
        pieces = []
        for frame in (left, left + 1):
            piece = excerpt[frame * 128 : frame * 128 + 255] if frame < 13_780 else np.zeros(255)
            pieces.append(naive_stft(piece, 255, 128, tf_hann(255))[0])
        expected = pieces[0] + (pieces[1] - pieces[0]) * (x - left)
        np.testing.assert_allclose(image[:, column], expected, rtol=1e-5, atol=1e-5)
    assert image[:, 1_819].any()
    assert not image[:, 1_821:].any()


def test_periodic_window_has_the_frame_as_its_period() -> None:
    waveform = noise(2_000)
    periodic = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(255) / 255)
    expected = naive_stft(waveform[0], 255, 128, periodic)
    image = StftSpectrogram(window="periodic", frames=len(expected)).extract(
        waveform, RATE, device="cpu"
    )
    np.testing.assert_allclose(image, expected.T, rtol=1e-5, atol=1e-5)
    tensorflow = StftSpectrogram(frames=len(expected)).extract(waveform, RATE, device="cpu")
    assert np.abs(image - tensorflow).max() > 1e-3


def test_even_frames_have_one_window() -> None:
    waveform = noise(2_000)
    images = [
        StftSpectrogram(frame_length=256, window=window).extract(waveform, RATE, device="cpu")
        for window in ("tensorflow", "periodic")
    ]
    np.testing.assert_array_equal(*images)


@pytest.mark.parametrize("seconds", [0.1, 1, 3])
@pytest.mark.parametrize("sample_rate", [8_000, 44_100, 96_000])
def test_every_clip_gives_one_size(seconds: float, sample_rate: int) -> None:
    waveform = noise(round(seconds * sample_rate), channels=6)
    assert StftSpectrogram().extract(waveform, sample_rate, device="cpu").shape == (129, 2_048)


def test_crop_fills_short_clips_with_zeros() -> None:
    waveform = noise(4_000)
    filled = np.pad(waveform, ((0, 0), (0, 4_000)))
    np.testing.assert_array_equal(
        StftSpectrogram(crop_seconds=1).extract(waveform, RATE, device="cpu"),
        StftSpectrogram().extract(filled, RATE, device="cpu"),
    )
    np.testing.assert_array_equal(
        StftSpectrogram(crop_seconds=0.25).extract(waveform, RATE, device="cpu"),
        StftSpectrogram().extract(waveform[:, :2_000], RATE, device="cpu"),
    )


def test_channels() -> None:
    waveform = noise(4_000, channels=2)
    np.testing.assert_array_equal(
        StftSpectrogram().extract(waveform, RATE, device="cpu"),
        StftSpectrogram().extract(waveform[:1], RATE, device="cpu"),
    )
    mean = waveform.mean(axis=0, keepdims=True)
    np.testing.assert_array_equal(
        StftSpectrogram(channel="mean").extract(waveform, RATE, device="cpu"),
        StftSpectrogram().extract(mean, RATE, device="cpu"),
    )


def test_sample_rate() -> None:
    waveform = noise(8_000, channels=2)
    np.testing.assert_array_equal(
        StftSpectrogram(sample_rate=16_000).extract(waveform, RATE, device="cpu"),
        StftSpectrogram().extract(resample(waveform[:1], RATE, 16_000), 16_000, device="cpu"),
    )


def test_level_is_kept() -> None:
    waveform = noise(4_000)
    np.testing.assert_array_equal(
        StftSpectrogram().extract(4 * waveform, RATE, device="cpu"),
        4 * StftSpectrogram().extract(waveform, RATE, device="cpu"),
    )


def test_too_short() -> None:
    with pytest.raises(AudioError, match="254 samples do not fill one frame of 255"):
        StftSpectrogram().extract(noise(254), RATE, device="cpu")


def test_too_many_frames() -> None:
    with pytest.raises(AudioError, match=r"has 155 frames, more than pad_frames \(154\)"):
        StftSpectrogram(pad_frames=154).extract(noise(20_000), RATE, device="cpu")


def test_not_finite() -> None:
    waveform = noise(4_000)
    waveform[0, 3] = np.nan
    with pytest.raises(AudioError, match="1 of 4000 audio samples"):
        StftSpectrogram().extract(waveform, RATE, device="cpu")


def test_description() -> None:
    assert StftSpectrogram.name == "stft-spectrogram"
    assert StftSpectrogram.kind is FeatureKind.IMAGE
