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
    (clips / "004.flac").unlink()
    done = call("init", "study", "--data", clips, "--labels", "ratings.csv", "--json")
    assert done.status == 1
    assert "clip 4 has no audio" in done.json["error"]
    assert Path("study/benchmark.yaml").is_file()
    guess = next(g for g in done.json["guesses"] if g["parameter"] == "id")
    assert (guess["value"], guess["sure"]) == ("Song", False)
    assert "8 of 9 lines" in guess["why"]


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
