"""Whose a folder of results is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from merbench.errors import MerbenchError
from merbench.leaderboard import run_results
from merbench.leaderboard.output_folder import claimed
from merbench.runs import record


@pytest.fixture
def out(bench) -> Path:
    """A folder that holds a run of two cells."""
    folder = bench.folder / "out"
    run_results.write_results(bench.run(separators=["plain"]), folder)
    return folder


def test_a_folder_of_nothing_is_made_and_gone_again(bench, tmp_path):
    folder = tmp_path / "runs" / "tiny" / "first"
    with claimed(folder, bench.plan()):
        assert folder.is_dir()
        assert record.is_unfinished(folder)
    assert not (tmp_path / "runs").exists()
    folder.parent.mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt), claimed(folder, bench.plan()):
        raise KeyboardInterrupt
    assert folder.parent.is_dir()  # it was there before
    assert not folder.exists()


def test_results_stay(bench, tmp_path):
    folder = tmp_path / "first"
    with claimed(folder, bench.plan()):
        run_results.write_results(bench.run(), folder)
    assert not record.is_unfinished(folder)
    assert record.read_record(folder).manifest["name"] == "tiny"


def test_two_runs_at_once_are_one_too_many(bench, tmp_path):
    folder, plan = tmp_path / "out", bench.plan()
    says = "another run is being written to .*out; wait for it to end, or name another folder with"
    with claimed(folder, plan):
        with pytest.raises(MerbenchError, match=says), claimed(folder, plan, overwrite=True):
            pass
        assert folder.is_dir()
    with claimed(folder, plan):
        pass


@pytest.mark.parametrize("change", [{"seed": 2}, {"models": ["linear"]}, {"name": "other"}])
def test_another_benchmark_is_refused_unless_it_may_replace(bench, out, change):
    plan = bench.plan(**({"separators": ["plain"]} | change))
    with pytest.raises(MerbenchError) as error, claimed(out, plan):
        pass
    assert f"{out} holds another run (tiny of 20" in str(error.value)
    assert "--overwrite" in str(error.value)
    with claimed(out, plan, overwrite=True):
        pass
    assert record.read_record(out)  # nothing was touched yet


def test_the_same_benchmark_goes_on_unless_cells_would_be_lost(bench, out):
    with claimed(out, bench.plan()):
        pass
    with (
        pytest.raises(MerbenchError, match="holds another run"),
        claimed(out, bench.plan("model=linear")),
    ):
        pass


def test_data_that_were_moved_are_the_same(bench, out):
    shutil.move(bench.folder / "data", bench.folder / "moved")
    with claimed(out, bench.plan(separators=["plain"], datasets=[{"noise": {"root": "moved"}}])):
        pass


def test_files_that_are_no_runs_are_not_overwritten(bench, out):
    (out / record.MANIFEST).write_text("{")
    with pytest.raises(MerbenchError, match="one that cannot be read"), claimed(out, bench.plan()):
        pass
    (out / record.MANIFEST).unlink()  # as the folder of a leaderboard
    with (
        pytest.raises(MerbenchError, match=r"holds leaderboard\.csv, which is no run's"),
        claimed(out, bench.plan()),
    ):
        pass


def test_a_run_whose_writing_was_cut_off_goes_on(bench, out, monkeypatch):
    finished = bench.run(separators=["plain"])

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(record, "write_record", killed)
    with pytest.raises(KeyboardInterrupt):
        run_results.write_results(finished, out)
    monkeypatch.undo()
    assert record.is_unfinished(out)
    with pytest.raises(
        MerbenchError, match=r"manifest\.json is missing, for the run goes on or was"
    ):
        record.read_record(out)
    with claimed(out, bench.plan(separators=["plain"])):
        run_results.write_results(finished, out)
    assert not record.is_unfinished(out)
