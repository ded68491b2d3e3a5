"""`merbench init`, from a table of ratings to a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from merbench.plugins import trial

RATINGS = "Song;Valence(mean);Valence(std);Arousal(mean);Arousal(std);Artist\n" + "".join(
    f"{i};0,{i}1;0,2;0,{9 - i}3;0,1;artist {i % 3}\n" for i in range(9)
)


@pytest.fixture
def clips(call: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(trial, "wanted", lambda: False)
    folder = Path("clips")
    folder.mkdir()
    for i in range(9):
        soundfile.write(folder / f"{i:03}.flac", np.zeros(100), 8000)
    Path("ratings.csv").write_text(RATINGS, encoding="utf-16")
    return folder


def test_a_table_becomes_a_study_that_can_be_planned(call: Any, clips: Path) -> None:
    done = call("init", "study", "--data", clips, "--labels", "ratings.csv")
    assert done.status == 0, done.stderr
    assert "9 clips of 3 groups can be read" in done.stdout
    assert "a guess" not in done.stdout
    planned = call("plan", "study/benchmark.yaml", "--json").json
    assert {cell["model"] for cell in planned["cells"]} >= {"ridge", "random-forest", "my-model"}
    again = call("init", "study", "--data", clips, "--labels", "ratings.csv")
    assert "study/benchmark.yaml is there already, and nothing is overwritten" in again.error


def test_what_cannot_be_read_is_written_and_said(call: Any, clips: Path) -> None:
    Path("ratings.csv").write_text(RATINGS.replace("0,41", "41"), encoding="utf-16")
    given = ("--set", "scale=[0, 1]", "--json")
    done = call("init", "study", "--data", clips, "--labels", "ratings.csv", *given)
    assert done.status == 1
    assert "ratings.csv:6" in done.json["error"]
    assert Path("study/benchmark.yaml").is_file()


def test_rows_without_audio_are_left_out_of_a_copy(call: Any, clips: Path) -> None:
    (clips / "004.flac").unlink()
    done = call("init", "study", "--data", clips, "--labels", "ratings.csv")
    assert done.status == 0, done.stderr
    said = "8 of 9 rows have audio: study/labels-with-audio.csv is a copy of ratings.csv without"
    assert said in " ".join(done.stdout.split())
    assert "8 clips of 3 groups can be read" in done.stdout
    done = call("init", "again", "--data", clips, "--labels", "ratings.csv", "--json")
    guess = next(g for g in done.json["guesses"] if g["parameter"] == "id")
    assert (guess["value"], guess["sure"]) == ("Song", False)
    assert "8 of 9 rows" in guess["why"]
    lines = Path("again/labels-with-audio.csv").read_text().splitlines()
    assert [line[:4] for line in lines[4:7]] == ['"3";', '"5";', '"6";']
    assert (
        'csv: "../again/labels-with-audio.csv"  # a copy'
        in Path("again/benchmark.yaml").read_text()
    )
    assert "every row that is read must have some" in Path("again/README.md").read_text()


def test_files_named_by_a_pattern_as_it_is_typed(call: Any, clips: Path) -> None:
    for file in sorted(clips.iterdir())[:6]:
        file.rename(clips / f"{int(file.stem)}.flac")
    said = ("--set", "id=Song", "--set", "audio={Song}.flac")
    done = call("init", "s", "--data", clips, "--labels", "ratings.csv", *said)
    assert done.status == 0, done.stderr
    assert "6 clips of 3 groups can be read" in done.stdout


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("group=band", "it has no column 'band', which --set group names; choose from Song,"),
        ("scale=9", "--set scale=9: scale: input should be a valid tuple, not 9"),
        ("nope=1", "--set nope=1: unknown key 'nope'"),
        ("audio={Track}.wav", "it has no column 'Track', which --set audio names"),
        ("name=emotify", "--set name=emotify is another dataset's name"),
    ],
)
def test_what_is_said_wrongly_is_found_before_anything_is_written(
    call: Any, clips: Path, said: str, message: str
) -> None:
    done = call("init", "s", "--data", clips, "--labels", "ratings.csv", "--set", said)
    assert done.status == 2
    assert message in done.error
    assert not Path("s").exists()


def test_without_labels_it_starts_from_a_benchmark_of_merbench(call: Any) -> None:
    done = call("init", "s")
    assert "Then: merbench plan s/benchmark.yaml" in done.stdout
    assert "name: demo" in Path("s/benchmark.yaml").read_text()
    assert call("init", "t", "--benchmark", "deam", "--json").json["guesses"] == []


def test_mistakes_are_one_line(call: Any, clips: Path) -> None:
    assert "say with --labels" in call("init", "s", "--data", clips).error
    given = ("init", "s", "--labels", "ratings.csv")
    assert "not both" in call(*given, "--benchmark", "demo").error
    assert "there is no task 'vb'; choose from classes," in call(*given, "--task", "vb").error
    assert "looks like labels of the task classes" in call(*given, "--task", "classes").error
    assert not Path("s").exists()
