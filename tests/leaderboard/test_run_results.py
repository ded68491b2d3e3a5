"""A run's own leaderboard, in memory and on disk."""

from __future__ import annotations

import pandas as pd
import pytest

from merbench.errors import MerbenchError
from merbench.leaderboard import run_results
from merbench.runs import record


def test_the_leaderboard_has_the_promised_columns(written):
    table = pd.read_csv(written[1] / "leaderboard.csv", keep_default_na=False)
    columns = ["dataset", "separator", "features", "model", "kl_mean", "kl_median", "n_folds"]
    assert {*columns, "status"} <= set(table.columns)
    # A dataset: two blind models that run, one that is not ready, and 2 x 2 that listen.
    assert table.groupby("dataset").size().to_dict() == {"noise": 7, "rated": 7 + 2}
    assert set(table["status"]) == {"ok", "failed"}


def test_results_that_cannot_be_written_are_one_clear_error(written, tmp_path):
    (tmp_path / "file").write_text("no folder")
    for target in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(MerbenchError, match=r"cannot be written to .* --out"):
            run_results.check_writable(target)
        with pytest.raises(MerbenchError, match=r"cannot be written to .* finished work is kept"):
            run_results.write_results(written[0], target)


def test_a_full_disk_is_one_clear_error(written, tmp_path, monkeypatch):
    def full(self, *_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record, "write_parquet", full)
    with pytest.raises(MerbenchError, match=r"cannot be written to .*\(No space left on device\)"):
        run_results.write_results(written[0], tmp_path / "out")


def test_checking_leaves_nothing_behind(tmp_path):
    run_results.check_writable(tmp_path / "out" / "deep")
    assert list((tmp_path / "out" / "deep").iterdir()) == []
