"""From per-clip predictions to fold metrics, one row a cell, and paired comparisons.

Everything here is computed from a run's two tables, so that anyone who has them can recompute it.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from merbench.components import Task
from merbench.plan import NONE

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from merbench.evaluation import Paired, Scores

AXES = ("dataset", "separator", "features", "model")
TRUTH, PREDICTED = "truth_", "predicted_"
SYSTEM, BASELINE, PEOPLE = "system", "baseline", "people"
HUMAN_CEILING = "human-ceiling"
"""Model in the rows of what people reach; they hold an expectation, and no predictions."""

_SUMMED = ("n_nonpositive_std", "n_floored_std", "n_floored_probability", "n_tied_truth")


def truth_columns(task: Task) -> list[str]:
    """Columns of the true label in the table of predictions."""
    return [TRUTH + column for column in task.columns]


def predicted_columns(task: Task) -> list[str]:
    """Columns of the predicted label in the table of predictions."""
    return [PREDICTED + column for column in task.columns]


def score_fold(
    task: Task, truth: NDArray[np.float64], predicted: NDArray[np.float64], clips: Sequence[str]
) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Score one fold: KL of each clip, and the fold's metrics."""
    from merbench import evaluation

    scored = evaluation.evaluate(task, truth, predicted, ids=clips)
    return scored.kl, scored.metrics


def rescore_fold(task: Task, part: pd.DataFrame) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Score one fold anew from its rows of the table of predictions.

    Returns
    -------
    kl, metrics
        As `score_fold` gives. Of a human ceiling: the stored KL, and what follows from it.

    Raises
    ------
    MerbenchError
        The rows cannot be scored.
    """
    if is_ceiling(part["model"].iloc[0]):
        kl = part["kl"].to_numpy(float)
        return kl, ceiling_metrics(kl)
    truth, predicted = (
        part[columns(task)].to_numpy(float) for columns in (truth_columns, predicted_columns)
    )
    return score_fold(task, truth, predicted, part["clip"].tolist())


def is_ceiling(model: str) -> bool:
    """Tell whether a row's model is a human ceiling."""
    return model.startswith(f"{HUMAN_CEILING}(")


def ceiling_metrics(kl: NDArray[np.float64]) -> dict[str, float]:
    """Fold metrics of a human ceiling, from each clip's expected KL; clips without it are out."""
    import numpy as np

    known = kl[np.isfinite(kl)]
    if not len(known):
        return {}
    return {"kl_mean": float(known.mean()), "kl_median": float(np.median(known))}


# --- one row a cell ------------------------------------------------------------------------------


def summarise(folds: pd.DataFrame) -> pd.DataFrame:
    """Return the leaderboard: one row a cell, the best first within a dataset, failures last.

    A metric is the mean over folds of what it is in each; counts are summed; a cell with a failed
    fold has none, for a mean over the folds that happened to work compares with nothing.
    """
    import pandas as pd

    if folds.empty:
        return pd.DataFrame(columns=[*AXES, "status"])
    rows = [_summary(part) for _, part in folds.groupby("cell", sort=False)]
    table = pd.DataFrame(rows)
    table["_failed"] = table["status"] != "ok"
    table = table.sort_values(
        ["dataset", "_failed", "kl_mean", "separator", "features", "model", "parameters"],
        kind="stable",
    )
    return table.drop(columns="_failed").reset_index(drop=True)


def _summary(part: pd.DataFrame) -> dict[str, Any]:
    import numpy as np

    from merbench import evaluation

    first = part.iloc[0]
    done = part[part["status"] == "ok"]
    complete = len(done) == len(part)
    row: dict[str, Any] = {axis: first[axis] for axis in AXES}
    row |= {
        "parameters": first["parameters"],
        "role": first["role"],
        "task": first["task"],
        "status": "ok" if complete else "failed",
        "kl_mean": np.nan,
        "kl_low": np.nan,
        "kl_high": np.nan,
        "kl_median": np.nan,
        "n_folds": len(done),
        "n_clips": int(first["n_clips"]),
    }
    if complete:
        values = done["kl_mean"].to_numpy(float)
        ratio = float((done["n_test"] / done["n_train"]).mean())
        row["kl_low"], row["kl_high"] = map(float, evaluation.corrected(values, ratio).interval())
        for metric in metric_columns(part):
            total = done[metric].sum() if metric in _SUMMED else done[metric].mean()
            row[metric] = total if done[metric].notna().any() else np.nan
    row |= {
        "seconds": done["seconds"].sum() if len(done) else np.nan,
        "peak_memory_mb": done["peak_memory_mb"].max() if len(done) else np.nan,
        "dataset_parameters": first["dataset_parameters"],
        "synthetic": bool(first["synthetic"]),
        "provenance": first["provenance"],
        "cell": first["cell"],
        "split_hash": first["split_hash"],
        "data_hash": first["data_hash"],
        "error": next((e for e in part["error"] if e), ""),
    }
    return row


def metric_columns(folds: pd.DataFrame) -> list[str]:
    """Columns of a table of folds that are metrics: what stands after `error`."""
    columns = list(folds.columns)
    return columns[columns.index("error") + 1 :]


# --- comparisons ---------------------------------------------------------------------------------


def compare(
    folds: pd.DataFrame, predictions: pd.DataFrame, families: Sequence[str]
) -> pd.DataFrame:
    """Compare cells in pairs that differ along one axis.

    Parameters
    ----------
    folds, predictions
        A run's tables.
    families
        Axes: "separator", "features" or "model". All pairs along one axis, of one dataset and one
        set of splits, are one family, corrected together. A model that never looks at the music is
        compared with every system.

    Returns
    -------
    DataFrame
        One row a pair. Only complete cells are compared.
    """
    import pandas as pd

    from merbench import evaluation

    summary = summarise(folds)
    complete = summary[(summary["status"] == "ok") & (summary["role"] != PEOPLE)]
    rows = []
    for _, table in complete.groupby(["dataset", "data_hash", "split_hash"], sort=False):
        cells = table.to_dict("records")
        scores = _scores(table["cell"].tolist(), folds, predictions)
        for axis in dict.fromkeys(families):
            pairs = [
                (a, b)
                for a, b in itertools.combinations(range(len(cells)), 2)
                if _differs_only(axis, cells[a], cells[b])
            ]
            family = evaluation.compare_pairs(scores, pairs)
            rows += _comparison_rows(axis, cells, pairs, scores, family)
    return pd.DataFrame(rows, columns=[*_COMPARED, *_TESTED, "better"])


_COMPARED = ("dataset", "across", "a", "b", "cell_a", "cell_b", "n_folds", "n_clips")
_TESTED = {
    "kl_difference": "kl_difference",
    "kl_low": "kl_low",
    "kl_high": "kl_high",
    "corrected_t": "corrected_t",
    "corrected_p": "corrected_p",
    "corrected_p_holm": "corrected_p_holm",
    "clip_p": "clip_p",
    "clip_p_holm": "clip_p_holm",
    "naive_wilcoxon_p": "naive_p",
    "n_folds_p_below_05": "n_folds_p_below_05",
    "rank_biserial": "rank_biserial",
    "p_a_better": "p_a_better",
    "p_equal": "p_equal",
    "p_b_better": "p_b_better",
    "detectable_difference": "detectable",
    "significant": "significant",
}
"""Columns of the comparisons, and what they are in `evaluation.Paired`."""


def _comparison_rows(
    axis: str,
    cells: Sequence[dict[str, Any]],
    pairs: Sequence[tuple[int, int]],
    scores: Scores,
    family: Paired,
) -> list[dict[str, Any]]:
    tested = {column: getattr(family, field).tolist() for column, field in _TESTED.items()}
    return [
        {
            "dataset": cells[a]["dataset"],
            "across": axis,
            "a": system_name(cells[a]),
            "b": system_name(cells[b]),
            "cell_a": cells[a]["cell"],
            "cell_b": cells[b]["cell"],
            "n_folds": len(scores.folds),
            "n_clips": len(scores.clips),
            **{column: values[i] for column, values in tested.items()},
            "better": str(family.better[i]),
        }
        for i, (a, b) in enumerate(pairs)
    ]


def system_name(row: dict[str, Any]) -> str:
    """Name of a row's system: its separator, features and model, with parameters that differ."""
    parts = [str(row[axis]) for axis in ("separator", "features", "model") if row[axis] != NONE]
    return " x ".join(parts) + parameter_text(row["parameters"])


def parameter_text(parameters: str) -> str:
    """A system's parameters as a name shows them: ` (k=3)`; nothing where all are defaults."""
    pairs = _flat(json.loads(parameters)) if parameters else []
    return f" ({', '.join(f'{key}={value}' for key, value in pairs)})" if pairs else ""


def _flat(settings: Any) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in settings.items():
        pairs += _flat(value) if isinstance(value, dict) else [(key, value)]
    return pairs


def _differs_only(axis: str, a: dict[str, Any], b: dict[str, Any]) -> bool:
    if axis == "model" and NONE in (a["features"], b["features"]):
        return True
    return [other for other in AXES[1:] if _choice(a, other) != _choice(b, other)] == [axis]


def _choice(row: dict[str, Any], axis: str) -> tuple[str, Any]:
    """What a system has on an axis: the name, and the parameters that differ from defaults."""
    settings = json.loads(row["parameters"]) if row["parameters"] else {}
    return row[axis], settings.get(axis)


def _scores(cells: Sequence[str], folds: pd.DataFrame, predictions: pd.DataFrame) -> Scores:
    """Gather the KL of cells that share their splits."""
    import numpy as np

    from merbench.evaluation import Scores

    wanted = predictions[predictions["cell"].isin(cells)]
    rows = dict(iter(wanted.groupby("cell", sort=False)))
    sizes = folds[folds["cell"].isin(cells)]
    return Scores.align(
        {
            cell: (
                rows[cell]["fold"].to_numpy(np.int64),
                rows[cell]["clip"].to_numpy(str),
                rows[cell]["kl"].to_numpy(float),
            )
            for cell in cells
        },
        {
            cell: dict(zip(part["fold"].astype(int), part["n_train"].astype(int), strict=True))
            for cell, part in sizes.groupby("cell", sort=False)
        },
    )
