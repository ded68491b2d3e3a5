"""Two separators fold by fold, as pages show them."""

from __future__ import annotations

import numpy as np
import pytest

from merbench.leaderboard.fold_tables import fold_tables, n_pairs
from merbench.leaderboard.results import Results
from tinybench import TinyBench


def test_a_table_holds_the_rows_of_its_pair_and_the_kl_of_its_clips(
    tmp_path, monkeypatch: pytest.MonkeyPatch
):
    bench = TinyBench.make(tmp_path / "bench", clips=16)
    monkeypatch.setenv("MERBENCH_HOME", str(bench.home))
    run = bench.run(models=["linear"])
    content = Results.of_run(run)
    (table,) = fold_tables(content)
    assert n_pairs(content) == 1
    assert table.separators == ("plain", "halves")
    assert table.system == "levels x linear"
    assert [row["separator"] for row in table.rows] == ["plain", "halves"]
    folds = run.folds.set_index(["separator", "fold"])
    for place, fold in enumerate(table.folds):
        means = (fold.kl_mean_a, fold.kl_mean_b)
        medians = (fold.kl_median_upper_a, fold.kl_median_upper_b)
        for side, name in enumerate(table.separators):
            known = folds.loc[(name, fold.fold)]
            assert means[side] == pytest.approx(known["kl_mean"], rel=1e-12)
            assert medians[side] == known["kl_median_upper"]
            assert table.kl[side][place].mean() == pytest.approx(known["kl_mean"], rel=1e-12)
    shown = ("kl_mean_a", "kl_mean_b", "kl_median_upper_a", "kl_median_upper_b")
    expected = [np.mean([getattr(fold, name) for fold in table.folds]) for name in shown]
    assert table.average == pytest.approx(expected)
