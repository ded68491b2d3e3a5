"""What makes a row doubtful, whatever its rank."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from merbench.components import Task
from merbench.results import SYSTEM, is_blind

UNCORRELATED = "uncorrelated with truth"
WORSE_THAN_CONSTANT = "worse than a constant"


def mark(rows: Sequence[dict[str, Any]], n_tested: int) -> None:
    """Set the column `mark` of one table's ranked rows.

    Only systems that listen are marked: a baseline is a constant, or uncorrelated, on purpose.

    Parameters
    ----------
    rows
        They.
    n_tested
        How many clips they were tested on, each counted once.
    """
    constant = min((row["kl_mean"] for row in rows if is_blind(row)), default=math.inf)
    for row in rows:
        words = []
        if row["role"] == SYSTEM and not is_blind(row):
            if not _correlated(row, n_tested):
                words.append(UNCORRELATED)
            if row["kl_mean"] > constant:
                words.append(WORSE_THAN_CONSTANT)
        row["mark"] = "; ".join(words)


def _correlated(row: Mapping[str, Any], n_tested: int) -> bool:
    """Tell whether predictions have anything to do with their clips.

    The largest correlation of a mean with its truth must be above 0 at the level that
    `merbench score` warns at, as if each clip had been tested once: folds share clips, and count
    for no more than they have. A quadrant's correlation is Matthews's, of the confusion matrix.
    """
    from scipy import stats

    from merbench.evaluation.score import CORRELATION_ALPHA

    found = [r for r in _correlations(row) if not math.isnan(r)]
    df = n_tested - 2
    if not found or df < 1:
        return False
    r = max(found)
    t = r * math.sqrt(df / max(1 - r * r, 1e-12))
    return bool(stats.t.sf(t, df) < CORRELATION_ALPHA / len(found))


def _correlations(row: Mapping[str, Any]) -> list[float]:
    metrics, task = row["_metrics"], Task(row["task"])
    if task is Task.VA:
        return [metrics.get(f"pearson_{column}", math.nan) for column in task.columns[:2]]
    return [_matthews(metrics, task)]


def _matthews(metrics: Mapping[str, float], task: Task) -> float:
    """Matthews's correlation of k classes (Gorodkin 2004), from the folds' mean counts."""
    import numpy as np

    counts = np.asarray(
        [[metrics.get(f"confusion_{t}_{p}", math.nan) for p in task.columns] for t in task.columns]
    )
    true, called, n = counts.sum(axis=1), counts.sum(axis=0), counts.sum()
    covariance = np.trace(counts) * n - true @ called
    spread = math.sqrt((n * n - true @ true) * (n * n - called @ called))
    return float(covariance / spread) if spread > 0 else math.nan
