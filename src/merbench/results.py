"""From per-clip predictions to fold metrics, one row a cell, and paired comparisons.

Everything here is computed from a run's two tables, so that anyone who has them can recompute it.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from merbench.components import Task
from merbench.spec import AXES as AXES
from merbench.spec import NONE

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from merbench.evaluation import CellScores, Comparison

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
        ["dataset", "_failed", "kl_mean", *AXES[1:], "parameters"],
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
        row["kl_low"], row["kl_high"] = evaluation.corrected_interval(values, ratio)
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
        Axes: "augmentation", "separator", "features" or "model". All pairs of one dataset and axis
        are one family, corrected together. A model that never looks at the music is compared with
        every system.

    Returns
    -------
    DataFrame
        One row a pair. Only complete cells are compared.
    """
    import pandas as pd

    from merbench import evaluation

    summary = summarise(folds)
    complete = summary[(summary["status"] == "ok") & (summary["role"] != PEOPLE)]
    scores = {cell: _scores(cell, folds, predictions) for cell in complete["cell"]}
    rows = []
    for (dataset, _), cells in complete.groupby(["dataset", "data_hash"], sort=False):
        records = cells.to_dict("records")
        for axis in dict.fromkeys(families):
            pairs = [
                (a, b)
                for a, b in itertools.combinations(records, 2)
                if _differs_only(axis, a, b) and a["split_hash"] == b["split_hash"]
            ]
            family = evaluation.compare_pairs(
                [(scores[a["cell"]], scores[b["cell"]]) for a, b in pairs]
            )
            for (a, b), comparison in zip(pairs, family, strict=True):
                rows.append(_comparison_row(str(dataset), axis, a, b, comparison))
    return pd.DataFrame(rows, columns=_COMPARISON_COLUMNS)


_COMPARISON_COLUMNS = [
    "dataset", "across", "a", "b", "cell_a", "cell_b", "n_folds", "n_clips", "kl_difference",
    "corrected_t", "corrected_p", "corrected_p_holm", "clip_p", "clip_p_holm", "rank_biserial",
    "n_folds_p_below_05", "significant", "better",
]  # fmt: skip


def _comparison_row(
    dataset: str, axis: str, a: dict[str, Any], b: dict[str, Any], result: Comparison
) -> dict[str, Any]:
    from merbench.evaluation import ALPHA

    return {
        "dataset": dataset,
        "across": axis,
        "a": system_name(a),
        "b": system_name(b),
        "cell_a": a["cell"],
        "cell_b": b["cell"],
        "n_folds": result.n_folds,
        "n_clips": result.n_clips,
        "kl_difference": result.kl_mean_difference,
        "corrected_t": result.corrected_t,
        "corrected_p": result.corrected_p,
        "corrected_p_holm": result.corrected_p_holm,
        "clip_p": result.clip_p,
        "clip_p_holm": result.clip_p_holm,
        "rank_biserial": result.rank_biserial,
        "n_folds_p_below_05": sum(p < ALPHA for p in result.fold_p),
        "significant": result.significant,
        "better": {None: "", a["cell"]: "a", b["cell"]: "b"}[result.better],
    }


def system_name(row: dict[str, Any]) -> str:
    """Name of a row's system: what it has on each axis, with parameters that differ."""
    parts = [str(row[axis]) for axis in AXES[1:] if row[axis] != NONE]
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


def _scores(cell: str, folds: pd.DataFrame, predictions: pd.DataFrame) -> CellScores:
    import numpy as np

    from merbench.evaluation import CellScores

    rows = predictions[predictions["cell"] == cell]
    sizes = folds[folds["cell"] == cell].set_index("fold")["n_train"]
    return CellScores(
        cell,
        rows["fold"].to_numpy(np.int64),
        rows["clip"].to_numpy(str),
        rows["kl"].to_numpy(float),
        {int(fold): int(size) for fold, size in sizes.items()},
    )
