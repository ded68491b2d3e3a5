from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from pydantic import ValidationError

from merbench_plugins.separators.hpss import Hpss, _percussive, _transform, split_accompaniment

RATE = 22050


def music(seconds: float = 6.0) -> dict[str, np.ndarray]:
    """A bass note, clicks, a repeating chord, and one sound that comes only once."""
    time = np.arange(int(seconds * RATE)) / RATE
    rng = np.random.default_rng(0)
    bass = 0.4 * np.sin(2 * np.pi * 65 * time)
    drums = np.zeros_like(time)
    for start in range(0, len(time) - 400, RATE // 2):
        drums[start : start + 300] = rng.normal(0, 0.5, 300) * np.linspace(1, 0, 300)
    other = sum(0.1 * np.sin(2 * np.pi * f * time) for f in (523.3, 659.3, 784.0))
    vocals = np.zeros_like(time)
    once = (time > 2.5) & (time < 3.5)
    vibrato = 1500 + 30 * np.sin(2 * np.pi * 5 * time)
    vocals[once] = 0.4 * np.sin(2 * np.pi * np.cumsum(vibrato) / RATE)[once]
    stems = {"bass": bass, "drums": drums, "other": other, "vocals": vocals}
    return {name: np.atleast_2d(stem).astype(np.float32) for name, stem in stems.items()}


def si_sdr(estimate: np.ndarray, truth: np.ndarray) -> float:
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al. 2019, Eq. 5)."""
    target = (estimate * truth).sum() / (truth**2).sum() * truth
    return float(10 * np.log10((target**2).sum() / ((estimate - target) ** 2).sum()))


def test_finds_each_stem_better_than_the_mixture_does() -> None:
    truth = music()
    mix = sum(truth.values())
    stems = Hpss().separate(mix, RATE, device="cpu")
    for name, least in {"bass": 10, "drums": 5, "other": 5, "vocals": 5}.items():
        gain = si_sdr(stems[name], truth[name]) - si_sdr(mix, truth[name])
        assert gain > least, f"{name} gains {gain:.1f} dB"


@pytest.mark.parametrize(
    ("rate", "channels", "samples", "loudness"),
    [
        (8000, 1, 400, 0.9),
        (44100, 2, 2205, 0.0),
        (44100, 1, 1, 2.0),
        (96000, 2, 4801, 2.0),
        (22050, 6, 20_001, 0.9),
        (22050, 1, 30_000, 0.0),
    ],
)
def test_stems_keep_the_shape_and_sum_to_the_mixture(
    rate: int, channels: int, samples: int, loudness: float
) -> None:
    rng = np.random.default_rng(samples)
    mix = (loudness * rng.uniform(-1, 1, (channels, samples))).astype(np.float32)
    stems = Hpss().separate(mix, rate, device="cpu")
    assert tuple(stems) == ("bass", "drums", "other", "vocals")
    for stem in stems.values():
        assert stem.shape == mix.shape
        assert stem.dtype == np.float32
        assert np.isfinite(stem).all()
    np.testing.assert_allclose(sum(stems.values()), mix, atol=1e-6)


def test_a_channel_that_is_silent_stays_silent() -> None:
    mix = np.vstack([sum(music(2.0).values()), np.zeros((1, 2 * RATE), np.float32)])
    for stem in Hpss().separate(mix, RATE, device="cpu").values():
        assert not stem[1].any()
        assert stem[0].any()


def test_twice_the_same() -> None:
    mix = sum(music(3.0).values())
    first, second = (Hpss().separate(mix, RATE, device="cpu") for _ in range(2))
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.parametrize(
    ("option", "loses"),
    [
        ({"bass_cutoff": 50.0}, "bass"),
        ({"percussive_margin": 8.0}, "drums"),
        ({"vocal_margin": 100.0}, "vocals"),
    ],
)
def test_options_move_energy_between_stems(option: dict[str, float], loses: str) -> None:
    mix = sum(music(4.0).values())
    before = (Hpss().separate(mix, RATE, device="cpu")[loses] ** 2).sum()
    after = (Hpss(**option).separate(mix, RATE, device="cpu")[loses] ** 2).sum()
    assert after < 0.9 * before


def test_repetition_is_looked_for_at_a_distance() -> None:
    mix = sum(music(6.0).values())
    near = Hpss(repeat_after=0.1).separate(mix, RATE, device="cpu")["vocals"]
    far = Hpss(repeat_after=2.0).separate(mix, RATE, device="cpu")["vocals"]
    # Of a sound one second long all neighbours are like it: only far away it is found to be new.
    assert (near**2).sum() < 0.5 * (far**2).sum()


@pytest.mark.parametrize("samples", [2048, 5000, 60_001])
@pytest.mark.parametrize("margin", [1.0, 3.0])
def test_masks_are_those_of_librosa(samples: int, margin: float) -> None:
    rng = np.random.default_rng(samples)
    _, magnitude, _ = _transform(rng.normal(0, 0.1, (1, samples)).astype(np.float32), RATE)
    _, mask = librosa.decompose.hpss(magnitude, mask=True, margin=(1.0, margin))
    np.testing.assert_array_equal(_percussive(magnitude, margin), mask)
    width = int(np.clip(round(2.0 * RATE / 512), 1, (magnitude.shape[1] - 1) // 2 - 1))
    similar = librosa.decompose.nn_filter(
        magnitude, aggregate=np.median, metric="cosine", width=width
    )
    np.testing.assert_allclose(
        Hpss()._background(magnitude, RATE), np.minimum(magnitude, similar), rtol=1e-6
    )


def test_margins_below_one_are_refused() -> None:
    with pytest.raises(ValidationError, match="percussive_margin"):
        Hpss(percussive_margin=0.5)


def test_an_accompaniment_is_split_into_its_sum() -> None:
    truth = music(3.0)
    accompaniment = truth["bass"] + truth["drums"] + truth["other"]
    parts = split_accompaniment(accompaniment, RATE)
    assert set(parts) == {"bass", "drums", "other"}
    np.testing.assert_allclose(sum(parts.values()), accompaniment, atol=1e-6)
    for name, part in parts.items():
        assert si_sdr(part, truth[name]) > si_sdr(accompaniment, truth[name]) + 3


def test_real_music(shared: Path) -> None:
    folder = shared / "data" / "stems" / "music_delta_80s_rock_7s"
    clips = {path.stem: soundfile.read(path, always_2d=True) for path in folder.glob("*.flac")}
    truth = {name: frames.T.astype(np.float32) for name, (frames, _) in clips.items()}
    mix = truth.pop("mix")
    stems = Hpss().separate(mix, clips["mix"][1], device="cpu")
    for name, stem in stems.items():
        assert si_sdr(stem, truth[name]) > si_sdr(mix, truth[name]) + 1.5
