"""Tutorials that need but a few clips: their commands print what the pages say that they print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import soundfile

from merbench import cli
from merbench.plugins import trial

TUTORIALS = Path(__file__).resolve().parents[2] / "docs/tutorials"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_workers: None) -> Path:
    monkeypatch.setenv("MERBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(trial, "wanted", lambda: False)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def follow(
    page: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], skip: str = ""
) -> None:
    """Call the commands of a tutorial, and look for every line of the output that it shows."""
    said = ""
    for language, block in BLOCK.findall((TUTORIALS / page).read_text(encoding="utf-8")):
        if language == "sh":
            for line in block.splitlines():
                words = shlex.split(line)
                if words[:1] != ["merbench"] or (skip and re.search(skip, line)):
                    continue
                monkeypatch.setattr("sys.argv", words)
                with pytest.raises(SystemExit) as left:
                    cli.main()
                output = capsys.readouterr()
                assert not left.value.code, f"{line}: {output.err}{output.out}"
                said += f"{' '.join(output.out.split())} {' '.join(output.err.split())} "
        elif language == "text":
            for line in block.splitlines():
                parts = re.escape(line).replace("\\ ", r"\W+.*?")
                assert re.search(parts, said), f"{line!r} is not in {said!r}"


def test_a_first_benchmark(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Running the demo takes a minute, and doctor the loading of torch.
    follow("first-benchmark.md", monkeypatch, capsys, skip="doctor|run|report|verify")


def test_your_own_clips(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (TUTORIALS / "own-clips.md").read_text(encoding="utf-8")
    (rows,) = (block for language, block in BLOCK.findall(text) if language == "csv")
    more = [f"t{i};band {i // 2};{1 + i % 8},5;{8 - i % 7},0;1,{i % 5};0,9" for i in range(2, 12)]
    Path("ratings.csv").write_text(rows + "\n".join(more) + "\n", encoding="utf-8")
    Path("clips").mkdir()
    rng = np.random.default_rng(0)
    for i in range(12):
        tone = np.sin(np.arange(22_050) * 0.02 * (i + 1)) * 0.3
        soundfile.write(f"clips/t{i}.wav", tone + 0.01 * rng.standard_normal(22_050), 22_050)
    follow("own-clips.md", monkeypatch, capsys)


def test_your_own_model(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    follow("own-model.md", monkeypatch, capsys)


def test_there_is_a_tutorial_of_everything_that_the_home_page_names() -> None:
    home = (TUTORIALS.parent / "index.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\(tutorials/([\w-]+\.md)\)", home))
    assert named == {path.name for path in TUTORIALS.glob("*.md")}
