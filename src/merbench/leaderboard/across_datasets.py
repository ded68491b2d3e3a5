"""Systems compared over several data sets: data sets are the sample, never folds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from merbench.runs.parameter_text import read_parameters
from merbench.runs.row_columns import AXES, PEOPLE, system_name

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = [
    "system", *AXES[1:], "parameters", "n_datasets", "mean_rank", "friedman_p", "cliques",
]  # fmt: skip


def systems_across(leaderboard: pd.DataFrame) -> pd.DataFrame | None:
    """Compare the systems that are ranked on every data set.

    Of a data set with several tables (other splits, versions or evaluators) the one with most
    ranked rows counts, the first of equals. A system with several rows in a table has its best.

    Returns
    -------
    DataFrame or None
        One row a system, the best mean rank first. None where fewer than two data sets, or fewer
        than two systems in all of them, leave nothing to compare.
    """
    import numpy as np
    import pandas as pd

    from merbench import evaluation

    ranked = leaderboard[(leaderboard["status"] == "ok") & (leaderboard["role"] != PEOPLE)]
    scores: dict[str, dict[tuple[Any, ...], float]] = {}
    for dataset, rows in ranked.groupby("dataset", sort=True):
        sizes = rows.groupby("table").size().sort_index()
        chosen = rows[rows["table"] == sizes.idxmax()]
        keys = chosen[[*AXES[1:], "parameters"]].itertuples(index=False, name=None)
        known: dict[tuple[Any, ...], float] = {}
        for key, kl in zip(keys, chosen["kl_mean"].tolist(), strict=True):
            known[key] = min(kl, known.get(key, kl))
        scores[str(dataset)] = known
    if len(scores) < 2:
        return None
    shared = sorted(set.intersection(*(set(known) for known in scores.values())))
    if len(shared) < 2:
        return None
    table = np.asarray([[known[key] for key in shared] for known in scores.values()])
    found = evaluation.critical_difference(table)
    rows = []
    for place in found.order.tolist():
        row = dict(zip([*AXES[1:], "parameters"], shared[place], strict=True))
        name = system_name(row | {"parameters": read_parameters(row["parameters"])})
        cliques = [str(i + 1) for i, members in enumerate(found.cliques) if place in members]
        rows.append(
            {
                "system": name, **row, "n_datasets": len(scores),
                "mean_rank": float(found.mean_ranks[place]),
                "friedman_p": found.friedman.p_f, "cliques": "; ".join(cliques),
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)
