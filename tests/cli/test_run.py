"""`merbench plan`, `run` and `verify` on a benchmark of numpy-only plugins."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import miniatures
import pytest

from tinybench import TinyBench

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def tiny(call: Any, bench: TinyBench) -> TinyBench:
    """The benchmark, with commands called in an empty folder."""
    return bench


def test_plan_as_json(call: Any, tiny: TinyBench) -> None:
    tiny.write_spec(
        features=["levels", "frames"], exclude=[{"separator": "halves", "features": "levels"}]
    )
    done = call("plan", tiny.spec, "--json")
    assert done.status == 0
    document = done.json
    assert done.stderr == f"warning: {document['warnings'][0]}\n"
    assert "4 clips of 4 groups, which is too few" in done.stderr
    assert document["name"] == "tiny"
    cells = [(c["separator"], c["features"], c["model"], c["folds"]) for c in document["cells"]]
    assert cells == [
        ("none", "none", "average", 3),
        ("plain", "levels", "linear", 3),
    ]
    reasons = [s["reason"] for s in document["skipped"]]
    assert "excluded by the benchmark file" in reasons
    assert any("takes vector, frames gives image" in reason for reason in reasons)
    assert document["tasks"]["fit"] == {"to_do": 6, "cached": 0}
    assert document["store"] == str(tiny.store.folder)
    assert document["estimate"].keys() == {"core_seconds", "seconds", "megabytes", "unknown"}


def test_plan_for_people(call: Any, tiny: TinyBench) -> None:
    tiny.write_spec(features=["levels", "frames"])
    text = call("plan", tiny.spec).stdout
    assert "3 cells" in text
    assert "3 folds to do" in text
    assert "skipped" in text
    assert "linear takes vector, frames gives image" in " ".join(text.split())


GRID: dict[str, Any] = {
    "features": [{"levels": {"n": [4, 6]}}, "frames"],
    "models": [{"linear": {"penalty": [0.1, 0.5]}}],
}


def test_plan_tells_the_cells_of_a_grid_apart(call: Any, tiny: TinyBench, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    tiny.write_spec(**GRID)
    lines = call("plan", tiny.spec).stdout.splitlines()
    assert max(len(line) for line in lines if "store" not in line) <= 80
    cells = [line.split("3  3 folds")[0] for line in lines if "folds to do" in line]
    assert len(cells) == len(set(cells)) == 8
    assert sum("levels (n=6)" in cell and "(penalty=0.5)" in cell for cell in cells) == 2
    skipped = call("plan", tiny.spec, "--json").json["skipped"]
    assert [s["parameters"] for s in skipped if s["separator"] == "plain"] == [
        {}, {"model": {"penalty": 0.5}}
    ]  # fmt: skip


def test_compare_and_publish_tell_the_cells_of_a_grid_apart(
    call: Any, tiny: TinyBench, monkeypatch: Any
) -> None:
    tiny.write_spec(**GRID)
    assert call("run", tiny.spec, "--out", "out", "-j", "1").status == 0
    monkeypatch.setenv("COLUMNS", "80")
    for across, pairs in (("features", 4), ("penalty", 4), ("separators", 4), ("models", 4)):
        found = call("compare", "out", "--across", across, "--json").json["comparisons"]
        assert len(found) == pairs, across
        assert all(row["a"] != row["b"] for row in found)
    text = call("compare", "out", "--across", "feature").stdout
    assert text.startswith("noise: across features")
    assert max(map(len, text.split("no room here")[0].splitlines())) <= 80
    named = call("compare", "out", "--a", "plain x n=6 x penalty=0.5", "--json").json
    assert len(named["comparisons"]) == 7
    assert "means 4 systems" in call("compare", "out", "--a", "penalty=0.5").error
    assert "give one or other" in call("compare", "out", "--a", "x", "--across", "model").error
    assert "differ in blur alone" not in call("compare", "out", "--across", "penalty").stdout
    done = call("leaderboard", "publish", "out")
    moved = done.stdout[done.stdout.index("rank before") :]
    for system in ("plain x levels (n=6) x linear (penalty=0.5)", "halves x levels x linear "):
        assert f" {system}" in moved


def test_run_writes_the_results_and_says_where(call: Any, tiny: TinyBench) -> None:
    out = tiny.folder / "out"
    done = call("run", tiny.spec, "--out", out, "--jobs", "1")
    assert done.status == 0, done.stderr
    assert f"written to {out}" in done.stdout
    assert {p.name for p in out.iterdir()} >= {
        "leaderboard.csv", "folds.parquet", "predictions.parquet", "manifest.json",
    }  # fmt: skip
    assert "linear" in done.stdout
    header = (out / "leaderboard.csv").read_text().splitlines()[0].split(",")
    columns = "dataset,separator,features,model,kl_mean,kl_median,n_folds,status"
    assert set(columns.split(",")) <= set(header)

    again = call("plan", tiny.spec, "--json").json
    assert again["tasks"]["fit"] == {"to_do": 0, "cached": 9}
    assert "done" in call("plan", tiny.spec).stdout

    assert call("verify", out).status == 0
    assert call("verify", out, "--json").json == {"verified": True, "differences": []}
    table = out / "leaderboard.csv"
    table.write_text(table.read_text().replace("average", "avreage", 1))
    changed = call("verify", out, "--json")
    assert changed.status == 1
    assert not changed.json["verified"]
    assert changed.json["differences"]


@pytest.mark.parametrize("command", [("plan",), ("run", "--out", "out")])
def test_a_fault_in_a_label_table_is_one_line(call: Any, tmp_path: Path, command: Any) -> None:
    root = miniatures.table(tmp_path / "mine")
    miniatures.edit(root / "labels.csv", "c2,", 'c2,"')
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        f"name: mine\ndatasets: [{{table: {{name: my-songs, root: {root}}}}}]\n"
        "features: [librosa-14-stats]\nmodels: [ridge]\n"
    )
    error = call(command[0], spec, *command[1:]).error
    assert error.startswith(f"my-songs: {root}/labels.csv:4: a double quote opens a cell here")


def test_a_name_that_another_dataset_has_is_refused(call: Any, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "name: mine\ndatasets: [{table: {name: pmemo, root: .}}]\n"
        "features: [librosa-14-stats]\nmodels: [ridge]\n"
    )
    assert "pmemo is another dataset's name" in call("plan", spec).error


def test_without_out_a_run_lands_under_its_name(call: Any, tiny: TinyBench) -> None:
    done = call("run", tiny.spec, "--only", "model=linear", "--only", "separator=plain", "-j", "1")
    assert done.status == 0
    (folder,) = Path("runs/tiny").iterdir()
    assert f"written to runs/tiny/{folder.name}" in done.stdout
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["name"] == "tiny"


def test_a_run_does_not_take_the_place_of_another(call: Any, tiny: TinyBench) -> None:
    run = ("run", tiny.spec, "--out", "out", "-j", "1", "--only", "separator=plain")
    assert call(*run).status == 0
    written = Path("out/manifest.json").read_bytes()
    other = (*run, "--set", "seed=2")
    error = call(*other).error
    assert error.startswith("out holds another run (tiny of ")
    assert "--overwrite" in error
    assert Path("out/manifest.json").read_bytes() == written
    assert call(*other, "--overwrite").status == 0
    assert Path("out/manifest.json").read_bytes() != written
    assert call(*other).status == 0  # the same again


def test_what_an_interrupted_run_left_is_in_nobodys_way(call: Any, tiny: TinyBench) -> None:
    folder = Path("runs/tiny/killed")
    folder.mkdir(parents=True)
    assert "holds no results yet" in call("leaderboard", "build", folder, "--out", "board").error
    finished = folder.with_name("finished")
    assert call("run", tiny.spec, "--out", finished, "-j", "1").status == 0
    done = call("leaderboard", "build", *Path("runs/tiny").iterdir(), "--out", "board")
    assert done.status == 0
    assert done.stderr.startswith("warning: runs/tiny/killed is left out: its run goes on, or was ")
    for command in (("compare",), ("verify",), ("report",), ("leaderboard", "publish")):
        says = "runs/tiny/killed is no run: manifest.json is missing, for the run goes on or was "
        assert call(*command, folder).error.startswith(says)
    assert call("run", tiny.spec, "--out", folder, "-j", "1").status == 0


def test_a_run_prints_its_tables_as_json(call: Any, tiny: TinyBench) -> None:
    done = call("run", tiny.spec, "--out", "out", "--json")
    assert done.status == 0, done.stderr
    assert done.json["run"] == "out"
    rows = done.json["leaderboard"]
    assert [row["rank"] for row in rows if row["rank"]] == sorted(
        row["rank"] for row in rows if row["rank"]
    )
    assert {row["status"] for row in rows} == {"ok"}
    assert done.json.keys() == {"name", "run", "findings", "leaderboard", "comparisons"}


def test_without_any_cell_nothing_is_run(call: Any, tiny: TinyBench) -> None:
    tiny.write_spec(features=["frames"], models=["linear"], separators=["plain"])
    error = call("run", tiny.spec).error
    assert "nothing to run, for no combination makes a cell (linear takes vector, " in error
    assert not Path("runs").exists()
    done = call("plan", tiny.spec)
    assert done.status == 0
    assert done.stdout.startswith("no combination makes a cell\n")


def test_a_device_is_looked_for_before_any_work(call: Any, tiny: TinyBench) -> None:
    tiny.write_spec(device="banana")
    line = tiny.spec.read_text().splitlines().index("device: banana") + 1
    for command in ("plan", "run"):
        error = call(command, tiny.spec).error
        assert error.startswith(f"{tiny.spec}:{line}: device: 'banana' is no torch device")
    assert not Path("runs").exists()
    tiny.write_spec(device="auto")
    assert call("plan", tiny.spec).status == 0


def test_times_that_cannot_be_read_are_a_sentence(call: Any, tiny: TinyBench) -> None:
    tiny.store.prepare()
    (tiny.store.folder / "timings.jsonl").write_bytes(b"\xff\xfe\n")
    done = call("plan", tiny.spec)
    assert done.status == 0
    assert "1 of the times measured so far cannot be read; delete " in done.stdout


def test_negative_deviations_are_said_of_a_run(call: Any, tiny: TinyBench) -> None:
    tiny.write_plugin(
        "below",
        "from merbench import Model, Task, hookimpl\n"
        "class Below(Model):\n    name = 'below'\n    inputs = ()\n"
        "    tasks = frozenset({Task.VA})\n"
        "    def estimator(self, *, task, seed, device):\n        return self\n"
        "    def fit(self, X, Y):\n        return self\n"
        "    def predict(self, X):\n        return [[0.5, 0.5, -0.1, 0.1]] * len(X)\n"
        "@hookimpl\ndef merbench_models():\n    return [Below]\n",
    )
    tiny.write_spec(models=["average", "below"])
    done = call("run", tiny.spec, "--out", "out", "-j", "1")
    assert "predicted standard deviations that are not above 0, of which KL" in done.stdout
    assert "  6 of below\n" in done.stdout  # three folds of two clips, one deviation of each


def test_a_failed_cell_is_status_1_and_named(call: Any, tiny: TinyBench) -> None:
    tiny.write_plugin(
        "failing",
        "from merbench import FeatureKind, Model, Task, hookimpl\n"
        "class Failing(Model):\n    name = 'failing'\n    inputs = FeatureKind.VECTOR\n"
        "    tasks = frozenset({Task.VA})\n"
        "    def estimator(self, *, task, seed, device):\n"
        "        raise ValueError('it cannot be done')\n"
        "@hookimpl\ndef merbench_models():\n    return [Failing]\n",
    )
    tiny.write_spec(models=["average", "failing"], separators=["plain"])
    done = call("run", tiny.spec, "--out", tiny.folder / "out", "-j", "1")
    assert done.status == 1
    assert "it cannot be done" in done.stderr
    assert "failed: noise: plain x levels x failing: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "average" in done.stdout


def test_a_run_counts_the_combinations_it_skips(call: Any, tiny: TinyBench) -> None:
    tiny.write_spec(features=["levels", "frames"], models=["linear"], separators=["plain"])
    done = call("run", tiny.spec, "--out", tiny.folder / "out", "-j", "1")
    assert done.status == 0
    assert "1 combination makes no cell; `merbench plan` says why" in done.stderr


def test_assignments_reach_the_plan(call: Any, tiny: TinyBench) -> None:
    shutil.move(tiny.folder / "data", "moved")
    done = call(
        "plan", tiny.spec, "--set", "datasets.noise.root=moved", "--set", "models=[linear]",
        "--set", "protocol.monte-carlo.folds=2", "--only", "separator=halves", "--json",
    )  # fmt: skip
    (cell,) = done.json["cells"]
    assert (cell["model"], cell["folds"], cell["separator"]) == ("linear", 2, "halves")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--set", "modles=[a]"], "--set modles=[a]: unknown key 'modles'; did you mean 'models'?"),
        (["--set", "seed"], "--set seed: write it as KEY=VALUE"),
        (["--only", "model"], "--only model: write AXIS=NAME"),
        (["--only", "model=gone"], "--only model=gone leaves no cell"),
        (["--set", "datasets.noise.root=gone"], "noise: the folder "),
    ],
)
@pytest.mark.parametrize("command", ["plan", "run"])
def test_mistakes_are_one_line(
    call: Any, tiny: TinyBench, command: str, arguments: list[str], error: str
) -> None:
    assert call(command, tiny.spec, *arguments).error.startswith(error)
    assert not Path("runs").exists()


def test_a_missing_file_is_named(call: Any) -> None:
    assert call("plan", "gone.yaml").error.startswith("gone.yaml: there is no such file, nor a ")
    assert "gone" in call("verify", "gone").error


def test_a_plugin_beside_the_file_that_is_broken_is_a_warning(call: Any, tiny: TinyBench) -> None:
    tiny.write_plugin("broken", "import no_such_module\n")
    done = call("plan", tiny.spec, "--json")
    assert done.status == 0
    assert len(done.json["cells"]) == 3
    assert "broken.py: it cannot be imported" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named_before_any_work(
    call: Any, tiny: TinyBench
) -> None:
    (tiny.folder / "closed").mkdir(mode=0o500)
    error = call("run", tiny.spec, "--out", tiny.folder / "closed" / "out").error
    assert "closed" in error
    assert tiny.traced() == []


def test_a_file_in_the_way_of_the_results_is_named_before_any_work(
    call: Any, tiny: TinyBench
) -> None:
    (tiny.folder / "file").touch()
    error = call("run", tiny.spec, "--out", tiny.folder / "file" / "out").error
    assert "file" in error
    assert tiny.traced() == []
