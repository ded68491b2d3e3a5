"""Results of one table in which every pair of systems was compared."""

from __future__ import annotations

import itertools

import pandas as pd

from boards import comparison
from merbench.leaderboard.results import Results
from merbench.runs import row_columns


def ranked(n: int) -> Results:
    """A table of n systems, a baseline of the third rank, and all pairs of them."""
    rows = [
        dict.fromkeys(row_columns.AXES, "x")
        | {"augmentation": "none", "separator": "mixed", "features": "f", "model": f"m{i}",
           "parameters": None, "role": "system", "rank": i + 1, "cell": f"c{i}", "status": "ok",
           "kl_mean": float(i), "table": "t"}
        for i in range(n)
    ]  # fmt: skip
    rows[2] |= {"role": "baseline", "features": "none", "separator": "none"}
    pairs = [
        comparison(
            table="t", dataset="x", across="model", a=row_columns.system_name(a),
            b=row_columns.system_name(b), cell_a=a["cell"], cell_b=b["cell"], run_a="r", run_b="r",
            kl_difference=a["kl_mean"] - b["kl_mean"], significant=False, corrected_p_holm=0.5,
        )
        for a, b in itertools.combinations(rows, 2)
    ]  # fmt: skip
    return Results("ranked", rows, pairs, pd.DataFrame(), pd.DataFrame())
