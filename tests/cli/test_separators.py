from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from multitrack_files import RATE, write_track
from typer.testing import CliRunner, Result

from merbench.cli import app
from merbench.errors import MerbenchError

SMALL = {
    "num_layers": 3,
    "num_initial_filters": 4,
    "num_frames": 2048,
    "expected_sr": RATE,
}
TEACHER = '''
from merbench import Separator, hookimpl


class Quarters(Separator):
    """A quarter of the mixture each."""

    name = "quarters"

    def separate(self, waveform, sample_rate, *, device):
        return {stem: waveform / 4 for stem in self.stems}


@hookimpl
def merbench_separators():
    yield Quarters
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with four multitracks and a teacher."""
    for seed in range(4):
        write_track(tmp_path / "music" / f"Artist {seed} - Song", seed=seed)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "quarters.py").write_text(TEACHER)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*arguments: str) -> list[str]:
    quick = [f"--set=config={json.dumps(SMALL)}", "--out=out"]
    quick += ["--option=batch=2", "--option=excerpt_seconds=1"]
    return ["separators", "train", "wave-u-net", *quick, *arguments]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, command(*arguments))


def steps(folder: Path) -> int:
    state = torch.load(folder / "out" / "state.pt", weights_only=True)
    taken: int = json.loads(state["progress"])["step"]
    return taken


def test_training_writes_a_checkpoint_and_its_card(folder: Path) -> None:
    done = run("--data=music", "--option=steps=3", "--seed=5", "--option=licence=CC0")
    assert done.exit_code == 0, done.output
    assert "100%" in done.output
    assert "SI-SDR over the mixture's" in done.output
    assert "card are in out" in done.output
    assert {p.name for p in (folder / "out").iterdir()} == {
        "README.md", "card.json", "config.json", "model.safetensors", "music.csv", "prepared",
        "state.pt",
    }  # fmt: skip
    card = json.loads((folder / "out" / "card.json").read_text())
    assert card["licence"] == "CC0"
    assert card["training"]["seed"] == 5
    assert card["music"]["training"]["groups"] == 3
    assert card["music"]["validation"]["groups"] == 1


def test_resuming(folder: Path) -> None:
    assert run("--data=music", "--option=steps=2").exit_code == 0
    refused = run("--data=music", "--option=steps=5")
    assert isinstance(refused.exception, MerbenchError)
    assert "--resume" in str(refused.exception)
    assert run("--data=music", "--option=steps=5", "--resume").exit_code == 0
    assert steps(folder) == 5


def test_a_teacher_and_folders_to_validate_with(folder: Path) -> None:
    write_track(folder / "albums" / "Artist", (), mix="song.wav")
    done = run(
        "--data=albums", "--data=music", "--validation=albums", "--teacher=quarters",
        "--teacher-stems=vocals,drums", "--option=steps=2",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    card = json.loads((folder / "out" / "card.json").read_text())
    assert card["teacher"]["name"] == "quarters"
    assert card["teacher_stems"] == ["vocals", "drums"]
    assert card["music"]["validation"]["tracks"] == 1
    assert set(card["validation"]) == {"drums", "vocals", "bass+other"}
    assert "quarters, for vocals, drums" in (folder / "out" / "README.md").read_text()


def test_what_cannot_be_done_is_one_sentence(folder: Path) -> None:
    for arguments, message in (
        (["--data=nowhere"], "nowhere is no folder"),
        (["--data=music", "--teacher=nobody"], "there is no separator 'nobody'"),
        (["--data=music", "--option=steps"], "write KEY=VALUE"),
        (["--data=music", "--option=momentum=1"], "training option momentum"),
        (["--data=music", "--teacher=quarters", "--teacher-stems=piano"], "option teacher_stems"),
        (["--data=music", "--set=variant=m4"], "variants spectral and m6"),
    ):
        failed = run(*arguments)
        assert isinstance(failed.exception, MerbenchError), failed.output
        assert message in str(failed.exception)
    assert not (folder / "out" / "state.pt").exists()


def test_a_separator_without_anything_to_learn(folder: Path) -> None:
    failed = CliRunner().invoke(
        app, ["separators", "train", "quarters", "--data=music", "--out=out"]
    )
    assert isinstance(failed.exception, MerbenchError)
    assert str(failed.exception) == (
        "quarters cannot be trained: it learns nothing here; the separators that can be trained "
        "are wave-u-net"
    )


def test_killed_at_any_moment_it_can_be_resumed(folder: Path) -> None:
    arguments = command("--data=music", "--minutes=60", "--option=save_every=0.0001")
    program = "from merbench.cli import main; main()"
    process = subprocess.Popen([sys.executable, "-c", program, *arguments], cwd=folder)
    try:
        deadline = time.monotonic() + 120
        while not (folder / "out" / "state.pt").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
            assert process.poll() is None
        time.sleep(0.5)
    finally:
        process.kill()
        process.wait()
    before = steps(folder)
    assert before > 0
    resumed = run("--data=music", "--minutes=60", f"--option=steps={before + 2}", "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert steps(folder) == before + 2
    assert (folder / "out" / "model.safetensors").exists()
