"""What a run leaves on disk, and that every number of it follows from its predictions."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from merbench.cli import app
from merbench.errors import MerbenchError
from merbench.leaderboard import run_results
from merbench.runs import record
from merbench.verification import run_check
from tinybench import TinyBench

FILES = ["comparisons.csv", "folds.parquet", "leaderboard.csv", "manifest.json"]
FILES += ["predictions.parquet", "separators.csv", "stems.parquet"]

RATED = """
import sys
from dataclasses import replace
from merbench import Model, Task, hookimpl

modules = [m for name, m in sys.modules.items() if name.endswith(".noise")]
noise = next(m for m in modules if PLACE in m.__file__)

class Rated(noise.Noise):
    "The same, with its raters."
    name = "rated"
    synthetic = True

    def clips(self, root):
        def ratings(clip):
            v, a = clip.label[:2]
            return tuple((v + d * d / 500, a - d / 100) for d in range(-6, 7))
        return [
            replace(clip, ratings=ratings(clip), provenance="rated anew" if i < 3 else "")
            for i, clip in enumerate(super().clips(root))
        ]

class Bad(Model):
    "Raises in its second fold."
    name = "bad"
    inputs = ()
    tasks = frozenset({Task.VA})

    def estimator(self, *, task, seed, device):
        return self

    def fit(self, X, Y):
        if abs(Y[0, 1] - 0.1 - 0.8 / 9) > 1e-6:
            raise ValueError("the first clip is not there")
        object.__setattr__(self, "_mean", Y.mean(axis=0))

    def predict(self, X):
        return [self._mean] * len(X)

class Unready(Bad):
    "Lacks a package."
    name = "unready"
    requires = ("no-such-distribution",)

@hookimpl
def merbench_datasets():
    yield Rated

@hookimpl
def merbench_models():
    yield Bad
    yield Unready
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[run_results.RunResults, Path]:
    """A run with everything in it: two datasets, a human ceiling, a failed and an unready cell."""
    bench = TinyBench.make(tmp_path_factory.mktemp("runs") / "bench")
    bench.write_plugin("zrated", RATED.replace("PLACE", repr(str(bench.folder))))
    finished = bench.run(
        datasets=[{"noise": {"root": "data"}}, {"rated": {"root": "data"}}],
        models=["average", "linear", {"linear": {"penalty": 3.0}}, "bad", "unready"],
        baselines=True,
    )
    run_results.write(finished, bench.folder / "out")
    return finished, bench.folder / "out"


@pytest.fixture
def folder(written: tuple[run_results.RunResults, Path], tmp_path: Path) -> Path:
    """A copy of the run, to be tampered with."""
    return Path(shutil.copytree(written[1], tmp_path / "run"))


# --- what is in it -------------------------------------------------------------------------------


def test_a_run_is_six_files_that_read_back_as_what_was_written(written):
    run, folder = written
    assert sorted(path.name for path in folder.iterdir()) == FILES
    back = run_results.read(folder)
    pd.testing.assert_frame_equal(back.folds, run.folds, check_dtype=False)
    texts = back.predictions.astype(run.predictions.dtypes)
    pd.testing.assert_frame_equal(texts, run.predictions)
    pd.testing.assert_frame_equal(back.leaderboard, run.leaderboard, check_dtype=False)
    pd.testing.assert_frame_equal(back.comparisons, run.comparisons, check_dtype=False)
    stems = back.stems.astype(run.stems.dtypes)
    pd.testing.assert_frame_equal(stems, run.stems)
    assert back.manifest == json.loads(json.dumps(run.manifest))
    assert [row["error"] for row in back.failed] == [row["error"] for row in run.failed]


def test_the_leaderboard_has_the_promised_columns(written):
    table = pd.read_csv(written[1] / "leaderboard.csv", keep_default_na=False)
    columns = ["dataset", "separator", "features", "model", "kl_mean", "kl_median", "n_folds"]
    assert {*columns, "status"} <= set(table.columns)
    # A dataset: two blind models that run, one that is not ready, and 2 x 2 that listen.
    assert table.groupby("dataset").size().to_dict() == {"noise": 7, "rated": 7 + 2}
    assert set(table["status"]) == {"ok", "failed"}


def test_there_is_a_row_a_cell_and_fold_and_one_a_clip(written):
    run, _ = written
    assert len(run.folds) == (7 + 7) * 3 + 2 * 3
    assert not run.folds.duplicated(["cell", "fold"]).any()
    done = run.folds[run.folds["status"] == "ok"]
    assert len(run.predictions) == done["n_test"].sum()
    sizes = run.predictions.groupby(["cell", "fold"]).size()
    assert (sizes - done.set_index(["cell", "fold"])["n_test"]).eq(0).all()
    assert json.loads(done[done["model"] == "linear"]["curve"].iloc[0])[0]["loss"] >= 0
    fits = done[~done["model"].str.startswith("human")]
    assert (fits["seconds"] > 0).all()
    assert (fits["peak_memory_mb"] > 10).all()


def test_the_truth_is_the_datasets_and_the_order_that_of_its_clips(written):
    run, folder = written
    labels = pd.read_csv(folder.parent / "data" / "clips.csv").set_index("id")
    for _, part in run.predictions.groupby(["cell", "fold"], sort=False):
        assert part["clip"].tolist() == sorted(part["clip"])
        expected = labels.loc[part["clip"]]
        assert part["group"].tolist() == expected["group"].tolist()
        for column in ("valence_mean", "arousal_std"):
            np.testing.assert_array_equal(part[f"truth_{column}"], expected[column])


def test_a_cell_with_a_failed_fold_has_no_numbers_and_says_why(written):
    run, _ = written
    rows = run.leaderboard[run.leaderboard["model"] == "bad"]
    assert (rows["status"] == "failed").all()
    assert rows["kl_mean"].isna().all()
    assert (rows["n_folds"] == 3).all()
    assert rows["n_failed"].between(1, 2).all()
    assert rows["error"].str.contains("ValueError: the first clip is not there").all()
    assert rows["error"].str.startswith(("noise: bad, fold", "rated: bad, fold")).all()
    assert {row["model"] for row in run.failed} == {"bad", "unready"}
    assert run.manifest["failures"]
    assert all(entry["cell"] for entry in run.manifest["errors"])


def test_the_human_ceiling_is_shown_where_raters_are_known_and_compared_with_nothing(written):
    run, _ = written
    human = run.leaderboard[run.leaderboard["model"].str.startswith("human-ceiling(")]
    assert human["dataset"].tolist() == ["rated", "rated"]
    assert (human["status"] == "ok").all()
    assert (human["kl_mean"] > 0).all()
    assert not run.comparisons["cell_a"].str.startswith("human").any()
    assert not run.comparisons["cell_b"].str.startswith("human").any()
    ceiling = run.predictions[run.predictions["cell"] == human["cell"].iloc[0]]
    assert ceiling["predicted_valence_mean"].isna().all()


def test_provenance_and_synthetic_data_are_said_in_every_row(written):
    rows = written[0].leaderboard.groupby("dataset")
    assert rows["provenance"].unique()["rated"].tolist() == ["rated anew (3 clips)"]
    assert rows["synthetic"].unique()["rated"].tolist() == [True]
    assert rows["provenance"].unique()["noise"].tolist() == [""]


def test_the_manifest_says_what_was_run_with_what_on_what(written):
    run, folder = written
    manifest = run.manifest
    assert manifest["spec"]["models"][2] == {"linear": {"penalty": 3.0}}
    assert manifest["protocol"]["parameters"]["folds"] == 3
    assert manifest["packages"]["numpy"] == np.__version__
    assert manifest["hardware"]["cores"] >= 1
    assert manifest["tasks"]["done"] > 0
    assert {entry["name"] for entry in manifest["datasets"]} == {"noise", "rated"}
    for cell in manifest["cells"]:
        rows = run.folds[run.folds["cell"] == cell["id"]]
        assert rows["seed"].tolist() == cell["seeds"]
    for data in manifest["datasets"]:
        rows = run.folds[run.folds["dataset"] == data["name"]]
        assert set(rows["split_hash"]) == {data["split_hash"]}
        assert set(rows["data_hash"]) == {data["data_hash"]}
    assert "NaN" not in (folder / "manifest.json").read_text()


def test_a_run_in_which_everything_failed_is_written_and_verified(bench):
    bench.write_plugin(
        "fails",
        """
from merbench import Model, Task, hookimpl

class Fails(Model):
    "Raises."
    name = "fails"
    inputs = ()
    tasks = frozenset({Task.VA})
    def estimator(self, *, task, seed, device):
        raise RuntimeError("never")

@hookimpl
def merbench_models():
    yield Fails
""",
    )
    run = bench.run(models=["fails"])
    run_results.write(run, bench.folder / "out")
    assert run_check.verify(bench.folder / "out") == []
    back = run_results.read(bench.folder / "out")
    assert back.predictions.empty
    assert [row["error"] for row in back.failed] == ["noise: fails, fold 0: RuntimeError: never"]


def test_a_cached_run_gives_the_same_tables(bench):
    first, again = bench.run(), bench.run()
    assert again.manifest["tasks"] == {"done": 0, "cached": {"fit": 9, "measure": 8}}
    pd.testing.assert_frame_equal(first.folds, again.folds)
    pd.testing.assert_frame_equal(first.predictions, again.predictions)


# --- verify --------------------------------------------------------------------------------------


def test_an_honest_run_verifies(written):
    assert run_check.verify(written[1]) == []


def parquet(name: str) -> Callable[[Callable[[pd.DataFrame], pd.DataFrame | None]], Callable]:
    """Make a way of tampering with one of the tables."""

    def tamper(change):
        def do(folder: Path) -> None:
            table = pd.read_parquet(folder / f"{name}.parquet")
            changed = change(table)
            result = table if changed is None else changed
            assert not result.equals(pd.read_parquet(folder / f"{name}.parquet"))
            result.to_parquet(folder / f"{name}.parquet", index=False)

        return do

    return tamper


def text(name: str, old: str, new: str) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        before = (folder / name).read_text()
        assert old in before
        (folder / name).write_text(before.replace(old, new, 1))

    return do


def add(column: str, row: int, amount: float) -> Callable[[pd.DataFrame], None]:
    def change(table: pd.DataFrame) -> None:
        table.loc[row, column] += amount

    return change


def ceiling(table: pd.DataFrame) -> pd.Series:
    return table["model"].str.startswith("human")


def no_predictions(table: pd.DataFrame) -> None:
    """Pass every row off as a human ceiling's, whose predictions are not known."""
    table[[c for c in table.columns if c.startswith("predicted_")]] = np.nan


def raise_ceiling(table: pd.DataFrame) -> None:
    table.loc[ceiling(table), "kl"] *= 1.01


TAMPERINGS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a prediction": (
        parquet("predictions")(add("predicted_valence_mean", 4, 1e-6)),
        r"^cell \w+, fold 2: kl_mean is stored as .*, its predictions give",
    ),
    "a prediction by nothing but its KL": (
        parquet("predictions")(add("kl", 0, 1e-6)),
        r"^cell \w+, fold 0, clip c\d: KL is stored as",
    ),
    "a truth": (
        parquet("predictions")(add("truth_arousal_std", 1, 0.01)),
        r"^cell \w+, fold 0: kl_mean is stored as",
    ),
    "a metric": (
        parquet("folds")(add("r2_arousal_mean", 0, 0.01)),
        r"^cell \w+, fold 0: r2_arousal_mean is stored as",
    ),
    "a count": (
        parquet("folds")(add("n_nonpositive_std", 1, 1)),
        r"^cell \w+, fold 1: n_nonpositive_std is stored as 1, its predictions give 0",
    ),
    "a metric taken away": (
        parquet("folds")(lambda t: t.assign(mse=np.where(t.index == 2, np.nan, t["mse"]))),
        r"^cell \w+, fold 2: mse is stored as nan",
    ),
    "predictions that cannot be scored": (
        parquet("predictions")(no_predictions),
        r"^cell \w+, fold 0: predictions not finite .*\(clips c\d, c\d\)",
    ),
    "a human ceiling": (
        parquet("predictions")(raise_ceiling),
        r"^cell human-ceiling-\S+, fold 0: kl_mean is stored as",
    ),
    "a metric a human ceiling cannot have": (
        parquet("folds")(lambda t: t.assign(mse=t["mse"].where(~ceiling(t), 0.1))),
        r"^cell human-ceiling-\S+, fold 0: mse is stored as 0.1, its predictions give nan",
    ),
    "a row of predictions taken away": (
        parquet("predictions")(lambda t: t.drop(index=3)),
        r"^cell \w+, fold 1: its predictions are not one for each of 2 clips",
    ),
    "a row of predictions twice": (
        parquet("predictions")(lambda t: pd.concat([t, t.iloc[[3]]])),
        r"^cell \w+, fold 1: its predictions are not one for each of 2 clips",
    ),
    "one clip passed off as another": (
        parquet("predictions")(lambda t: t.assign(clip=t["clip"].mask(t.index == 1, t["clip"][0]))),
        r"^cell \w+, fold 0: its predictions are not one for each of 2 clips",
    ),
    "a fold's predictions taken away": (
        parquet("predictions")(lambda t: t.iloc[2:]),
        r"^cell \w+, fold 0: its predictions or its row are missing",
    ),
    "a fold's row taken away": (
        parquet("folds")(lambda t: t.iloc[1:]),
        r"^cell \w+, fold 0: its predictions or its row are missing",
    ),
    "a fold's row twice": (
        parquet("folds")(lambda t: pd.concat([t, t.iloc[[0]]])),
        r"^folds.parquet: a fold stands twice",
    ),
    "a cell's rows taken away": (
        parquet("folds")(lambda t: t[t["cell"] != t["cell"].iloc[0]]),
        r"^cell \w+, fold 2: its predictions or its row are missing",
    ),
    "a failed fold made good": (
        parquet("folds")(lambda t: t.assign(status="ok")),
        r"^cell \w+, fold \d: its predictions or its row are missing",
    ),
    "a bad fold called failed": (
        parquet("folds")(lambda t: t.assign(status=t["status"].mask(t.index == 0, "failed"))),
        r"^cell \w+, fold 0: its predictions or its row are missing",
    ),
    "a digit of the leaderboard": (
        text("leaderboard.csv", ",ok,8,3,0,", ",ok,8,2,0,"),
        r"^leaderboard.csv, line \d+, n_folds: '2' stands where '3' follows",
    ),
    "a line of the leaderboard": (
        lambda f: (f / "leaderboard.csv").write_text(
            "".join((f / "leaderboard.csv").read_text().splitlines(keepends=True)[:-1])
        ),
        r"^leaderboard.csv has 15 rows where the predictions give 16$",
    ),
    "line ends of the leaderboard": (
        lambda f: (f / "leaderboard.csv").write_bytes(
            (f / "leaderboard.csv").read_bytes().replace(b"\n", b"\r\n")
        ),
        "^leaderboard.csv has other line ends than it must have",
    ),
    "a verdict": (
        text("comparisons.csv", "False", "True"),
        "^comparisons.csv, line 2, significant: 'True' stands where 'False' follows",
    ),
    "the leaderboard gone": (
        lambda f: (f / "leaderboard.csv").unlink(), "^leaderboard.csv is missing$",
    ),
    "the comparisons gone": (
        lambda f: (f / "comparisons.csv").unlink(), "^comparisons.csv is missing$",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("tamper", "says"), TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_verify_finds_what_was_changed(folder, tamper, says):
    import re

    tamper(folder)
    differences = run_check.verify(folder)
    assert any(re.search(says, difference) for difference in differences), differences


@pytest.mark.parametrize("name", ["manifest.json", "folds.parquet", "predictions.parquet"])
def test_verify_and_read_say_which_file_is_missing_or_damaged(folder, name):
    path = folder / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    for look in (run_results.read, run_check.verify):
        with pytest.raises(MerbenchError, match=r"cannot be read .* run it again"):
            look(folder)
    path.unlink()
    for look in (run_results.read, run_check.verify):
        with pytest.raises(MerbenchError, match=rf"is no run: {name} is missing"):
            look(folder)


def test_the_command_says_what_differs_and_exits_with_1(folder):
    from typer.testing import CliRunner

    assert CliRunner().invoke(app, ["verify", str(folder)]).exit_code == 0
    parquet("predictions")(add("predicted_valence_mean", 0, 0.1))(folder)
    done = CliRunner().invoke(app, ["verify", str(folder), "--json"])
    assert done.exit_code == 1
    document = json.loads(done.stdout)
    assert document["verified"] is False
    assert any("kl_mean is stored as" in line for line in document["differences"])


# --- writing -------------------------------------------------------------------------------------


def test_a_run_whose_writing_was_cut_off_is_no_run(written, folder, monkeypatch):
    """Over an earlier run of the same folder, whose manifest must not vouch for the new tables."""

    def killed(self, *_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(record, "write_parquet", killed)
    with pytest.raises(KeyboardInterrupt):
        run_results.write(written[0], folder)
    monkeypatch.undo()
    with pytest.raises(MerbenchError, match=r"is no run: manifest\.json is missing"):
        run_results.read(folder)
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    run_results.write(written[0], folder)
    assert run_check.verify(folder) == []


def test_results_that_cannot_be_written_are_one_clear_error(written, tmp_path):
    (tmp_path / "file").write_text("no folder")
    for target in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(MerbenchError, match=r"cannot be written to .* --out"):
            run_results.check_writable(target)
        with pytest.raises(MerbenchError, match=r"cannot be written to .* finished work is kept"):
            run_results.write(written[0], target)


def test_a_full_disk_is_one_clear_error(written, tmp_path, monkeypatch):
    def full(self, *_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record, "write_parquet", full)
    with pytest.raises(MerbenchError, match=r"cannot be written to .*\(No space left on device\)"):
        run_results.write(written[0], tmp_path / "out")


def test_checking_leaves_nothing_behind(tmp_path):
    run_results.check_writable(tmp_path / "out" / "deep")
    assert list((tmp_path / "out" / "deep").iterdir()) == []


def test_one_fold_has_a_row_and_an_interval_but_no_verdict(bench):
    run = bench.run(protocol={"monte-carlo": {"folds": 1}}, separators=["plain"])
    best, other = run.leaderboard.to_dict("records")
    assert best["status"] == "ok"
    assert best["kl_mean_low"] <= best["kl_mean"] <= best["kl_mean_high"]
    assert math.isnan(other["corrected_p_holm"])
    assert not run.comparisons["significant"].any()
    run_results.write(run, bench.folder / "out")
    assert run_check.verify(bench.folder / "out") == []


# --- stems ---------------------------------------------------------------------------------------


def test_levels_of_stems_and_the_shift_are_kept(written):
    run, _ = written
    # Two datasets of eight clips each, which `halves` takes apart into two stems.
    assert run.stems.groupby("dataset").size().to_dict() == {"noise": 16, "rated": 16}
    assert run.stems["level_db"].between(-60, 10).all()
    shift = {(row["dataset"], row["separator"]): row for row in run.manifest["shift"]}
    assert set(shift) == {("noise", "halves"), ("rated", "halves")}
    assert all("not described" in row["reason"] for row in shift.values())


def test_without_separated_clips_there_is_no_table_of_stems(bench, tmp_path):
    finished = bench.run(separators=["plain"])
    assert finished.stems is None or finished.stems.empty
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "stems.parquet").write_text("of an earlier run")
    run_results.write(finished, tmp_path / "out")
    assert not (tmp_path / "out" / "stems.parquet").exists()
    assert run_results.read(tmp_path / "out").stems is None


def test_a_damaged_table_of_stems_is_named(folder):
    (folder / "stems.parquet").write_bytes(b"no parquet")
    with pytest.raises(MerbenchError, match=r"stems\.parquet cannot be read"):
        run_results.read(folder)
