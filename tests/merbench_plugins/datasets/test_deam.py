from __future__ import annotations

import csv
import shutil
from pathlib import Path

import miniatures
import numpy as np
import pytest
from miniatures import DYNAMIC, SONG_LEVEL, deam_labels

from merbench import MerbenchError
from merbench_plugins.datasets.deam import Deam

STATIC = f"{SONG_LEVEL}/static_annotations_averaged_songs_1_2000.csv"
BACK = "valence and arousal swapped back"


@pytest.fixture(scope="session")
def one_mp3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("audio") / "song.mp3"
    miniatures.write_audio(path, seed=1)
    return path


@pytest.fixture
def root(tmp_path: Path, one_mp3: Path) -> Path:
    """As released: the songs of 2013 are swapped."""
    return miniatures.deam(tmp_path / "DEAM", deam_labels(), swapped=range(1, 1001), audio=one_mp3)


def expected(song: int) -> tuple[float, ...]:
    valence, valence_std, arousal, arousal_std = deam_labels()[song]
    return ((valence - 1) / 8, (arousal - 1) / 8, valence_std / 8, arousal_std / 8)


def notes(root: Path, **parameters: str) -> list[str]:
    findings = Deam(**parameters).check(root)  # type: ignore[arg-type]
    return [f"{finding.where}: {finding.message}" for finding in findings]


def test_release_is_read_and_the_songs_of_2013_are_put_right(root: Path) -> None:
    clips = Deam().clips(root)
    assert [int(clip.id) for clip in clips] == list(deam_labels())
    for clip in clips:
        assert clip.label == pytest.approx(expected(int(clip.id)))
        assert clip.provenance == (BACK if int(clip.id) <= 1000 else "")
        assert clip.group == f"artist {int(clip.id) // 3}"


def test_corrected_copy_is_left_alone(tmp_path: Path, one_mp3: Path) -> None:
    root = miniatures.deam(tmp_path, deam_labels(), audio=one_mp3)
    clips = Deam().clips(root)
    assert {clip.provenance for clip in clips} == {""}
    assert clips[0].label == pytest.approx(expected(3))


def test_another_swapped_year_is_found_too(tmp_path: Path, one_mp3: Path) -> None:
    root = miniatures.deam(tmp_path, deam_labels(), swapped=range(1001, 2001), audio=one_mp3)
    swapped = {clip.id for clip in Deam().clips(root) if clip.provenance}
    assert swapped == {str(song) for song in deam_labels() if 1000 < song <= 2000}


def test_option_decides_without_looking(root: Path) -> None:
    shutil.rmtree(root / DYNAMIC)
    always, never = Deam(swap_back="always").clips(root), Deam(swap_back="never").clips(root)
    assert always[0].label == pytest.approx(expected(3))
    valence, arousal, valence_std, arousal_std = expected(3)
    assert never[0].label == pytest.approx((arousal, valence, arousal_std, valence_std))
    assert always[-1].label == never[-1].label


def test_without_dynamic_annotations_it_says_what_it_needs(root: Path) -> None:
    shutil.rmtree(root / DYNAMIC)
    with pytest.raises(MerbenchError, match=r"dynamic annotations, which are missing; .*swap_back"):
        Deam().clips(root)


def test_songs_that_decide_nothing_are_no_ground_to_swap(tmp_path: Path, one_mp3: Path) -> None:
    few = {song: label for song, label in deam_labels().items() if song <= 5 or song > 1000}
    root = miniatures.deam(tmp_path, few, swapped=range(1, 1001), audio=one_mp3)
    with pytest.raises(MerbenchError, match=r"do not tell .*over 3 songs.*; use more"):
        Deam().clips(root)


def test_undecided_songs_of_other_years_stay_as_they_are(tmp_path: Path, one_mp3: Path) -> None:
    some = {song: label for song, label in deam_labels().items() if song <= 1000 or song > 2009}
    root = miniatures.deam(tmp_path, some, swapped=range(1, 1001), audio=one_mp3)
    clips = Deam().clips(root)
    assert [bool(clip.provenance) for clip in clips] == [int(clip.id) <= 1000 for clip in clips]


def test_check_tells_the_evidence(root: Path) -> None:
    told = "\n".join(notes(root))
    assert (
        "songs of 2013: valence less arousal, static against dynamic annotations: r = -0.9" in told
    )
    assert "30 songs: swapped, and swapped back" in told
    assert (
        "songs of 2014: valence less arousal, static against dynamic annotations: r = 0.9" in told
    )


def test_other_folders_are_taken(root: Path) -> None:
    (root / "DEAM_audio").mkdir()
    (root / "MEMD_audio").rename(root / "DEAM_audio/MEMD_audio")
    (root / "annotations").rename(root / "DEAM_Annotations")
    assert len(Deam().clips(root)) == len(deam_labels())


def test_without_metadata_each_song_is_its_group(root: Path) -> None:
    shutil.rmtree(root / "metadata")
    clips = Deam().clips(root)
    assert {clip.group for clip in clips} == {clip.id for clip in clips}
    assert any("72 songs have no artist" in note for note in notes(root))


def test_year_is_the_metadata_files_where_it_is_known(root: Path) -> None:
    """A song that moved from 2013 to 2014 follows its file, not its number."""
    text = (root / "metadata/metadata_2013.csv").read_text().splitlines()
    moved = text.pop(1).split(",")
    (root / "metadata/metadata_2013.csv").write_text("\n".join(text) + "\n")
    with (root / "metadata/metadata_2014.csv").open("a") as handle:
        handle.write(f"{moved[0]},{moved[2].strip()},Album,Song,Pop,0:30,1:15\n")
    assert [clip.provenance for clip in Deam().clips(root)[:2]] == ["", BACK]


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("   1001,", "      3,", ":32", "'3' stands in column 'song_id' of line 2"),
        ("   1001,", "   1999,", ":32", "song 1999 has no audio"),
        ("song_id, valence_mean,", "song_id, valence,", ":1", "no column 'valence_mean'"),
    ],
)
def test_faults_are_told_with_file_and_line(
    root: Path, old: str, new: str, line: str, says: str
) -> None:
    miniatures.edit(root / STATIC, old, new)
    with pytest.raises(MerbenchError) as caught:
        Deam().clips(root)
    assert str(caught.value).startswith(f"{root / STATIC}{line}: ")
    assert says in str(caught.value)


def test_ratings_beyond_nine_are_refused(root: Path) -> None:
    lines = (root / STATIC).read_text().splitlines()
    lines[3] = "5, 9.5, 1, 5, 1"
    (root / STATIC).write_text("\n".join(lines) + "\n")
    with pytest.raises(MerbenchError, match=r":4: column 'valence_mean' is 9\.5, outside .*1, 9"):
        Deam().clips(root)


def test_empty_folder_says_what_to_unpack(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match=r"DEAM_Annotations\.zip"):
        Deam().clips(tmp_path)


def test_same_recording_in_two_groups_is_found(root: Path) -> None:
    assert any("the same file, and their groups differ" in note for note in notes(root))


@pytest.mark.parametrize("noise", [0.1, 0.25])
def test_real_labels_come_back_from_the_release(
    shared: Path, tmp_path: Path, one_mp3: Path, noise: float
) -> None:
    """The release is made by undoing the correction; all of it must be found again.

    The dynamic annotations are the true means plus noise on [-1, 1], the larger one as much as
    the differences that are to be told apart (their standard deviation is 0.29).
    """
    with (shared / "data/labels/deam_corrected_01.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    columns = ("valence_mean", "valence_std", "arousal_mean", "arousal_std")
    truth = {int(row["song_id"]): np.array([float(row[c]) for c in columns]) for row in rows}
    scaled = {s: 8 * x + np.array([1.0, 0.0, 1.0, 0.0]) for s, x in truth.items()}
    swapped = [int(row["song_id"]) for row in rows if row["swapped_vs_release"] == "1"]
    root = miniatures.deam(tmp_path, scaled, swapped=swapped, noise=noise, audio=one_mp3)
    clips = Deam().clips(root)
    assert len(clips) == len(rows) == 1798
    assert [int(clip.id) for clip in clips if clip.provenance == BACK] == swapped
    found = np.array([clip.label for clip in clips])
    wanted = np.array([truth[int(clip.id)][[0, 2, 1, 3]] for clip in clips])
    assert np.abs(found - wanted).max() < 1e-4  # the file is written with six digits
