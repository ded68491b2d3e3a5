"""Songs in a folder for each quadrant: the list, the files, and what in them may be wrong."""

from __future__ import annotations

from pathlib import Path

import miniatures
import numpy as np
import pytest

from merbench import MerbenchError
from merbench_plugins.datasets.four_qaed import FourQaed
from merbench_plugins.datasets.label_table import LabelError, LabelTable
from merbench_plugins.datasets.problems import Problems
from merbench_plugins.datasets.song_folders import SONG_COLUMNS, SongFolders, column_of, the_file


class Songs(SongFolders):
    """A release of three songs."""

    name = "songs"

    def songs(self, root: Path) -> LabelTable:
        return LabelTable.read(root / "songs.csv")

    def artists(self, root: Path) -> dict[str, str]:
        return {"s1": "anna", "s2": "anna"}

    def parts(self, root: Path) -> dict[str, str]:
        return {"s1": "train", "s3": "test", "gone": "test"}


LIST = "SongID,Quadrant\ns1,Q1\ns2,Q4\ns3,Q2\n"
PLACES = {"s1": "Q1", "s2": "Q4", "s3": "Q2"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "songs.csv").write_text(LIST)
    for song, quadrant in PLACES.items():
        (tmp_path / quadrant).mkdir(exist_ok=True)
        (tmp_path / quadrant / f"{song}.mp3").write_bytes(song.encode())
    return tmp_path


def test_songs_have_their_quadrant_file_group_and_part(root: Path) -> None:
    clips = Songs().read(root, Problems())
    assert [(c.id, c.label.index(1), c.group, c.split) for c in clips] == [
        ("s1", 0, "anna", "train"), ("s2", 3, "anna", ""), ("s3", 1, "s3", "test"),
    ]  # fmt: skip
    assert [c.audio.relative_to(root).as_posix() for c in clips] == [
        "Q1/s1.mp3", "Q4/s2.mp3", "Q2/s3.mp3",
    ]  # fmt: skip
    alone = Songs(group="song").read(root, Problems())
    assert [c.group for c in alone] == ["s1", "s2", "s3"]


def test_a_song_without_a_file_is_named_with_its_line(root: Path) -> None:
    (root / "Q4/s2.mp3").unlink()
    with pytest.raises(MerbenchError, match=r"songs\.csv:3: song s2 has no audio: no file s2\.mp3"):
        Songs().read(root, Problems())
    problems = Problems(collect=True)
    assert [c.id for c in Songs().read(root, problems)] == ["s1", "s3"]
    assert [f.level for f in problems.findings if "s2 has no audio" in f.message] == ["error"]


def test_what_is_odd_and_no_error_is_told(root: Path) -> None:
    (root / "Q1/s1.mp3").rename(root / "Q2/s1.mp3")
    problems = Problems(collect=True)
    dataset = Songs()
    dataset.inspect(root, dataset.read(root, problems), problems)
    told = [(f.level, f.message) for f in problems.findings]
    assert told == [
        ("note", "song gone of a published list is not in this table"),
        ("warning", "clip s1 is labelled Q1"),
        ("note", "1 songs have no artist: each is its own group"),
    ]


def test_a_folder_of_another_release_is_not_looked_into(root: Path) -> None:
    release = root / "release"
    release.mkdir()
    (root / "songs.csv").rename(release / "songs.csv")
    for quadrant in ("Q1", "Q2", "Q4"):
        (root / quadrant).rename(release / quadrant)
    other = root / "other/Q1"
    other.mkdir(parents=True)
    (other / "s1.mp3").write_bytes(b"of another release")

    class Within(Songs):
        """The same, one folder down."""

        def songs(self, root: Path) -> LabelTable:
            return LabelTable.read(root / "release/songs.csv")

    (first, *_) = Within().read(root, Problems())
    assert first.audio.read_bytes() == b"s1"


@pytest.mark.parametrize("column", SONG_COLUMNS)
def test_the_column_of_the_song_has_the_names_of_its_releases(root: Path, column: str) -> None:
    (root / "songs.csv").write_text(LIST.replace("SongID", column))
    assert len(Songs().read(root, Problems())) == 3


def test_the_first_column_of_those_names_counts(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("b,a,c\n1,2,3\n")
    table = LabelTable.read(tmp_path / "t.csv")
    assert column_of(table, ("x", "a", "b")) == "a"
    with pytest.raises(LabelError, match=r"t\.csv:1: there is no column x or y; there are b, a, c"):
        column_of(table, ("x", "y"))


def test_one_file_is_found_by_the_first_pattern_that_names_any(tmp_path: Path) -> None:
    assert the_file(tmp_path, ["*.csv"]) is None
    (tmp_path / "deep").mkdir()
    for name in ("deep/a.csv", "b.txt", ".a.csv"):
        (tmp_path / name).write_text("")
    assert the_file(tmp_path, ["*.tsv", "*.csv", "*.txt"]) == tmp_path / "deep/a.csv"
    (tmp_path / "c.csv").write_text("")
    with pytest.raises(LabelError, match=r"there are several files \*\.csv: .*c\.csv and .*a\.csv"):
        the_file(tmp_path, ["*.csv"])


def test_clips_may_be_brought_to_one_peak_before_all_else(tmp_path):
    root = miniatures.four_qaed(tmp_path)
    quiet, loud = FourQaed(), FourQaed(peak=-0.1)
    clip = quiet.clips(root)[0]
    waveform, rate = quiet.decode(clip)
    brought, same = loud.decode(clip)
    assert rate == same
    assert np.abs(brought).max() == pytest.approx(10 ** (-0.1 / 20), rel=1e-5)
    ratio = brought[waveform != 0] / waveform[waveform != 0]
    assert np.ptp(ratio) < 1e-4 * ratio.mean()
    assert FourQaed.decodes_by == {"peak"}
