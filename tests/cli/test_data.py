"""`merbench data`: list and check."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import miniatures
import numpy as np
import pandas as pd
import pytest
from soundfiles import mp3, tone

from merbench import audio
from tinybench import write_clips

PLUGIN = '''
import csv
from pathlib import Path

from pydantic import Field

from merbench import Clip, Dataset, Task, hookimpl


class Plain(Dataset):
    """Clips and labels in a folder, with the checks every dataset has."""

    name = "plain"
    task = Task.VA
    homepage = "https://example.org/plain"
    licence = "CC0"

    column: str = Field("group", description="Column of the group.")

    def clips(self, root):
        rows = csv.DictReader((root / "clips.csv").open())
        columns = Task.VA.columns
        return [
            Clip(r["id"], r[self.column], tuple(float(r[c]) for c in columns),
                 root / (r["id"] + ".wav"))
            for r in rows
        ]


class Fetched(Plain):
    """The same, from the net."""

    name = "fetched"

    def fetch(self, root, progress):
        progress("clips.csv", 0.5)
        (root / "clips.csv").write_text("id")


@hookimpl
def merbench_datasets():
    return [Plain, Fetched]
'''


@pytest.fixture
def data(call: Any, tmp_path: Path) -> Path:
    """A dataset's folder, and the plugin that reads it beside the working folder."""
    Path("plugins").mkdir()
    Path("plugins/plain.py").write_text(PLUGIN)
    folder = tmp_path / "data"
    folder.mkdir()
    write_clips(folder, 5, samples=8_000)
    return folder


def check(call: Any, data: Path, *more: str) -> tuple[int, dict[str, Any]]:
    done = call("data", "check", "plain", "--root", data, *more, "--json")
    return done.status, done.json


def test_list_says_where_each_dataset_comes_from(call: Any, data: Path) -> None:
    listed = {d["name"]: d for d in call("data", "list", "--json").json}
    assert {"demo", "plain"} <= set(listed)
    assert listed["plain"] == {
        "name": "plain",
        "summary": "Clips and labels in a folder, with the checks every dataset has.",
        "task": "va",
        "needs_root": True,
        "synthetic": False,
        "homepage": "https://example.org/plain",
        "licence": "CC0",
        "citation": "",
    }
    assert listed["demo"]["synthetic"]
    table = call("data", "list").stdout
    assert all(name in table for name in listed)


def test_sound_data_passes(call: Any, data: Path) -> None:
    assert check(call, data) == (
        0,
        {"dataset": "plain", "clips": 5, "groups": 5, "findings": []},
    )
    done = call("data", "check", "plain", "--root", data)
    assert done.status == 0
    assert "nothing to complain of" in done.stdout


def test_a_relative_root_starts_from_the_working_folder(call: Any, data: Path) -> None:
    shutil.copytree(data, "here")
    assert call("data", "check", "plain", "--root", "here", "--json").json["clips"] == 5


def test_what_does_not_decode_is_an_error(
    call: Any, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")  # so that no name is wrapped, however long the path is
    (data / "c3.wav").write_bytes(b"")
    status, document = check(call, data)
    assert status == 1
    (finding,) = document["findings"]
    assert (finding["level"], finding["where"]) == ("error", "clip c3")
    assert "c3.wav is empty (0 bytes)" in finding["message"]
    table = call("data", "check", "plain", "--root", data)
    assert table.status == 1
    assert "clip c3" in table.stdout


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("c2,g2", "c1,g2", "clip c1: its id stands twice"),
        ("0.120000", "0.000000", "arousal_std is 0"),
        ("0.120000", "nan", "arousal_std is nan"),
        ("0.120000", "1.5", "arousal_std is 1.5, outside [0, 1]"),
        ("c2,g2", "c9,g2", "c9.wav"),
    ],
)
def test_what_a_run_would_refuse_is_found(
    call: Any, data: Path, old: str, new: str, message: str
) -> None:
    table = data / "clips.csv"
    table.write_text(table.read_text().replace(old, new, 1))
    status, document = check(call, data)
    assert status == 1
    assert message in "\n".join(f["message"] for f in document["findings"])


def test_parameters_are_set(call: Any, data: Path) -> None:
    status, document = check(call, data, "--set", "column=id")
    assert (status, document["groups"]) == (0, 5)
    error = call("data", "check", "plain", "--root", data, "--set", "colunm=id").error
    assert error == "--set colunm=id: unknown key 'colunm'; did you mean 'column'?"


def test_the_demo_needs_no_folder(call: Any) -> None:
    done = call("data", "check", "demo", "--set", "n_clips=4", "--json")
    if done.status == 2:
        pytest.fail(done.stderr)
    assert done.json["dataset"] == "demo"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["plian"], "there is no dataset 'plian'; did you mean 'plain'?"),
        (["plain"], "plain: say where it lies with --root"),
        (["plain", "--root", "gone"], "plain: the folder gone does not exist; correct --root"),
        (["demo", "--root", "gone"], "demo: the folder gone does not exist; correct --root"),
        (["plain", "--root", ".", "--set", "column"], "--set column: write it as KEY=VALUE"),
        (["plain", "--root", ".", "--set", "a=[1"], "--set a=[1: this is no YAML"),
    ],
)
def test_mistakes(call: Any, data: Path, arguments: list[str], error: str) -> None:
    assert call("data", "check", *arguments).error.startswith(error)


def test_a_wrong_name_is_told_before_a_missing_root(call: Any, data: Path) -> None:
    error = call("data", "fetch", "fetchd").error
    assert error == "there is no dataset 'fetchd'; did you mean 'fetched'?"
    assert call("data", "fetch", "fetched").error.startswith("fetched: say with --root")


def test_what_can_be_had_is_fetched(call: Any, data: Path, tmp_path: Path) -> None:
    root = tmp_path / "new/folder"
    done = call("data", "fetch", "fetched", "--root", root)
    assert done.status == 0
    assert (root / "clips.csv").read_text() == "id"
    assert " 50%  clips.csv" in done.stderr
    assert f"merbench data check fetched --root {root}" in " ".join(done.stdout.split())


def test_what_may_not_be_downloaded_says_where_it_is(call: Any, data: Path, tmp_path: Path) -> None:
    done = call("data", "fetch", "plain", "--root", tmp_path / "x")
    assert done.status != 0
    assert "plain cannot be downloaded by merbench: get it from" in done.error


# --- audio as real collections have it ------------------------------------------------------------


@pytest.fixture(scope="module")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PMEmo2019 with choruses of 45 to 60 s in constant bit rate, without a Xing or Info frame."""
    root = miniatures.pmemo(tmp_path_factory.mktemp("genuine") / "PMEmo2019", 6, unlabelled=1)
    for n, path in enumerate(sorted((root / "chorus").glob("*.mp3"))):
        wave = tone(45.0 + 2.5 * n) * np.float32(0.4 + 0.1 * n)
        path.write_bytes(mp3(wave))
        assert not {b"Xing", b"Info"} & {path.read_bytes()[n : n + 4] for n in range(2_000)}
    return root


def test_clips_as_pmemo_has_them_pass(call: Any, genuine: Path) -> None:
    for n, path in enumerate(sorted((genuine / "chorus").glob("*.mp3"))):
        waveform, rate = audio.read(path)
        assert (rate, len(waveform)) == (44_100, 2)
        assert waveform.shape[1] / rate == pytest.approx(45.0 + 2.5 * n, abs=0.1)
    done = call("data", "check", "pmemo", "--root", genuine, "--json")
    assert done.status == 0, done.stderr
    assert (done.json["clips"], done.json["groups"]) == (6, 3)
    assert {finding["level"] for finding in done.json["findings"]} <= {"note"}


LOUDNESS = """
from merbench import FeatureExtractor, FeatureKind, hookimpl

class Loudness(FeatureExtractor):
    "Mean magnitude and duration: of minutes of music in no time."
    name = "loudness"
    kind = FeatureKind.VECTOR

    def extract(self, waveform, sample_rate, *, device):
        import numpy as np
        seconds = waveform.shape[1] / sample_rate
        return np.array([np.abs(waveform).mean(), seconds], dtype=np.float32)

@hookimpl
def merbench_features():
    return [Loudness]
"""


def test_clips_as_pmemo_has_them_run(call: Any, genuine: Path) -> None:
    Path("plugins").mkdir()
    Path("plugins/loudness.py").write_text(LOUDNESS)
    Path("spec.yaml").write_text(
        "name: small\n"
        f"datasets: [{{pmemo: {{root: {genuine}}}}}]\n"
        "separators: [mixed, {mixed: {sixteen_bit: true}}]\n"
        "features: [loudness]\n"
        "models: [ridge]\n"
        "protocol: {monte-carlo: {folds: 2, test_fraction: 0.34, seed: 1}}\n"
    )
    done = call("run", "spec.yaml", "--out", "out", "--jobs", "1")
    assert done.status == 0, done.stderr + done.stdout
    board = pd.read_csv("out/leaderboard.csv")
    assert set(board["status"]) == {"ok"}
    assert board["kl_mean"].notna().all()


NO_UTF8 = os.fsdecode(b"caf\xe9")


@pytest.fixture
def odd_names(data: Path) -> Path:
    """The dataset in a folder, and one damaged clip, whose names are no valid UTF-8."""
    plugin = Path("plugins/plain.py")
    found = "next(root.glob(r['id'] + '*.wav'))"
    plugin.write_text(plugin.read_text().replace('root / (r["id"] + ".wav")', found))
    folder = data.rename(data.with_name(NO_UTF8))
    (folder / "c3.wav").rename(folder / f"c3{NO_UTF8}.wav").write_bytes(b"no audio")
    return folder


def test_names_that_are_no_utf8_are_spelt_out(call: Any, odd_names: Path) -> None:
    status, document = check(call, odd_names)
    assert status == 1
    (finding,) = document["findings"]
    assert (finding["level"], finding["where"]) == ("error", "clip c3")
    assert "caf\\udce9.wav cannot be decoded" in finding["message"]
    table = call("data", "check", "plain", "--root", odd_names)
    assert table.status == 1
    table.stdout.encode()


def test_a_run_names_the_clip_that_cannot_be_decoded(call: Any, odd_names: Path) -> None:
    Path("music").symlink_to(odd_names)
    Path("plugins/loudness.py").write_text(LOUDNESS)
    Path("spec.yaml").write_text(
        "name: small\n"
        "datasets: [{plain: {root: music}}]\n"
        "features: [loudness]\n"
        "models: [ridge]\n"
        "protocol: {monte-carlo: {folds: 1, test_fraction: 0.4, seed: 1}}\n"
    )
    done = call("run", "spec.yaml", "--out", "out", "--jobs", "1")
    assert done.status == 1, done.stderr
    board = pd.read_csv("out/leaderboard.csv")
    (error,) = board.loc[board["model"] == "ridge", "error"]
    assert "clip c3 of plain" in error
    assert "caf\\udce9.wav cannot be decoded" in error
