from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from multitrack_files import RATE, write_midi, write_track
from typer.testing import CliRunner, Result

from merbench.cli import app
from merbench.errors import MerbenchError
from merbench_plugins.datasets.midi import default_soundfont

ROOT = Path(__file__).resolve().parents[2]

SMALL = {
    "num_layers": 3,
    "num_initial_filters": 4,
    "num_frames": 2048,
    "expected_sr": RATE,
}
SPECTRAL = {
    "expected_sr": RATE,
    "window": 256,
    "hop": 64,
    "fine_bands": 32,
    "bands": 56,
    "filters": [4, 6, 8],
    "width": 16,
    "core_levels": 2,
    "num_frames": 8192,
    "context_frames": 1024,
}
TEACHER = '''
from merbench import Separator, hookimpl


class Quarters(Separator):
    """A quarter of the mixture each."""

    name = "quarters"

    def separate(self, waveform, sample_rate, *, device):
        return {stem: waveform / 4 for stem in self.stems}


class Singer(Separator):
    """Hears a voice in everything, and little else."""

    name = "singer"

    def separate(self, waveform, sample_rate, *, device):
        return {stem: waveform * (0.7 if stem == "vocals" else 0.1) for stem in self.stems}


@hookimpl
def merbench_separators():
    yield Quarters
    yield Singer
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


def documented(command: str) -> list[str]:
    """Return the arguments of a command as the recipe shows it."""
    page = ROOT / "docs" / "training-a-separator.md"
    recipe = page.read_text(encoding="utf-8").partition("## A recipe for music of your own")[2]
    shown = recipe[recipe.index(f"```\nmerbench {command} ") :].split("```")[1]
    return shlex.split(shown.replace("\\\n", " "))[1:]


def small_music(folder: Path) -> None:
    """Lay out music as the documented recipe wants it, little of it."""
    for name, seed in (("songs/Ann", 0), ("songs/Ben", 1), ("more-songs/Cem", 2)):
        write_track(folder / "data" / name, (), mix="song.wav", seed=seed)
    write_track(folder / "data" / "never-heard" / "Dee", seed=3)
    write_track(folder / "data" / "multitracks" / "Eve", seed=4)
    for name in ("midi", "more-midi"):
        (folder / "data" / name).mkdir()
        write_midi(folder / "data" / name / f"{name}.mid")
    for name in ("TimGM6mb.sf2", "FluidR3_GM.sf2"):
        (folder / name).symlink_to(default_soundfont())


def test_the_documented_recipe_from_songs_to_scores(folder: Path) -> None:
    """The commands of the page as they stand, but for the teacher, the network's size and steps."""
    pytest.importorskip("tinysoundfont")
    small_music(folder)
    size = f"--set=config={json.dumps(SPECTRAL)}"
    quick = [size, "--option=steps=2", "--option=frames=4096", "--option=excerpt_seconds=1"]
    given = documented("separators train")
    assert given[given.index("--teacher") + 1] == "spleeter"
    given[given.index("--teacher") + 1] = "singer"
    # Weights of another size than the network's are told from it, so that they were looked at.
    refused = CliRunner().invoke(app, [*given, *quick])
    assert isinstance(refused.exception, MerbenchError)
    assert "has shape" in str(refused.exception)
    place = given.index("start=merbench")
    del given[place - 1 : place + 1]
    done = CliRunner().invoke(app, [*given, *quick])
    assert done.exit_code == 0, done.output
    card = json.loads((folder / "checkpoint" / "card.json").read_text())
    assert card["training"]["mp3"] == 0.15
    assert card["teacher"]["name"] == "singer"
    assert set(card["music"]["training"]["hours_by_known_parts"]) == {
        "bass, drums, other",
        "vocals, bass+drums+other",
    }
    assert card["music"]["training"]["groups"] == 3
    assert card["music"]["validation"]["groups"] == 2
    assert set(card["tests"]["Never heard"]) == {"bass", "drums", "other", "vocals"}
    given = documented("separators evaluate")
    measured = CliRunner().invoke(app, [*given, size, "--beside=quarters", "--json"])
    assert measured.exit_code == 0, measured.output
    scores = json.loads(measured.stdout)
    assert scores["separator"] == "wave-u-net"
    assert set(scores["tracks"]["Eve"]) >= {"bass", "drums", "other", "vocals"}


def test_what_cannot_be_done_is_one_sentence(folder: Path) -> None:
    for arguments, message in (
        (["--data=nowhere"], "nowhere is no folder"),
        (["--data=music", "--teacher=nobody"], "there is no separator 'nobody'"),
        (["--data=music", "--option=steps"], "write KEY=VALUE"),
        (["--data=music", "--option=remarks=a: b: c"], "remarks: its value is no YAML (mapping"),
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
