from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from multitrack_files import RATE, write_track

from merbench import separation
from merbench.bsseval import BSSEval
from merbench.components import Separator
from merbench.errors import AudioError, MerbenchError, PluginError

TAPS = 8


class Perfect(Separator):
    """Knows the stems of `write_track`, up to a little noise."""

    name = "perfect"
    stems = ("bass", "drums", "other", "vocals")
    noise: float = 0.01
    folder: Path

    def separate(self, waveform, sample_rate):
        rng = np.random.default_rng(0)
        return {
            stem: soundfile.read(self.folder / f"{stem}.wav", dtype="float32")[0].T
            + self.noise * rng.normal(size=waveform.shape).astype(np.float32)
            for stem in self.stems
        }


class Whole(Separator):
    """The mixture as every stem."""

    name = "whole"

    def separate(self, waveform, sample_rate):
        return {stem: waveform.copy() for stem in self.stems}


class Mute(Separator):
    """Silence as every stem."""

    name = "mute"

    def separate(self, waveform, sample_rate):
        return {stem: np.zeros_like(waveform) for stem in self.stems}


class Vocals(Separator):
    """Half the mixture as vocals, half as accompaniment."""

    name = "halves"
    stems = ("accompaniment", "vocals")

    def separate(self, waveform, sample_rate):
        return dict.fromkeys(self.stems, waveform / 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a track will be."""
    return tmp_path / "track"


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def scored(root: Path, separator: Separator) -> dict[tuple[str, str], separation.Score]:
    """Score on one track, by stem and method."""
    scores = separation.evaluate({separator.name: separator}, separation.find_multitracks(root))
    return {(s.stem, s.method): s for s in scores}


# Ratios on arrays


def test_sdr_by_hand() -> None:
    true = np.array([[1.0, -1.0, 1.0, -1.0]])
    assert separation.sdr(true * 0.9, true) == pytest.approx(20.0)
    assert separation.sdr(np.zeros_like(true), true) == 0.0
    assert separation.sdr(true, true) == np.inf
    assert np.isnan(separation.sdr(true, np.zeros_like(true)))


def test_si_sdr_by_hand() -> None:
    true = np.array([[3.0, 4.0, 0.0]])
    # Orthogonal to the true stem: 2 / 5 of its length, 20 log10(5 / 2) dB.
    estimate = true + np.array([[0.0, 0.0, 2.0]])
    assert separation.si_sdr(estimate, true) == pytest.approx(20 * np.log10(2.5))
    assert separation.si_sdr(np.zeros_like(true), true) == -np.inf
    assert np.isnan(separation.si_sdr(estimate, np.zeros_like(true)))


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 100.0), st.integers(0, 1000))
def test_si_sdr_ignores_level_and_sdr_never_exceeds_what_the_best_level_gives(
    gain: float, seed: int
) -> None:
    true = noise(2, 500, seed=seed)
    estimate = true + noise(2, 500, seed=seed + 1)
    assert separation.si_sdr(gain * estimate, true) == pytest.approx(
        separation.si_sdr(estimate, true), abs=1e-6
    )
    # With the error orthogonal to the estimate, the best level's SDR is 10 log10(1 + SI-SDR ratio).
    best = 10 * np.log10(1 + 10 ** (separation.si_sdr(estimate, true) / 10))
    assert separation.sdr(gain * estimate, true) <= best + 1e-9


def test_ratios_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        separation.sdr(noise(1, 10), noise(1, 11))


# BSSEval


def projected(signals: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Project on every delayed signal, by the definition: a column each, dense least squares."""
    delayed = [
        np.pad(signal, (delay, TAPS - 1 - delay)) for signal in signals for delay in range(TAPS)
    ]
    columns = np.stack(delayed, axis=1)
    return (columns @ np.linalg.lstsq(columns, np.pad(target, ((0, 0), (0, TAPS - 1))).T)[0]).T


def decibels(wanted: np.ndarray, error: np.ndarray) -> float:
    return 10 * np.log10((wanted**2).sum() / (error**2).sum())


def test_bsseval_is_its_definition() -> None:
    sources = noise(3, 2, 400)
    estimate = 0.8 * sources[0] + 0.3 * np.roll(sources[1], 3, axis=-1) + 0.2 * noise(2, 400)
    measured = BSSEval(sources, 100, window=4.0, taps=TAPS).score({0: estimate})[0]
    true = np.pad(sources[0], ((0, 0), (0, TAPS - 1)))
    image = projected(sources[0], estimate)
    explained = projected(sources.reshape(6, -1), estimate)
    whole = np.pad(estimate, ((0, 0), (0, TAPS - 1)))
    expected = (
        decibels(true, whole - true),
        decibels(true, image - true),
        decibels(image, explained - image),
        decibels(explained, whole - explained),
    )
    assert [v.item() for v in measured] == pytest.approx(expected, abs=1e-9)


def test_bsseval_frames_are_the_windows_of_a_filter_of_the_whole() -> None:
    sources = noise(2, 1, 1050)
    estimates = {0: sources[0] + 0.5 * sources[1], 1: sources[1] + 0.1 * noise(1, 1050)}
    measured = BSSEval(sources, 100, taps=TAPS).score(estimates)
    assert len(measured[0].sdr) == 10  # the last half second fills no window
    for frame in range(10):
        window = np.s_[:, 100 * frame : 100 * (frame + 1)]
        for position, estimate in estimates.items():
            true = sources[position]
            assert measured[position].sdr[frame] == pytest.approx(
                separation.sdr(estimate[window], true[window]), abs=1e-9
            )


def test_bsseval_skips_frames_in_which_anything_is_silent() -> None:
    sources = noise(2, 1, 400)
    sources[1, :, 100:200] = 0
    estimates = {0: sources[0] + 0.1, 1: sources[1] + 0.1}
    estimates[0][:, 300:] = 0
    for frames in BSSEval(sources, 100, taps=TAPS).score(estimates).values():
        for ratio in frames:
            assert np.isnan(ratio).tolist() == [False, True, False, True]
        assert all(np.isfinite(median) for median in frames.medians().values())


def test_bsseval_of_a_filtered_source_is_free_of_interference_and_artifacts() -> None:
    sources = noise(2, 1, 4000)
    estimate = np.convolve(sources[0, 0], [1.0, 0.5, 0.25])[None, :4000]
    measured = BSSEval(sources, 4000, taps=TAPS).score({0: estimate})[0]
    assert measured.sdr.item() < 10
    assert measured.sir.item() > 60
    assert measured.sar.item() > 30  # the filter's end is cut off


def test_bsseval_of_equal_channels_is_that_of_one() -> None:
    mono = noise(2, 1, 2000)
    stereo = np.repeat(mono, 2, axis=1)
    ours = [BSSEval(s, 500, taps=TAPS).score({0: s[0] + 0.3 * s[1] + 0.01}) for s in (mono, stereo)]
    for one, two in zip(ours[0][0], ours[1][0], strict=True):
        np.testing.assert_allclose(one, two, atol=0.01)


def test_bsseval_of_long_signals_is_computed_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = noise(2, 2, 3000)
    estimate = sources[0] + 0.3 * np.roll(sources[1], 2, axis=-1)
    whole = BSSEval(sources, 1000, taps=TAPS).score({0: estimate})[0]
    monkeypatch.setattr("merbench.bsseval._BLOCK", 700)
    blocks = BSSEval(sources, 1000, taps=TAPS).score({0: estimate})[0]
    np.testing.assert_allclose(np.stack(whole), np.stack(blocks), atol=1e-9)


# Ideal ratio masks


def test_ideal_ratio_masks_sum_to_the_mixture_and_beat_it() -> None:
    time = np.arange(16000) / RATE
    low, high = np.sin(2 * np.pi * 200 * time), np.sin(2 * np.pi * 2000 * time)
    sources = np.stack([low, high])[:, None].astype(np.float32)
    mix = sources.sum(axis=0)
    estimates = separation.ideal_ratio_masks(mix, sources, RATE)
    assert estimates.shape == sources.shape
    np.testing.assert_allclose(estimates.sum(axis=0), mix, atol=1e-5)
    for estimate, true in zip(estimates, sources, strict=True):
        assert separation.si_sdr(estimate, true) > 30 > separation.si_sdr(mix, true)


@pytest.mark.parametrize("length", [1, 100, 371, 5001])
def test_ideal_ratio_masks_of_odd_lengths_and_silence(length: int) -> None:
    sources = np.stack([noise(1, length), np.zeros((1, length))]).astype(np.float32)
    estimates = separation.ideal_ratio_masks(sources.sum(axis=0), sources, RATE)
    np.testing.assert_allclose(estimates, sources, atol=1e-5)


# Multitracks


def test_a_missing_mixture_is_the_sum_of_the_stems(tmp_path: Path) -> None:
    true = write_track(tmp_path / "a", mix="")
    track = separation.read_multitrack(separation.find_multitracks(tmp_path)[0])
    whole = true["bass"] + true["drums"] + true["other"] + true["vocals"]
    np.testing.assert_allclose(track.mix, whole, atol=1e-6)


def test_an_accompaniment_is_not_added_twice(tmp_path: Path) -> None:
    true = write_track(tmp_path / "a", ("bass", "vocals", "accompaniment"), mix="")
    track = separation.read_multitrack(separation.find_multitracks(tmp_path)[0])
    np.testing.assert_allclose(track.mix, true["accompaniment"] + true["vocals"], atol=1e-6)


def test_musdb18_is_found_by_its_test_part(tmp_path: Path) -> None:
    for part, name in (("train", "A - X"), ("test", "B - Y"), ("test", "C - Z")):
        write_track(tmp_path / part / name, mix="mixture.wav", seconds=0.1)
    found = separation.find_multitracks(tmp_path)
    assert [t.name for t in found] == ["B - Y", "C - Z"]
    assert set(found[0].files) == {"mix", "bass", "drums", "other", "vocals"}
    assert [t.name for t in separation.find_multitracks(tmp_path / "train")] == ["A - X"]


def test_any_depth_any_case_and_the_folder_itself(tmp_path: Path) -> None:
    write_track(tmp_path / "album" / "a", ("vocals",), seconds=0.1)
    (tmp_path / "album" / "a" / "vocals.wav").rename(tmp_path / "album" / "a" / "Vocals.WAV")
    for root, name in ((tmp_path, "album/a"), (tmp_path / "album" / "a", "a")):
        (found,) = separation.find_multitracks(root)
        assert found.name == name
        assert set(found.files) == {"vocals", "mix"}


def test_mono_is_widened_and_short_files_end_in_silence(folder: Path) -> None:
    true = write_track(folder, ("bass", "vocals"))
    soundfile.write(folder / "bass.wav", true["bass"][0, :100], RATE, subtype="FLOAT")
    track = separation.read_multitrack(separation.find_multitracks(folder)[0])
    assert track.stems["bass"].shape == track.mix.shape == true["vocals"].shape
    np.testing.assert_array_equal(track.stems["bass"][1, :100], true["bass"][0, :100])
    assert not track.stems["bass"][:, 100:].any()


def test_multitracks_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match="is no folder"):
        separation.find_multitracks(tmp_path / "nowhere")
    with pytest.raises(MerbenchError, match="holds no multitracks"):
        separation.find_multitracks(tmp_path)
    (tmp_path / "song.stem.mp4").touch()
    with pytest.raises(MerbenchError, match="musdbconvert"):
        separation.find_multitracks(tmp_path)
    write_track(tmp_path / "a", seconds=0.1)
    (tmp_path / "a" / "bass.flac").touch()
    with pytest.raises(MerbenchError, match="second bass"):
        separation.find_multitracks(tmp_path)


def test_files_that_do_not_fit_together(folder: Path) -> None:
    write_track(folder, seconds=0.1)
    (files,) = separation.find_multitracks(folder)
    soundfile.write(folder / "bass.wav", noise(100, 3), RATE)
    with pytest.raises(MerbenchError, match="channels"):
        separation.read_multitrack(files)
    soundfile.write(folder / "bass.wav", noise(100, 2), 2 * RATE)
    with pytest.raises(MerbenchError, match="different sample rates"):
        separation.read_multitrack(files)
    (folder / "bass.wav").write_bytes(b"no audio")
    with pytest.raises(AudioError, match=r"bass\.wav"):
        separation.read_multitrack(files)


# Evaluation


def test_scores_are_the_metrics_on_the_files(folder: Path) -> None:
    true = write_track(folder)
    mix = true["accompaniment"] + true["vocals"]
    separator = Perfect(folder=folder)
    scores = scored(folder, separator)
    estimates = separator.separate(mix, RATE)
    assert len(scores) == 4 * 3
    for stem, method in itertools.product(separator.stems, (separator.name, "mixture")):
        estimate = estimates[stem] if method == separator.name else mix
        score = scores[stem, method]
        assert score.si_sdr == pytest.approx(separation.si_sdr(estimate, true[stem]), abs=1e-3)
        assert score.sdr == pytest.approx(separation.sdr(estimate, true[stem]), abs=1e-3)
    windows = [np.s_[:, RATE * i : RATE * (i + 1)] for i in range(3)]
    frames = [separation.sdr(estimates["bass"][w], true["bass"][w]) for w in windows]
    assert scores["bass", "perfect"].bsseval_sdr == pytest.approx(np.median(frames), abs=1e-3)
    for stem in separator.stems:
        ratios = [scores[stem, m].si_sdr for m in ("mixture", "ideal-ratio-mask", "perfect")]
        assert ratios == sorted(ratios)


def test_accompaniment_is_scored_against_all_that_is_not_vocals(folder: Path) -> None:
    true = write_track(folder, ("vocals", "accompaniment"))
    mix = true["accompaniment"] + true["vocals"]
    scores = scored(folder, Whole())
    assert {stem for stem, _ in scores} == {"vocals", "accompaniment"}
    score = scores["accompaniment", "whole"]
    assert score.sdr == pytest.approx(separation.sdr(3 * mix, true["accompaniment"]), abs=1e-3)
    assert np.isfinite(score.bsseval_sir)
    assert scores["accompaniment", "ideal-ratio-mask"].sdr > 3
    two_stems = scored(folder, Vocals())["accompaniment", "halves"]
    assert two_stems.sdr == pytest.approx(separation.sdr(mix / 2, true["accompaniment"]), abs=1e-3)


def test_interference_of_sources_without_a_file_counts(folder: Path) -> None:
    write_track(folder, ("vocals",))
    scores = scored(folder, Whole())
    assert {stem for stem, _ in scores} == {"vocals"}
    mixture = scores["vocals", "mixture"]
    assert mixture.bsseval_sir < 20 < mixture.bsseval_sar


def test_a_silent_stem_is_counted_and_never_averaged(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_track(tmp_path / name)
    # The dither of 16-bit audio is no sound.
    dither = np.random.default_rng(0).integers(-1, 2, (3 * RATE, 2)) / 32768
    soundfile.write(tmp_path / "a" / "vocals.wav", dither, RATE)
    separator = Perfect(folder=tmp_path / "b")
    scores = separation.evaluate({"perfect": separator}, separation.find_multitracks(tmp_path))
    silent = [s for s in scores if s.silent]
    assert {(s.track, s.stem) for s in silent} == {("a", "vocals")}
    assert all(np.isnan(getattr(s, m)) for s in silent for m in separation.METRICS)
    rows = {(r["stem"], r["method"]): r for r in separation.medians(scores)}
    vocals, bass = rows["vocals", "perfect"], rows["bass", "perfect"]
    assert (vocals["tracks"], vocals["silent"]) == (1, 1)
    assert (bass["tracks"], bass["silent"]) == (2, 0)
    (only,) = [s for s in scores if (s.track, s.stem, s.method) == ("b", "vocals", "perfect")]
    assert vocals["si_sdr"] == only.si_sdr
    # What is put into a stem that should be silent is told by its level alone.
    (put,) = [s.level for s in silent if s.method == "perfect"]
    assert vocals["silent_level"] == put
    mix, _ = soundfile.read(tmp_path / "a" / "mix.wav")
    own, _ = soundfile.read(tmp_path / "b" / "vocals.wav")
    assert put == pytest.approx(10 * np.log10((own**2).sum() / (mix**2).sum()), abs=0.05)
    assert rows["vocals", "mixture"]["silent_level"] == pytest.approx(0, abs=1e-6)
    assert np.isnan(bass["silent_level"])


def test_a_stem_that_is_left_empty_has_no_level_at_all() -> None:
    mix = np.ones((2, 10), np.float32)
    assert separation._level(0 * mix, mix) == -np.inf
    assert separation._level(mix / 10, mix) == pytest.approx(-20)


def test_silent_estimates_lose(folder: Path) -> None:
    write_track(folder)
    score = scored(folder, Mute())["vocals", "mute"]
    assert score.si_sdr == -np.inf
    assert score.sdr == 0.0
    assert np.isnan(score.bsseval_sdr)


def test_what_cannot_be_evaluated(folder: Path) -> None:
    class Piano(Whole):
        """Only a piano."""

        name = "piano"
        stems = ("piano",)

    class Liar(Whole):
        """Fewer samples than it was given."""

        name = "liar"

        def separate(self, waveform, sample_rate):
            return dict.fromkeys(self.stems, waveform[:, 1:])

    class Broken(Whole):
        """Not a number."""

        name = "broken"

        def separate(self, waveform, sample_rate):
            return dict.fromkeys(self.stems, waveform * np.nan)

    class Truth(Whole):
        """True stems."""

        name = "truth"
        needs_true_stems = True

    write_track(folder, seconds=0.5)
    for separator, error, message in (
        (Piano(), MerbenchError, "none of the stems"),
        (Liar(), PluginError, "shape"),
        (Broken(), PluginError, "NaN"),
        (Truth(), MerbenchError, "true stems"),
    ):
        with pytest.raises(error, match=message):
            scored(folder, separator)


def test_files_are_the_same_for_the_same_scores(tmp_path: Path) -> None:
    write_track(tmp_path / "data" / "a", ("bass", "vocals"))
    scores = list(scored(tmp_path / "data", Whole()).values())
    for name in ("one", "two"):
        separation.write_csv(tmp_path / f"{name}.csv", scores)
        separation.plot(tmp_path / f"{name}.svg", scores, "whole, data")
    for kind in ("csv", "svg"):
        one, two = (tmp_path / f"{name}.{kind}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    with (tmp_path / "one.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [(r["stem"], r["method"]) for r in rows] == [(s.stem, s.method) for s in scores]
    assert float(rows[0]["si_sdr"]) == pytest.approx(scores[0].si_sdr, abs=1e-4)
    drawing = (tmp_path / "one.svg").read_text()
    for word in ("ideal-ratio-mask", "mixture", "vocals", "SI-SDR"):
        assert f">{word}" in drawing
