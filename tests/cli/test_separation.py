from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from multitrack_files import RATE, write_track

from merbench import devices
from merbench.cli import separation
from merbench.separation import scoring
from merbench.separation.scoring import METRICS, SeparationScore

SHARES = '''
from merbench import Separator, hookimpl


class Shares(Separator):
    """A share of the mixture each."""

    name = "shares"
    share: float = 0.25

    def separate(self, waveform, sample_rate, *, device):
        return {stem: waveform * self.share for stem in self.stems}


class Truth(Separator):
    """True stems."""

    name = "truth"
    needs_true_stems = True


@hookimpl
def merbench_separators():
    yield Shares
    yield Truth
'''


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "shares.py"
    path.write_text(SHARES)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for seed in range(2):
        write_track(tmp_path / "music" / f"track {seed}", seed=seed)
    silence = np.zeros((3 * RATE, 2))
    soundfile.write(tmp_path / "music" / "track 1" / "vocals.wav", silence, RATE)
    return tmp_path / "music"


def test_evaluate_prints_medians_and_writes_files(
    call: Any, plugin: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = call("separators", "evaluate", "shares", "--data", data, "--plugins", plugin,
                "--out", out)  # fmt: skip
    assert done.status == 0, done.stderr
    for word in ("shares", "mixture", "ideal-ratio-mask", "hpss", "vocals", "2 tracks"):
        assert word in done.stdout
    assert "track 0: separating with shares" in done.stderr
    with (out / "scores.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 2 * 4 * 4
    silent = [r for r in rows if r["silent"] == "true"]
    assert {(r["track"], r["stem"]) for r in silent} == {("track 1", "vocals")}
    assert {r["si_sdr"] for r in silent} == {""}
    assert all(float(r["level"]) <= 0.001 for r in silent)
    assert (out / "scores.svg").read_text().startswith("<?xml")


def test_evaluate_as_json(call: Any, plugin: Path, data: Path) -> None:
    document = call("separators", "evaluate", "shares", "--data", data, "--plugins", plugin,
                    "--set", "share=0.5", "--beside", "shares", "--json").json  # fmt: skip
    assert document["separator"] == "shares (share=0.5)"
    assert set(document["tracks"]) == {"track 0", "track 1"}
    bass = document["tracks"]["track 0"]["bass"]
    # A share of the mixture is the mixture to a ratio that ignores levels, and to no other.
    assert bass["si_sdr"] == pytest.approx(bass["si_sdr_mixture"], abs=1e-4)
    assert bass["sdr"] > bass["sdr_mixture"]
    assert bass["sdr"] != bass["beside"]["shares"]["sdr"]
    assert set(bass["beside"]) == {"shares", "mixture", "ideal-ratio-mask"}
    vocals = document["tracks"]["track 1"]["vocals"]
    assert vocals["silent"] is True
    assert vocals["si_sdr"] is vocals["si_sdr_mixture"] is vocals["sdr"] is None
    assert vocals["level"] == pytest.approx(-6.02, abs=0.01)
    assert vocals["beside"]["mixture"]["level"] == pytest.approx(0, abs=1e-6)
    counts = {r["stem"]: (r["tracks"], r["silent"]) for r in document["medians"]}
    assert counts == {"bass": (2, 0), "drums": (2, 0), "other": (2, 0), "vocals": (1, 1)}


def test_evaluate_what_cannot_be(call: Any, plugin: Path, data: Path) -> None:
    for arguments, message in (
        (("nobody", "--data", data), "no separator 'nobody'"),
        (("shares", "--data", data / "nowhere"), "is no folder"),
        (("shares", "--data", data, "--set", "shore=1"), "share"),
        (("shares", "--data", data, "--beside", "nobody"), "no separator 'nobody'"),
    ):
        done = call("separators", "evaluate", *arguments, "--plugins", plugin)
        assert message in done.error


def test_evaluate_on_real_stems(call: Any, shared: Path) -> None:
    folder = shared / "data" / "stems" / "music_delta_80s_rock_7s"
    document = call("separators", "evaluate", "hpss", "--data", folder, "--json").json
    track = document["tracks"][folder.name]
    for stem in ("bass", "drums", "vocals"):
        assert track[stem]["si_sdr"] > track[stem]["si_sdr_mixture"] + 1
        assert track[stem]["beside"]["ideal-ratio-mask"]["si_sdr"] > track[stem]["si_sdr"]


def test_separate_keeps_length_rate_and_level(call: Any, plugin: Path, tmp_path: Path) -> None:
    loud = (3 * np.random.default_rng(0).normal(size=(1001, 2))).astype(np.float32)
    soundfile.write(tmp_path / "loud.wav", loud, 11025, subtype="FLOAT")
    done = call("separators", "separate", "shares", tmp_path / "loud.wav", "--out", "stems",
                "--plugins", plugin, "--set", "share=1")  # fmt: skip
    assert done.status == 0, done.stderr
    assert sorted(p.name for p in Path("stems", "loud").iterdir()) == [
        "bass.wav", "drums.wav", "other.wav", "vocals.wav",
    ]  # fmt: skip
    written = Path("stems", "loud", "vocals.wav")
    info = soundfile.info(written)
    assert (info.samplerate, info.subtype, info.frames) == (11025, "FLOAT", 1001)
    np.testing.assert_array_equal(soundfile.read(written, dtype="float32")[0], loud)


def test_separate_recordings_of_one_name(call: Any, plugin: Path, tmp_path: Path) -> None:
    files = [tmp_path / "a" / "song.wav", tmp_path / "b" / "Song.wav", tmp_path / "song-2.wav"]
    for level, file in enumerate(files, start=1):
        file.parent.mkdir(exist_ok=True)
        soundfile.write(file, np.full(50, level / 8), RATE, subtype="FLOAT")
    done = call("separators", "separate", "shares", *files, "--out", "stems", "--json",
                "--plugins", plugin, "--set", "share=1")  # fmt: skip
    written = done.json["files"]
    assert len({Path(stems["bass"]).parent.name.lower() for stems in written.values()}) == 3
    assert Path(written[str(files[2])]["bass"]).parent.name == "song-2"
    for level, file in enumerate(files, start=1):
        assert soundfile.read(written[str(file)]["bass"])[0][0] == level / 8


def test_separate_goes_on_after_a_bad_file(call: Any, plugin: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.wav", tmp_path / "bad.wav"
    soundfile.write(good, np.ones(50) / 2, RATE)
    bad.write_bytes(b"no audio")
    arguments = ("separators", "separate", "shares", "--out", "stems", "--plugins", plugin)
    done = call(*arguments, bad, good)
    assert done.status == 1
    assert "1 of 2 recordings" in done.stdout
    assert f"error: {bad} cannot be decoded" in done.stderr
    assert Path("stems", "good", "bass.wav").is_file()
    assert not Path("stems", "bad").exists()
    alone = call(*arguments, bad)
    assert alone.status == 2
    assert f"error: {bad} cannot be decoded" in alone.stderr


def test_separate_goes_on_after_whatever_a_file_raises(
    call: Any, plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, good = tmp_path / os.fsdecode(b"caf\xe9.wav"), tmp_path / "good.wav"
    soundfile.write(good, np.ones(50) / 2, RATE)
    odd.write_bytes(good.read_bytes())
    arguments = ("separators", "separate", "shares", "--out", "stems", "--plugins", plugin)
    assert call(*arguments, odd, good).status == 0
    assert Path("stems", odd.stem, "bass.wav").is_file()

    def broken(separator: Any, file: Path, folder: Path, device: str) -> dict[str, Path]:
        if file == odd:
            raise KeyError("surprise")
        return {}

    monkeypatch.setattr(separation, "_separate", broken)
    done = call(*arguments, odd, good)
    assert done.status == 1
    assert "1 of 2 recordings" in done.stdout
    assert "caf\\udce9.wav cannot be separated (KeyError: 'surprise')" in done.stderr


def test_a_separator_is_told_the_device_that_is_asked_for_and_there(
    call: Any, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    plugin = tmp_path / "told.py"
    plugin.write_text(
        SHARES.replace('name = "shares"', 'name = "told"\n    uses_device = True').replace(
            "return {", f"open({str(told)!r}, 'a').write(device + ' ')\n        return {{"
        )
    )
    monkeypatch.setattr(devices, "_count", lambda torch, kind: {"cpu": 1, "cuda": 2}.get(kind, 0))
    nothing = (False, *(0.0,) * (1 + len(METRICS)))
    scored = SeparationScore("track", "bass", "told", *nothing)
    monkeypatch.setattr(scoring, "_score", lambda track, methods: [scored])
    mix = data / "track 0" / "vocals.wav"
    separate = ("separators", "separate", "told", mix, "--out", "stems", "--plugins", plugin)
    evaluate = ("separators", "evaluate", "told", "--data", data, "--plugins", plugin)
    for command in (separate, evaluate):
        assert call(*command, "--device", "cuda:1").status == 0
        assert call(*command, "--device", "auto").status == 0
        assert call(*command).status == 0
        assert call(*command, "--device", "cuda:2").error.startswith(
            "device: this machine has no cuda:2 (here there is cpu and cuda"
        )
    assert told.read_text().split() == [
        "cuda:1", "cuda", "cpu", "cuda:1", "cuda:1", "cuda", "cuda", "cpu", "cpu",
    ]  # fmt: skip


def test_separate_with_true_stems_is_refused(call: Any, plugin: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.ones(50) / 2, RATE)
    done = call("separators", "separate", "truth", tmp_path / "a.wav", "--out", "stems",
                "--plugins", plugin)  # fmt: skip
    assert done.status == 2
    assert "true stems" in done.stderr
