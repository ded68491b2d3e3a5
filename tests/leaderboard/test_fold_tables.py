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
    for place, iteration in enumerate(table.iterations):
        for side, name in enumerate(table.separators):
            known = folds.loc[(name, iteration.fold)]
            assert iteration.mean[side] == pytest.approx(known["kl_mean"], rel=1e-12)
            assert iteration.median[side] == known["kl_median_upper"]
            assert table.kl[side][place].mean() == pytest.approx(known["kl_mean"], rel=1e-12)
    expected = [np.mean([i.mean[side] for i in table.iterations]) for side in (0, 1)]
    expected += [np.mean([i.median[side] for i in table.iterations]) for side in (0, 1)]
    assert table.average == pytest.approx(expected)
