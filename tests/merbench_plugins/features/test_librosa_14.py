"""Checked against librosa itself, called once for each of the fourteen features."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import librosa
import numpy as np
import pytest

from merbench import AudioError, FeatureKind, audio, testing
from merbench_plugins.datasets.demo import Demo
from merbench_plugins.features._constant_q import OCTAVES, halved, magnitudes
from merbench_plugins.features._librosa_rows import FEATURES, ROWS, _tuning
from merbench_plugins.features.librosa_14 import (
    STATISTICS,
    Librosa14,
    Librosa14Flat,
    Librosa14Stats,
)

if TYPE_CHECKING:
    from merbench.audio import Waveform

RATE = 22_050
# Of a row's largest magnitude in librosa's result; what is promised is 1e-4.
TOLERANCE = 1e-5
FORMS = [Librosa14, Librosa14Flat, Librosa14Stats]


def fourteen_calls(waveform: Waveform, sample_rate: int, rate: int = RATE) -> np.ndarray:
    """Shape (204, frames), each feature by librosa alone."""
    f = librosa.feature
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # short clips and silence, which librosa remarks upon
        y = librosa.resample(librosa.to_mono(waveform), orig_sr=sample_rate, target_sr=rate)
        rows = [
            f.chroma_stft(y=y, sr=rate),
            f.chroma_cqt(y=y, sr=rate),
            f.chroma_vqt(y=y, sr=rate, intervals="ji5"),
            f.melspectrogram(y=y, sr=rate),
            f.mfcc(y=y, sr=rate),
            f.rms(y=y),
            f.spectral_centroid(y=y, sr=rate),
            f.spectral_bandwidth(y=y, sr=rate),
            f.spectral_contrast(y=y, sr=rate),
            f.spectral_flatness(y=y),
            f.spectral_rolloff(y=y, sr=rate),
            f.tonnetz(y=y, sr=rate),
            f.zero_crossing_rate(y),
        ]
        tempo = f.tempo(y=y, sr=rate)
    return np.concatenate([*rows, np.full_like(rows[5], tempo[0])])


def assert_equal_rows(rows: np.ndarray, reference: np.ndarray) -> None:
    assert rows.shape == reference.T.shape
    assert rows.dtype == np.float32
    scale = np.abs(reference).max(axis=1)
    deviation = np.abs(rows.T - reference).max(axis=1)
    wrong = {ROWS[i]: deviation[i] for i in np.flatnonzero(deviation > TOLERANCE * scale)}
    assert wrong == {}


def noise(samples: int = 30_001, channels: int = 1) -> Waveform:
    rng = np.random.default_rng(samples)
    return (0.2 * rng.standard_normal((channels, samples))).astype(np.float32)


def chord(cents: float = 0.0, seconds: float = 3.0) -> Waveform:
    time = np.arange(round(seconds * RATE)) / RATE
    pitches = np.array([110.0, 220.0, 277.18, 329.63, 659.26]) * 2 ** (cents / 1_200)
    return (0.2 * np.sin(2 * np.pi * np.outer(pitches, time)).sum(axis=0))[None].astype(np.float32)


def clicks() -> Waveform:
    waveform = np.zeros((1, 6 * RATE), np.float32)
    waveform[:, :: RATE // 2] = 1
    return waveform


def island() -> Waveform:
    """Music between digital silence, whose frames chroma must leave at zero."""
    waveform = np.zeros((1, 3 * RATE), np.float32)
    waveform[:, 20_000:40_000] = noise(20_000)
    return waveform


def hiss_over_a_high_tone() -> Waveform:
    """Next to nothing in chroma's range, where rounding would show."""
    time = np.arange(2 * RATE) / RATE
    return (0.5 * np.sin(2 * np.pi * 10_000 * time) + 1e-6 * noise(time.size)).astype(np.float32)


CLIPS: dict[str, Callable[[], Waveform]] = {
    "music": lambda: testing.music(4.0),
    "noise": noise,
    "chord": chord,
    "chord 30 cents high": lambda: chord(30),
    "clicks": clicks,
    "island": island,
    "high tone": hiss_over_a_high_tone,
    "offset": lambda: 0.3 + 1e-5 * noise(),
    "quiet": lambda: 1e-9 * chord(),
    "loud": lambda: 1e6 * chord(),
    "silence": lambda: np.zeros((1, RATE), np.float32),
}


@pytest.mark.parametrize("clip", CLIPS)
def test_is_what_librosa_returns(clip: str) -> None:
    waveform = CLIPS[clip]()
    before = waveform.copy()
    rows = Librosa14().extract(waveform, RATE, device="cpu")
    assert_equal_rows(rows, fourteen_calls(waveform, RATE))
    np.testing.assert_array_equal(waveform, before)


@pytest.mark.parametrize("sample_rate", [8_000, 44_100, 48_000])
def test_other_sample_rates_and_stereo(sample_rate: int) -> None:
    waveform = testing.music(5.0)[:, : 2 * sample_rate]
    assert_equal_rows(
        Librosa14().extract(waveform, sample_rate, device="cpu"),
        fourteen_calls(waveform, sample_rate),
    )


@pytest.mark.parametrize("sample_rate", [16_000, 24_000, 32_000, 33_400, 44_100, 48_000, 96_000])
def test_at_its_own_rate_as_librosa_loads_it_with_sr_none(sample_rate: int) -> None:
    waveform = testing.music(5.0)[:, : 2 * sample_rate]
    native = Librosa14(sample_rate="native").extract(waveform, sample_rate, device="cpu")
    assert_equal_rows(native, fourteen_calls(waveform, sample_rate, sample_rate))
    assert len(native) == 1 + waveform.shape[1] // 512


def test_real_music_at_its_own_rate(shared: Path) -> None:
    path = sorted((shared / "data" / "emomusic_ccby").rglob("*.mp3"))[0]
    waveform, rate = audio.read(path)
    assert rate == 44_100
    excerpt = waveform[:, 5 * rate : 17 * rate]
    native = Librosa14(sample_rate="native", frames=1_000).extract(excerpt, rate, device="cpu")
    expected = fourteen_calls(excerpt, rate, rate)
    assert_equal_rows(native, expected[:, :1_000])
    # A tempo that the notebook shows: only a lag of 43 frames at 44.1 kHz gives it.
    tempi = 60 * rate / 512 / np.arange(1, 700)
    assert np.isclose(tempi, native[0, -1], rtol=1e-6).any()
    assert np.isclose(tempi, 120.185, atol=1e-3).any()
    flat = Librosa14Flat(sample_rate="native", frames=1_000).extract(excerpt, rate, device="cpu")
    np.testing.assert_array_equal(flat.reshape(1_000, 204), native)


def test_rates_that_librosa_cannot_compute_all_features_at() -> None:
    with pytest.raises(AudioError, match=r"audio of 12800 Hz is too coarse .* leave it at 22050"):
        Librosa14Stats(sample_rate="native").extract(noise(), 12_800, device="cpu")
    assert np.isfinite(
        Librosa14Stats(sample_rate="native").extract(noise(), 12_801, device="cpu")
    ).all()


@pytest.mark.parametrize(
    ("sample_rate", "samples"),
    [
        *((RATE, n) for n in (1, 2, 100, 511, 512, 1_023, 2_047, 2_048, 7_777)),
        *((44_100, n) for n in (1, 2, 1_023, 4_095)),  # half as many once they are resampled
    ],
)
def test_short_clips(samples: int, sample_rate: int) -> None:
    waveform = noise(samples)
    assert_equal_rows(
        Librosa14().extract(waveform, sample_rate, device="cpu"),
        fourteen_calls(waveform, sample_rate),
    )


def test_composed_music(tmp_path: Path) -> None:
    demo = Demo(n_clips=2, seconds=4.0, sample_rate=RATE)
    waveform, _ = demo.decode(demo.clips(tmp_path)[0])
    assert_equal_rows(
        Librosa14().extract(waveform, RATE, device="cpu"), fourteen_calls(waveform, RATE)
    )


@pytest.mark.parametrize("position", [3, 40, 99])
def test_real_music(shared: Path, position: int) -> None:
    waveform, rate = audio.read(
        sorted((shared / "data" / "emotify_dev" / "audio").iterdir())[position]
    )
    excerpt = waveform[:, 5 * rate : 15 * rate]
    assert_equal_rows(
        Librosa14().extract(excerpt, rate, device="cpu"), fourteen_calls(excerpt, rate)
    )


def test_a_file_as_librosa_loads_it(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    audio.write(path, testing.music(3.0), 44_100)
    samples, _ = librosa.load(path)
    rows = Librosa14().extract(*audio.read(path), device="cpu")
    np.testing.assert_array_equal(rows, Librosa14().extract(samples[None], RATE, device="cpu"))


def test_rows_by_name() -> None:
    assert len(ROWS) == len(set(ROWS)) == sum(FEATURES.values()) == 204
    assert Librosa14.rows == ROWS
    assert ROWS[0] == "chroma_stft_0"
    assert ROWS[35:37] == ("chroma_vqt_11", "melspectrogram_0")
    assert ROWS[163:166] == ("melspectrogram_127", "mfcc_0", "mfcc_1")
    assert ROWS[184:188] == (
        "rms",
        "spectral_centroid",
        "spectral_bandwidth",
        "spectral_contrast_0",
    )
    assert ROWS[-3:] == ("tonnetz_5", "zero_crossing_rate", "tempo")
    # The A of a chord on A sounds in each chroma, and the tone's frequency is the centroid.
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)
    rows = (
        Librosa14().extract(tone[None].astype(np.float32), RATE, device="cpu")[20:60].mean(axis=0)
    )
    for chroma in ("chroma_stft", "chroma_cqt", "chroma_vqt"):
        start = ROWS.index(f"{chroma}_0")
        assert rows[start : start + 12].argmax() == 9
    assert rows[ROWS.index("rms")] == pytest.approx(0.3 / np.sqrt(2), rel=1e-3)
    assert rows[ROWS.index("spectral_centroid")] == pytest.approx(440, rel=0.02)
    assert rows[ROWS.index("zero_crossing_rate")] == pytest.approx(2 * 440 / RATE, rel=0.02)


def test_tempo_is_repeated() -> None:
    tempo = Librosa14().extract(clicks(), RATE, device="cpu")[:, ROWS.index("tempo")]
    assert (tempo == tempo[0]).all()
    assert tempo[0] == pytest.approx(120, rel=0.03)


@pytest.mark.parametrize("cents", range(-50, 51, 7))
def test_tuning_is_the_same_number(cents: int) -> None:
    for waveform in (chord(cents), chord(cents) + 0.05 * noise(3 * RATE)):
        magnitude = np.abs(librosa.stft(waveform[0]))
        for spectrum in (magnitude, magnitude**2):
            for bins in (12, 36):
                expected = librosa.estimate_tuning(S=spectrum, bins_per_octave=bins)
                assert _tuning(np.ascontiguousarray(spectrum.T), bins) == expected


def test_no_pitch_no_tuning() -> None:
    assert _tuning(np.zeros((3, 1_025), np.float32), 12) == 0


@pytest.mark.parametrize("tuning", [-0.5, -0.13, 0.0, 0.01, 0.49])
def test_constant_q(tuning: float) -> None:
    samples = testing.music(1.5)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # clips shorter than the longest filter
        expected = np.abs(librosa.cqt(samples, n_bins=252, bins_per_octave=36, tuning=tuning))
    np.testing.assert_allclose(
        magnitudes(halved(samples), "equal", 36, tuning), expected, rtol=1e-5, atol=1e-7
    )


def test_just_intonation() -> None:
    samples = noise()[0]
    signals = halved(samples)
    assert len(signals) == OCTAVES
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = np.abs(librosa.vqt(samples, intervals="ji5", gamma=0))
    np.testing.assert_allclose(magnitudes(signals, "ji5", 12), expected, rtol=1e-5, atol=1e-7)


def test_frames() -> None:
    waveform = testing.music(2.0)
    whole = Librosa14().extract(waveform, RATE, device="cpu")
    assert whole.shape == (1 + 2 * RATE // 512, 204)
    np.testing.assert_array_equal(
        Librosa14(frames=40).extract(waveform, RATE, device="cpu"), whole[:40]
    )
    filled = Librosa14(frames=100).extract(waveform, RATE, device="cpu")
    np.testing.assert_array_equal(filled[: len(whole)], whole)
    assert filled.shape == (100, 204)
    assert not filled[len(whole) :, :-1].any()
    assert whole[0, -1] > 0
    assert (filled[:, -1] == whole[0, -1]).all()  # tempo is the clip's, in all of its frames


def test_thirty_seconds_fit_the_papers_frames() -> None:
    assert 1 + 30 * RATE // 512 == 1_292
    assert Librosa14Flat().frames == 1_295


def test_flat_is_frame_by_frame() -> None:
    waveform = testing.music(1.0)
    flat = Librosa14Flat().extract(waveform, RATE, device="cpu")
    assert flat.shape == (264_180,)
    expected = Librosa14(frames=1_295).extract(waveform, RATE, device="cpu")
    np.testing.assert_array_equal(flat.reshape(1_295, 204), expected)
    short = Librosa14Flat(frames=3).extract(waveform, RATE, device="cpu")
    np.testing.assert_array_equal(short, flat[: 3 * 204])


def by_hand(row: np.ndarray) -> dict[str, float]:
    x = [float(value) for value in row]
    n = len(x)
    mean = sum(x) / n
    std = (sum((v - mean) ** 2 for v in x) / n) ** 0.5
    steps = [b - a for a, b in pairwise(x)]
    middle = sum(steps) / len(steps)

    def quantile(q: float) -> float:
        below, share = divmod(q * (n - 1), 1)
        low, high = sorted(x)[int(below)], sorted(x)[min(int(below) + 1, n - 1)]
        return low + share * (high - low)

    return {
        "mean": mean,
        "std": std,
        "skewness": sum((v - mean) ** 3 for v in x) / n / std**3 if std else 0.0,
        "quantile_10": quantile(0.1),
        "quantile_50": quantile(0.5),
        "quantile_90": quantile(0.9),
        "change_mean": sum(abs(step) for step in steps) / len(steps),
        "change_std": (sum((step - middle) ** 2 for step in steps) / len(steps)) ** 0.5,
    }


def test_statistics_by_hand() -> None:
    waveform = testing.music(2.0)
    rows = Librosa14().extract(waveform, RATE, device="cpu")
    stats = Librosa14Stats().extract(waveform, RATE, device="cpu")
    assert stats.shape == (len(STATISTICS) * 204,) == (1_632,)
    named = dict(zip(Librosa14Stats.statistics, stats, strict=True))
    for i, row in enumerate(ROWS[:-1]):
        for statistic, expected in by_hand(rows[:, i]).items():
            found = named[f"{row}_{statistic}"]
            assert found == pytest.approx(expected, rel=1e-4, abs=1e-9), (row, statistic)


def test_rows_that_do_not_change() -> None:
    stats = Librosa14Stats().extract(clicks(), RATE, device="cpu")
    tempo = {s: stats[Librosa14Stats.statistics.index(f"tempo_{s}")] for s in STATISTICS}
    levels = {"mean", "quantile_10", "quantile_50", "quantile_90"}
    assert {tempo[s] for s in levels} == {tempo["mean"]}
    assert tempo["mean"] > 100
    assert {tempo[s] for s in set(STATISTICS) - levels} == {0}


@pytest.mark.parametrize("samples", [1, 600, 2 * RATE])
@pytest.mark.parametrize("form", FORMS)
def test_silence_is_finite(form: type, samples: int) -> None:
    features = form().extract(np.zeros((2, samples), np.float32), RATE, device="cpu")
    assert np.isfinite(features).all()


def test_statistics_of_one_frame() -> None:
    stats = Librosa14Stats().extract(noise(300), RATE, device="cpu").reshape(len(STATISTICS), 204)
    row = Librosa14().extract(noise(300), RATE, device="cpu")[0]
    for statistic, values in zip(STATISTICS, stats, strict=True):
        level = statistic == "mean" or statistic.startswith("quantile")
        np.testing.assert_array_equal(values, row if level else np.zeros(204))


@pytest.mark.parametrize("form", FORMS)
def test_deterministic(form: type) -> None:
    waveform = testing.music(1.0)
    first = form().extract(waveform, 44_100, device="cpu")
    Librosa14().extract(
        chord(20), RATE, device="cpu"
    )  # filters of another tuning are kept between the two
    np.testing.assert_array_equal(first, form().extract(waveform, 44_100, device="cpu"))


@pytest.mark.parametrize("form", FORMS)
def test_not_finite(form: type) -> None:
    waveform = noise()
    waveform[0, 3] = np.nan
    with pytest.raises(AudioError, match=rf"{form.name}: 1 of 30001 audio samples"):
        form().extract(waveform, RATE, device="cpu")


def test_overflow() -> None:
    with pytest.raises(AudioError, match=r"peak .* exceeds single precision; check the level"):
        Librosa14().extract(np.float32(1e20) * chord(), RATE, device="cpu")


def test_says_nothing(recwarn: pytest.WarningsRecorder) -> None:
    for waveform in (np.zeros((1, RATE), np.float32), noise(100), chord()):
        Librosa14Stats().extract(waveform, RATE, device="cpu")
    assert [str(warning.message) for warning in recwarn] == []


def test_description() -> None:
    assert [form.name for form in FORMS] == ["librosa-14", "librosa-14-flat", "librosa-14-stats"]
    assert [form.kind for form in FORMS] == [
        FeatureKind.SEQUENCE,
        FeatureKind.VECTOR,
        FeatureKind.VECTOR,
    ]


def test_frames_a_second_follow_the_rate_that_features_are_computed_at() -> None:
    assert (
        Librosa14().frame_rate(44_100, 1) == Librosa14(frames=9).frame_rate(8_000, 1) == RATE / 512
    )
    assert Librosa14(sample_rate="native").frame_rate(44_100, 1) == 44_100 / 512
