from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile
from multitrack_files import RATE, write_track
from scored_music import Whole, scored

from merbench.components import Separator
from merbench.errors import MerbenchError, PluginError
from merbench.separation import distortion, multitracks, scoring


class Perfect(Separator):
    """Knows the stems of `write_track`, up to a little noise."""

    name = "perfect"
    stems = ("bass", "drums", "other", "vocals")
    noise: float = 0.01
    folder: Path

    def separate(self, waveform, sample_rate, *, device):
        rng = np.random.default_rng(0)
        return {
            stem: soundfile.read(self.folder / f"{stem}.wav", dtype="float32")[0].T
            + self.noise * rng.normal(size=waveform.shape).astype(np.float32)
            for stem in self.stems
        }


class Mute(Separator):
    """Silence as every stem."""

    name = "mute"

    def separate(self, waveform, sample_rate, *, device):
        return {stem: np.zeros_like(waveform) for stem in self.stems}


class Vocals(Separator):
    """Half the mixture as vocals, half as accompaniment."""

    name = "halves"
    stems = ("accompaniment", "vocals")

    def separate(self, waveform, sample_rate, *, device):
        return dict.fromkeys(self.stems, waveform / 2)


# Evaluation


def test_scores_are_the_metrics_on_the_files(folder: Path) -> None:
    true = write_track(folder)
    mix = true["accompaniment"] + true["vocals"]
    separator = Perfect(folder=folder)
    scores = scored(folder, separator)
    estimates = separator.separate(mix, RATE, device="cpu")
    assert len(scores) == 4 * 3
    for stem, method in itertools.product(separator.stems, (separator.name, "mixture")):
        estimate = estimates[stem] if method == separator.name else mix
        score = scores[stem, method]
        assert score.si_sdr == pytest.approx(distortion.si_sdr(estimate, true[stem]), abs=1e-3)
        assert score.sdr == pytest.approx(distortion.sdr(estimate, true[stem]), abs=1e-3)
    windows = [np.s_[:, RATE * i : RATE * (i + 1)] for i in range(3)]
    frames = [distortion.sdr(estimates["bass"][w], true["bass"][w]) for w in windows]
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
    assert score.sdr == pytest.approx(distortion.sdr(3 * mix, true["accompaniment"]), abs=1e-3)
    assert np.isfinite(score.bsseval_sir)
    assert scores["accompaniment", "ideal-ratio-mask"].sdr > 3
    two_stems = scored(folder, Vocals())["accompaniment", "halves"]
    assert two_stems.sdr == pytest.approx(distortion.sdr(mix / 2, true["accompaniment"]), abs=1e-3)


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
    scores = scoring.score_tracks({"perfect": separator}, multitracks.find_multitracks(tmp_path))
    silent = [s for s in scores if s.silent]
    assert {(s.track, s.stem) for s in silent} == {("a", "vocals")}
    assert all(np.isnan(getattr(s, m)) for s in silent for m in scoring.METRICS)
    rows = {(r["stem"], r["method"]): r for r in scoring.medians(scores)}
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

        def separate(self, waveform, sample_rate, *, device):
            return dict.fromkeys(self.stems, waveform[:, 1:])

    class Broken(Whole):
        """Not a number."""

        name = "broken"

        def separate(self, waveform, sample_rate, *, device):
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


def test_a_stem_that_is_left_empty_has_no_level_at_all() -> None:
    mix = np.ones((2, 10), np.float32)
    assert distortion.level_of(0 * mix, mix) == -np.inf
    assert distortion.level_of(mix / 10, mix) == pytest.approx(-20)
