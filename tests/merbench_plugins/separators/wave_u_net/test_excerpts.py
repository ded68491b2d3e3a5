"""Excerpts are drawn from tracks, changed, mixed anew, and always the sum of their parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from multitrack_files import RATE, write_track
from small_trainings import prepared, small

from merbench_plugins.separators.wave_u_net.excerpts import (
    SUM,
    Augmentations,
    Batches,
    Excerpts,
    Validation,
    active,
)


def test_a_part_is_heard_where_it_is_neither_silent_nor_far_below_the_track() -> None:
    levels = np.array([[0.1, 0.1, 0.0], [0.02, 0.003, 0.0005]], np.float32)
    assert active(levels).tolist() == [[True, True, False], [True, False, False]]


def test_targets_sum_to_the_middle_of_the_mixture(music: Path) -> None:
    write_track(music / "partial", ("vocals",), seed=7)
    config = small()
    for remix in (0.0, 1.0):
        excerpts = Excerpts(prepared(music), config.frames, RATE, Augmentations(remix=remix))
        batch = excerpts.draw(16, np.random.default_rng(0))
        assert batch.mix.shape == (16, 2, config.frames.input)
        context = config.frames.context
        middle = batch.mix[..., context : context + config.frames.output]
        np.testing.assert_allclose(batch.targets.sum(axis=1), middle, atol=1e-5)
        # Every source is in exactly one part.
        np.testing.assert_array_equal(batch.members.sum(axis=1), 1)
        assert np.sqrt((batch.mix**2).mean(axis=(1, 2))).min() > 0.01


def test_the_same_seed_draws_the_same(music: Path) -> None:
    excerpts = Excerpts(prepared(music), small().frames, RATE, Augmentations())
    first, again, other = (excerpts.draw(3, np.random.default_rng(s)) for s in (1, 1, 2))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.abs(first.mix - other.mix).max() > 0.01


def test_without_augmentation_a_coherent_excerpt_is_the_track_but_for_level_and_sides(
    music: Path,
) -> None:
    tracks = prepared(music)[:1]
    excerpts = Excerpts(tracks, small().frames, RATE, Augmentations(0, 0, 0, 0, 0))
    batch = excerpts.draw(4, np.random.default_rng(3))
    track = np.abs(tracks[0].samples[2, 0].astype(np.float32))

    def likeness(part: np.ndarray) -> float:
        windows = np.lib.stride_tricks.sliding_window_view(track, part.size)
        cosines = windows @ part / np.maximum(1e-9, np.linalg.norm(windows, axis=1))
        return float(cosines.max() / max(1e-9, np.linalg.norm(part)))

    # An excerpt may begin before the track does.
    assert max(likeness(np.abs(part[2, 0, 100:600])) for part in batch.targets) > 0.9999


def test_pitch_goes_up_and_down(music: Path) -> None:
    excerpts = Excerpts(prepared(music), small().frames, RATE, Augmentations(pitch=4, equaliser=0))
    rng = np.random.default_rng(0)
    peaks = set()
    for _ in range(30):
        batch = excerpts.draw(1, rng)
        bass = batch.targets[0, 0, 0]
        if np.abs(bass).max() > 0.01:
            peaks.add(int(np.abs(np.fft.rfft(bass, 8 * RATE)).argmax() / 8))
    assert max(peaks) / min(peaks) > 1.5


def test_batches_are_drawn_ahead_and_resumed_from_where_they_were_taken(music: Path) -> None:
    excerpts = Excerpts(prepared(music), small().frames, RATE, Augmentations())
    rng = np.random.default_rng(5)
    expected = [excerpts.draw(2, rng).mix for _ in range(3)]
    batches = Batches(excerpts, 2, np.random.default_rng(5))
    np.testing.assert_array_equal(batches.take().mix, expected[0])
    resumed = Batches(excerpts, 2, np.random.default_rng(6))
    resumed.state = batches.state
    for each in (batches, resumed):
        for mix in expected[1:]:
            np.testing.assert_array_equal(each.take().mix, mix)
        each.close()


def test_vocals_are_laid_over_accompaniments_known_in_sum_only(music: Path) -> None:
    write_track(music / "instrumental", ("accompaniment",), mix="", seed=7)
    excerpts = Excerpts(prepared(music), small().frames, RATE, Augmentations(remix=1.0))
    batch = excerpts.draw(200, np.random.default_rng(0))
    vocals, rest = np.array([0, 0, 0, 1]), np.array([1, 1, 1, 0])
    heard = (np.abs(batch.targets).max(axis=(2, 3)) > 0)[..., None]
    pairs = [
        any((row == vocals).all() for row in rows) and any((row == rest).all() for row in rows)
        for rows in batch.members * heard
    ]
    assert 0.05 < np.mean(pairs) < 0.3


def test_tracks_are_brought_to_one_level_before_they_are_mixed(tmp_path: Path) -> None:
    for name, loudness in (("quiet", 0.05), ("loud", 1.0)):
        folder = tmp_path / "music" / name
        folder.mkdir(parents=True)
        noise = loudness * np.random.default_rng(0).uniform(-0.5, 0.5, (4 * RATE, 2))
        stem = "bass" if name == "quiet" else "drums"
        soundfile.write(folder / f"{stem}.wav", noise, RATE, subtype="FLOAT")
    how = Augmentations(remix=1.0, gain=0, equaliser=0, pan=0, pitch=0)
    excerpts = Excerpts(prepared(tmp_path / "music"), small().frames, RATE, how)
    targets = excerpts.draw(50, np.random.default_rng(0)).targets
    levels = np.sqrt((targets**2).mean(axis=(2, 3)))
    both = levels[(levels[:, :2] > 1e-3).all(axis=1), :2]
    assert len(both) > 10
    assert np.median(np.abs(np.log10(both[:, 0] / both[:, 1]))) < 0.05


def test_validation_looks_where_most_is_heard(tmp_path: Path) -> None:
    true = write_track(tmp_path / "music" / "track", mix="", seconds=6)
    late = true["vocals"].copy()
    late[:, : 4 * RATE] = 0
    soundfile.write(tmp_path / "music/track/vocals.wav", late.T, RATE, subtype="FLOAT")
    (excerpt,) = Validation.excerpts(prepared(tmp_path / "music"), 2, RATE)
    assert excerpt.mix.shape == (2, 2 * RATE)
    np.testing.assert_allclose(excerpt.targets[3], late[:, 4 * RATE :], atol=1e-3)


def test_accompaniments_lead_as_often_as_asked(tmp_path: Path) -> None:
    write_track(tmp_path / "music" / "instrumental", ("accompaniment",), mix="")
    write_track(tmp_path / "music" / "sung", ("vocals",), seed=1)
    tracks = prepared(tmp_path / "music")
    frames = small().frames._replace(input=4096, output=4096)

    def unsung(leads: dict[str, float]) -> float:
        excerpts = Excerpts(tracks, frames, RATE, Augmentations(remix=0.0), leads)
        batch = excerpts.draw(60, np.random.default_rng(0))
        vocals = (batch.members == np.array([0, 0, 0, 1])).all(axis=2)
        heard = np.abs(batch.targets).max(axis=(2, 3)) > 0
        return float(1 - (vocals & heard).any(axis=1).mean())

    assert unsung({SUM: 0.0, "bass": 0.0, "drums": 0.0, "other": 0.0}) == 0
    assert unsung({"vocals": 0.0}) > 0.2


def test_as_many_mixtures_are_coded_as_asked_and_their_targets_are_what_they_were(
    music: Path,
) -> None:
    frames = small().frames._replace(input=RATE, output=RATE)
    tracks = prepared(music)

    def error(mp3: float) -> np.ndarray:
        excerpts = Excerpts(tracks, frames, RATE, Augmentations(remix=0.0, mp3=mp3))
        batch = excerpts.draw(24, np.random.default_rng(0))
        summed = batch.targets.sum(axis=1)
        powers = ((batch.mix - summed) ** 2).mean(axis=(1, 2)) / (summed**2).mean(axis=(1, 2))
        # What is coded is still that music, at its place.
        assert (powers < 0.2).all()
        return np.asarray(powers)

    assert (error(0.0) < 1e-9).all()
    assert (error(1.0) > 1e-9).all()
    assert 4 <= (error(0.5) > 1e-9).sum() <= 20
