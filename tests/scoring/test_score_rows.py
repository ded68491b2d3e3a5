"""What a scoring found, as rows of a table."""

from __future__ import annotations

from made_up import COLUMNS, made_up
from merbench.scoring.score_arrays import score_arrays
from merbench.scoring.score_rows import comparison_rows, system_rows


def test_tables_show_the_best_system_first_and_small_p_as_small() -> None:
    frame = made_up()
    truth, noisy, good = (
        frame[[f"{prefix}_{column}" for column in COLUMNS]].to_numpy()
        for prefix in ("gt", "noisy", "good")
    )
    result = score_arrays(truth, {"noisy": noisy, "good": good})
    rows = system_rows(result)
    assert [row["system"] for row in rows] == ["good", "noisy"]
    assert rows[0]["KL mean"] == f"{result['systems']['good']['kl_mean']:.3f}"
    assert list(rows[0]) == list(rows[1])
    (row,) = comparison_rows(result)
    assert row["comparison"] == "noisy - good"
    assert row["Wilcoxon p"] == "< 0.001"
    assert row["KL difference"].startswith("+")
    result["systems"]["good"]["pearson"]["valence_mean"] = None
    assert system_rows(result)[0]["r valence"] == "–"
