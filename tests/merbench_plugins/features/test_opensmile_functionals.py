from __future__ import annotations

import warnings

import numpy as np
import pytest

from merbench import AudioError, FeatureKind
from merbench_plugins.features.opensmile_functionals import Compare2016, EGemaps, _smile

EXTRACTORS = [Compare2016, EGemaps]
LENGTH = {Compare2016: 6_373, EGemaps: 88}


def tone(seconds: float = 0.5, sample_rate: int = 16_000, channels: int = 2) -> np.ndarray:
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    pitches = 220.0 * (1 + np.arange(channels))[:, None]
    noise = np.random.default_rng(0).standard_normal((channels, time.size))
    wave = 0.4 * np.sin(2 * np.pi * pitches * time) * (1 + np.sin(2 * np.pi * 3 * time)) / 2
    return (wave + 0.02 * noise).astype(np.float32)


def reference(extractor: type, samples: np.ndarray, sample_rate: int) -> np.ndarray:
    return _smile(extractor.feature_set).process_signal(samples, sample_rate).to_numpy()[0]


@pytest.mark.parametrize("extractor", EXTRACTORS)
@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100, 96_000])
def test_is_what_opensmile_returns(extractor: type, sample_rate: int) -> None:
    waveform = tone(sample_rate=sample_rate)
    before = waveform.copy()
    features = extractor().extract(waveform, sample_rate, device="cpu")
    assert features.dtype == np.float32
    assert features.shape == (LENGTH[extractor],)
    assert np.isfinite(features).all()
    np.testing.assert_array_equal(features, reference(extractor, waveform[0], sample_rate))
    np.testing.assert_array_equal(waveform, before)


def test_is_exact_at_every_16_bit_step() -> None:
    waveform = (np.arange(-32_768, 32_768) / 32_768).astype(np.float32)[None]
    np.testing.assert_array_equal(
        EGemaps().extract(waveform, 44_100, device="cpu"), reference(EGemaps, waveform[0], 44_100)
    )


def test_mean_of_channels() -> None:
    waveform = tone(channels=6)
    mean = waveform.mean(axis=0)
    features = EGemaps(channel="mean").extract(waveform, 16_000, device="cpu")
    np.testing.assert_array_equal(features, reference(EGemaps, mean, 16_000))
    assert (features != EGemaps().extract(waveform, 16_000, device="cpu")).any()


def test_audio_above_full_scale_neither_clips_nor_wraps() -> None:
    quiet = np.round(tone() * 32_768) / 32_768
    quiet *= np.float32(0.5) / np.abs(quiet).max()
    energy = _smile("ComParE_2016").feature_names.index("pcm_RMSenergy_sma_amean")
    crossings = _smile("ComParE_2016").feature_names.index("pcm_zcr_sma_amean")
    extractor = Compare2016()
    soft, loud = (
        extractor.extract(quiet, 16_000, device="cpu"),
        extractor.extract(4 * quiet, 16_000, device="cpu"),
    )
    assert loud[energy] == pytest.approx(4 * soft[energy], rel=1e-3)
    assert loud[crossings] == pytest.approx(soft[crossings], rel=1e-2)
    # What makes the way around opensmile.Smile necessary.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrapped = reference(Compare2016, 4 * quiet[0], 16_000)
    assert wrapped[energy] < 0.9 * loud[energy]


@pytest.mark.parametrize("extractor", EXTRACTORS)
def test_silence_is_finite(extractor: type) -> None:
    assert np.isfinite(
        extractor().extract(np.zeros((1, 8_000), np.float32), 16_000, device="cpu")
    ).all()


@pytest.mark.parametrize("extractor", EXTRACTORS)
def test_too_short(extractor: type) -> None:
    with pytest.raises(AudioError, match=r"0\.050 s of audio is too short .* needs 0\.06 s"):
        extractor().extract(tone(0.05), 16_000, device="cpu")
    assert np.isfinite(extractor().extract(tone(0.06), 16_000, device="cpu")).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite(bad: float) -> None:
    waveform = tone()
    waveform[1, 7] = bad
    with pytest.raises(AudioError, match="egemaps: 1 of 16000 audio samples are NaN or infinite"):
        EGemaps().extract(waveform, 16_000, device="cpu")


def test_set_up_once() -> None:
    assert _smile("eGeMAPSv02") is _smile("eGeMAPSv02")


def test_description() -> None:
    assert [e.name for e in EXTRACTORS] == ["compare-2016", "egemaps"]
    assert all(e.kind is FeatureKind.VECTOR for e in EXTRACTORS)
