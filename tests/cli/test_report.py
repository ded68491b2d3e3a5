"""`merbench report`."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from merbench.leaderboard import run_results
from tinybench import TinyBench


@pytest.fixture
def ran(call: Any, bench: TinyBench) -> Path:
    """A run of the tiny benchmark, with a data folder that relative paths do not lead to."""
    run_results.write_results(bench.run(), bench.folder / "out")
    return bench.folder / "out"


def test_a_report_stands_in_the_run(call: Any, ran: Path) -> None:
    done = call("report", ran)
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.split() == [str(ran / "report" / "index.html")]
    assert [path.name for path in (ran / "report").iterdir()] == ["index.html"]
    assert "<audio" not in (ran / "report" / "index.html").read_text()
    assert call("verify", ran).status == 0, "a run with a report is a run"


def test_tables_are_written_when_asked_for(call: Any, ran: Path, tmp_path: Path) -> None:
    done = call("report", ran, "--tables", "--out", tmp_path / "elsewhere")
    names = [Path(line).name for line in done.stdout.split()]
    assert names[:3] == ["index.html", "tables.md", "tables.tex"]
    assert names[3:] == [
        "leaderboard-1-noise.csv", "comparisons-separator-1-noise.csv",
        "comparisons-model-2-noise.csv", "separators-1-noise.csv",
    ]  # fmt: skip
    assert not (ran / "report").exists()


def test_clips_are_a_table_when_asked_for(call: Any, ran: Path, tmp_path: Path) -> None:
    assert call("report", ran, "--clips", "--out", tmp_path / "elsewhere").status == 0
    table = pd.read_csv(tmp_path / "elsewhere" / "clips.csv")
    assert set(table["place"].groupby(table["cell"]).min()) == {1}
    assert (table.groupby("cell")["kl"].diff().dropna() <= 0).all()


def test_music_is_heard_only_of_data_that_are_named(call: Any, ran: Path, bench: TinyBench) -> None:
    import soundfile

    root = f"datasets.noise.root={bench.folder / 'data'}"
    plugins = f"plugins=[{bench.folder / 'plugins'}]"
    done = call(
        "report", ran, "--audio", "noise", "--set", root, "--trust-plugins", "--set", plugins
    )
    assert (done.status, done.stderr) == (0, "")
    text = (ran / "report" / "index.html").read_text()
    heard = set(re.findall(r'src="(audio/[^"]+)"', text))
    assert {path.name for path in (ran / "report/audio").iterdir()} == {Path(h).name for h in heard}
    stems = {Path(name).name.split("-")[-2] for name in heard}
    assert stems == {"mix", "bass", "vocals"}
    for name in heard:
        assert soundfile.info(ran / "report" / name).samplerate == 8000

    # Made anew where the store has lost them, and said where they cannot be made.
    shutil.rmtree(bench.store.folder)
    before = {path.name: path.read_bytes() for path in (ran / "report/audio").iterdir()}
    assert (
        call(
            "report", ran, "--audio", "noise", "--set", root, "--trust-plugins", "--set", plugins
        ).status
        == 0
    )
    assert before == {path.name: path.read_bytes() for path in (ran / "report/audio").iterdir()}

    # And gone again with a report that is not to hold them.
    assert call("report", ran).status == 0
    assert not (ran / "report/audio").exists()


def test_stems_that_cannot_be_made_are_missing_with_a_reason(ran: Path, bench: TinyBench) -> None:
    halves = bench.folder / "plugins/tiny/halves.py"
    shutil.rmtree(bench.store.folder)
    halves.write_text(
        halves.read_text().replace(
            "        # Not in", "        raise ValueError('no weights')\n        # Not in"
        )
    )
    done = bench.call(  # in a process of its own, which has not loaded the plugin yet
        "report", ran, "--audio", "noise", "--trust-plugins",
        "--set", f"datasets.noise.root={bench.folder / 'data'}",
        "--set", f"plugins=[{bench.folder / 'plugins'}]",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = (ran / "report" / "index.html").read_text()
    assert "stems of halves are not to be had: no weights" in text
    assert "-bass-" not in text
    assert "<audio" in text


def test_mistakes_are_one_line(call: Any, ran: Path, bench: TinyBench) -> None:
    assert "nowhere is no run" in call("report", "nowhere").error
    assert call("report", ran, "--audio", "nosie").error == (
        "--audio nosie: the run has no such dataset; it has noise"
    )
    assert call("report", ran, "--set", "a=b").error.startswith("--set says where the data of")
    other = bench.folder / "other"
    shutil.copytree(bench.folder / "data", other)
    labels = other / "clips.csv"
    labels.write_text(labels.read_text().replace("0.12", "0.13", 1))
    error = call(
        "report", ran, "--audio", "noise", "--trust-plugins",
        "--set", f"datasets.noise.root={other}",
        "--set", f"plugins=[{bench.folder / 'plugins'}]",
    ).error  # fmt: skip
    assert error.startswith("--audio noise: the data here are not those of the run")
