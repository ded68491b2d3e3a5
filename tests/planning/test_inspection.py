"""A check of a dataset's audio hears what a run hears."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from merbench import AudioError, Clip, Dataset, MerbenchError, Task, audio
from merbench.planning.inspection import check_audio
from merbench.planning.repeated_audio import same_audio

RATE = 8_000


class Files(Dataset):
    """Clips of the tests."""

    name = "files"
    task = Task.VA


class Stemmed(Files):
    name = "stemmed"
    has_true_stems = True


def wave(seed: int = 0, seconds: float = 2.0, channels: int = 2) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.5, 0.5, (channels, round(seconds * RATE))).astype(np.float32)


def clip(
    folder: Path, name: str, waveform: NDArray[np.float32], group: str = "", **stems: Path
) -> Clip:
    path = folder / f"{name}.wav"
    audio.write(path, waveform, RATE)
    return Clip(name, group or name, (0.5, 0.5, 0.1, 0.1), path, stems=stems)


def said(dataset: Dataset, clips: Sequence[Clip]) -> list[tuple[str, str, str]]:
    return [tuple(finding) for finding in check_audio(dataset, clips)]


def test_sound_clips_give_no_finding(tmp_path: Path) -> None:
    assert said(Files(), [clip(tmp_path, f"c{n}", wave(n)) for n in range(3)]) == []


def test_silence_in_the_first_channel_is_told(tmp_path: Path) -> None:
    right, left = wave(), wave(1)
    right[0], left[1] = 0, 0
    clips = [clip(tmp_path, "right", right), clip(tmp_path, "left", left)]
    (finding,) = said(Files(), clips)
    assert finding[:2] == ("warning", "clip right")
    assert "its first channel is silent" in finding[2]


def test_the_case_of_a_silent_left_channel(shared: Path) -> None:
    path = shared / "cases/left_silent.wav"
    (finding,) = said(Files(), [Clip("c", "g", (), path)])
    assert finding[:2] == ("warning", "clip c")
    assert "an extractor that hears the first channel hears silence" in finding[2]


def test_an_incomplete_last_frame_is_told(shared: Path) -> None:
    path = shared / "cases/cut_in_mid_frame.mp3"
    (finding,) = said(Files(), [Clip("c", "g", (), path)])
    assert finding[:2] == ("warning", "clip c")
    assert "its last frame is incomplete" in finding[2]


def test_silent_and_short_clips_are_told(tmp_path: Path) -> None:
    clips = [clip(tmp_path, "silent", 0 * wave()), clip(tmp_path, "short", wave(seconds=0.5))]
    assert [(where, what.rpartition(": ")[2]) for _, where, what in said(Files(), clips)] == [
        ("clip silent", "it is silent"),
        ("clip short", "it is only 0.50 s long"),
    ]


@pytest.mark.parametrize("error", [KeyError("x"), AudioError("bad"), MerbenchError("odd")])
def test_whatever_one_clip_raises_the_others_are_checked(tmp_path: Path, error: Exception) -> None:
    class Faulty(Files):
        def decode(self, clip: Clip):
            if clip.id == "c1":
                raise error
            return super().decode(clip)

    clips = [clip(tmp_path, f"c{n}", wave(n)) for n in range(3)]
    clips.append(clip(tmp_path, "last", 0 * wave()))
    found = said(Faulty(), clips)
    assert [(level, where) for level, where, _ in found] == [
        ("warning", "clip last"),
        ("error", "clip c1"),
    ]


def test_what_keeps_all_clips_from_being_decoded_is_said_once(tmp_path: Path) -> None:
    class Unready(Files):
        def decode(self, clip: Clip):
            raise MerbenchError("the soundfont is missing; name another")

    clips = [clip(tmp_path, f"c{n}", wave(n)) for n in range(3)]
    assert said(Unready(), clips) == [
        ("error", "3 clips of files", "the soundfont is missing; name another")
    ]


# --- the same audio -------------------------------------------------------------------------------


def test_equal_files_are_found_by_their_bytes(tmp_path: Path) -> None:
    clips = [clip(tmp_path, f"c{n}", wave(n % 2), group=f"g{n // 3}") for n in range(4)]
    assert [[c.id for c in found] for found in same_audio(clips)] == [["c0", "c2"], ["c1", "c3"]]
    within, across = said(Files(), clips)
    assert within == ("warning", "clips c0, c2", "their audio is the same file")
    assert across[1] == "clips c1, c3"
    assert "their groups differ: one may be trained on and the other tested" in across[2]


# --- true stems -----------------------------------------------------------------------------------


def stems(folder: Path, **waveforms: NDArray[np.float32]) -> dict[str, Path]:
    paths = {name: folder / f"{name}.wav" for name in waveforms}
    for name, waveform in waveforms.items():
        audio.write(paths[name], waveform, RATE)
    return paths


def test_true_stems_that_fit_give_no_finding(tmp_path: Path) -> None:
    paths = stems(tmp_path, bass=wave(1), drums=wave(2))
    assert said(Stemmed(), [clip(tmp_path, "mix", wave(), **paths)]) == []


@pytest.mark.parametrize(
    ("second", "level", "says"),
    [
        (wave(2, seconds=1.9), "error", "of one length and number of channels"),
        (wave(2, channels=1), "error", "of one length and number of channels"),
    ],
)
def test_true_stems_that_differ_are_an_error(
    tmp_path: Path, second: NDArray[np.float32], level: str, says: str
) -> None:
    paths = stems(tmp_path, bass=wave(1), drums=second)
    (finding,) = said(Stemmed(), [clip(tmp_path, "mix", wave(), **paths)])
    assert finding[:2] == (level, "clip mix")
    assert says in finding[2]


def test_true_stems_that_cannot_be_decoded_are_an_error(tmp_path: Path) -> None:
    paths = stems(tmp_path, bass=wave(1), drums=wave(2))
    paths["drums"].write_bytes(b"")
    (finding,) = said(Stemmed(), [clip(tmp_path, "mix", wave(), **paths)])
    assert finding[:2] == ("error", "clip mix")
    assert "drums.wav is empty" in finding[2]


def test_true_stems_of_two_sample_rates_are_an_error(tmp_path: Path) -> None:
    paths = stems(tmp_path, bass=wave(1), drums=wave(2))
    audio.write(paths["drums"], wave(2), 2 * RATE)
    (finding,) = said(Stemmed(), [clip(tmp_path, "mix", wave(), **paths)])
    assert finding[:2] == ("error", "clip mix")
    assert "2 sample rates" in finding[2]


@pytest.mark.parametrize(
    ("both", "says"),
    [
        (wave(1, seconds=1.0), "its true stems last 1.00 s where the clip lasts 2.00 s"),
        (wave(1, channels=1), "its true stems have 1 channels where the clip has 2"),
        (0 * wave(), "its true stems are all silent"),
    ],
)
def test_true_stems_unlike_their_clip_are_told(
    tmp_path: Path, both: NDArray[np.float32], says: str
) -> None:
    paths = stems(tmp_path, bass=both, drums=both)
    (finding,) = said(Stemmed(), [clip(tmp_path, "mix", wave(), **paths)])
    assert finding[:2] == ("warning", "clip mix")
    assert says in finding[2]
