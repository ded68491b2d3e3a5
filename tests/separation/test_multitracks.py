"""Multitracks are found and read as they are published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from multitrack_files import RATE, write_track
from scored_music import noise

from merbench.errors import AudioError, MerbenchError
from merbench.separation import multitracks


def test_a_missing_mixture_is_the_sum_of_the_stems(tmp_path: Path) -> None:
    true = write_track(tmp_path / "a", mix="")
    track = multitracks.read_multitrack(multitracks.find_multitracks(tmp_path)[0])
    whole = true["bass"] + true["drums"] + true["other"] + true["vocals"]
    np.testing.assert_allclose(track.mix, whole, atol=1e-6)


def test_an_accompaniment_is_not_added_twice(tmp_path: Path) -> None:
    true = write_track(tmp_path / "a", ("bass", "vocals", "accompaniment"), mix="")
    track = multitracks.read_multitrack(multitracks.find_multitracks(tmp_path)[0])
    np.testing.assert_allclose(track.mix, true["accompaniment"] + true["vocals"], atol=1e-6)


def test_musdb18_is_found_by_its_test_part(tmp_path: Path) -> None:
    for part, name in (("train", "A - X"), ("test", "B - Y"), ("test", "C - Z")):
        write_track(tmp_path / part / name, mix="mixture.wav", seconds=0.1)
    found = multitracks.find_multitracks(tmp_path)
    assert [t.name for t in found] == ["B - Y", "C - Z"]
    assert set(found[0].files) == {"mix", "bass", "drums", "other", "vocals"}
    assert [t.name for t in multitracks.find_multitracks(tmp_path / "train")] == ["A - X"]


def test_any_depth_any_case_and_the_folder_itself(tmp_path: Path) -> None:
    write_track(tmp_path / "album" / "a", ("vocals",), seconds=0.1)
    (tmp_path / "album" / "a" / "vocals.wav").rename(tmp_path / "album" / "a" / "Vocals.WAV")
    for root, name in ((tmp_path, "album/a"), (tmp_path / "album" / "a", "a")):
        (found,) = multitracks.find_multitracks(root)
        assert found.name == name
        assert set(found.files) == {"vocals", "mix"}


def test_mono_is_widened_and_short_files_end_in_silence(folder: Path) -> None:
    true = write_track(folder, ("bass", "vocals"))
    soundfile.write(folder / "bass.wav", true["bass"][0, :100], RATE, subtype="FLOAT")
    track = multitracks.read_multitrack(multitracks.find_multitracks(folder)[0])
    assert track.stems["bass"].shape == track.mix.shape == true["vocals"].shape
    np.testing.assert_array_equal(track.stems["bass"][1, :100], true["bass"][0, :100])
    assert not track.stems["bass"][:, 100:].any()


def test_multitracks_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match="is no folder"):
        multitracks.find_multitracks(tmp_path / "nowhere")
    with pytest.raises(MerbenchError, match="holds no multitracks"):
        multitracks.find_multitracks(tmp_path)
    (tmp_path / "song.stem.mp4").touch()
    with pytest.raises(MerbenchError, match="musdbconvert"):
        multitracks.find_multitracks(tmp_path)
    write_track(tmp_path / "a", seconds=0.1)
    (tmp_path / "a" / "bass.flac").touch()
    with pytest.raises(MerbenchError, match="second bass"):
        multitracks.find_multitracks(tmp_path)


def test_files_that_do_not_fit_together(folder: Path) -> None:
    write_track(folder, seconds=0.1)
    (files,) = multitracks.find_multitracks(folder)
    soundfile.write(folder / "bass.wav", noise(100, 3), RATE)
    with pytest.raises(MerbenchError, match="channels"):
        multitracks.read_multitrack(files)
    soundfile.write(folder / "bass.wav", noise(100, 2), 2 * RATE)
    with pytest.raises(MerbenchError, match="different sample rates"):
        multitracks.read_multitrack(files)
    (folder / "bass.wav").write_bytes(b"no audio")
    with pytest.raises(AudioError, match=r"bass\.wav"):
        multitracks.read_multitrack(files)
