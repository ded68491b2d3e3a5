"""A run's files read back as what was written, and what was cut off is no run."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from merbench.errors import MerbenchError
from merbench.leaderboard import run_results
from merbench.runs import record
from merbench.verification import run_check

FILES = ["comparisons.csv", "findings.csv", "folds.parquet", "leaderboard.csv", "manifest.json"]
FILES += ["predictions.parquet", "separators.csv", "stems.parquet"]


def test_a_run_is_eight_files_that_read_back_as_what_was_written(written):
    run, folder = written
    assert sorted(path.name for path in folder.iterdir()) == FILES
    back = run_results.read_results(folder)
    pd.testing.assert_frame_equal(back.folds, run.folds, check_dtype=False)
    texts = back.predictions.astype(run.predictions.dtypes)
    pd.testing.assert_frame_equal(texts, run.predictions)
    pd.testing.assert_frame_equal(back.leaderboard, run.leaderboard, check_dtype=False)
    pd.testing.assert_frame_equal(back.comparisons, run.comparisons, check_dtype=False)
    stems = back.stems.astype(run.stems.dtypes)
    pd.testing.assert_frame_equal(stems, run.stems)
    assert back.manifest == json.loads(json.dumps(run.manifest))
    assert [row["error"] for row in back.failed] == [row["error"] for row in run.failed]


def test_a_run_whose_writing_was_cut_off_is_no_run(written, folder, monkeypatch):
    """Over an earlier run of the same folder, whose manifest must not vouch for the new tables."""

    def killed(self, *_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(record, "write_parquet", killed)
    with pytest.raises(KeyboardInterrupt):
        run_results.write_results(written[0], folder)
    monkeypatch.undo()
    with pytest.raises(MerbenchError, match=r"is no run: manifest\.json is missing"):
        run_results.read_results(folder)
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    run_results.write_results(written[0], folder)
    assert run_check.verify_run(folder) == []


def test_a_damaged_table_of_stems_is_named(folder):
    (folder / "stems.parquet").write_bytes(b"no parquet")
    with pytest.raises(MerbenchError, match=r"stems\.parquet cannot be read"):
        run_results.read_results(folder)
