"""The rows of a leaderboard and the comparisons between them, of one run or of many.

Cells of equal data, split and evaluator make a *table*. Only within one are they ranked and
compared: everywhere else a smaller number may mean easier clips.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from merbench.hashes import canonical, digest, portable
from merbench.leaderboard.marks import mark
from merbench.leaderboard.scored import ScoredRows, align
from merbench.recorded import Recorded
from merbench.results import (
    AXES,
    PEOPLE,
    choice,
    is_blind,
    metric_columns,
    system_name,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from merbench.evaluation import Scores

RANKED = ["table", "tier", "rank", "rank_low", "rank_high"]
AGAINST_BEST = [
    "kl_difference_to_best", "corrected_p_holm", "clip_p_holm", "naive_wilcoxon_p",
    "rank_biserial", "detectable_difference",
]  # fmt: skip
_KL = ["kl_mean", "kl_mean_low", "kl_mean_high", "kl_median", "kl_median_low", "kl_median_high"]
LEADING = [
    *RANKED, "role", "dataset", "dataset_version", "task", *AXES[1:], "parameters", "status",
    "n_clips", "n_folds", "n_failed", *_KL, *AGAINST_BEST, "kl_difference_to_people", "mark",
]  # fmt: skip
"""Columns of a leaderboard before the metrics of its tasks."""
TRAILING = [
    "seconds", "cpu_seconds", "peak_memory_mb", "dataset_parameters", "synthetic", "provenance",
    "protocol", "spec_hash", "split_hash", "data_hash", "evaluator_version", "evaluator_hash",
    "versions", "hardware", "run", "cell", "error",
]  # fmt: skip
"""Columns after them."""
COMPARED = [
    "table", "dataset", "across", "a", "b", "cell_a", "cell_b", "run_a", "run_b", "n_folds",
    "n_clips", "kl_difference", "kl_low", "kl_high", "corrected_t", "corrected_p",
    "corrected_p_holm", "clip_p", "clip_p_holm", "group_p", "naive_wilcoxon_p",
    "n_folds_p_below_05", "rank_biserial", "group_rank_biserial", "p_a_better", "p_equal",
    "p_b_better", "detectable_difference", "significant", "better",
]  # fmt: skip
"""Columns of the comparisons."""


@dataclass(frozen=True)
class Board:
    """What follows from runs.

    Parameters
    ----------
    runs
        They, in an order that does not depend on how they were named.
    leaderboard
        One row a cell, `LEADING`, metrics, `TRAILING`: table by table, the best first, incomplete
        cells last.
    comparisons
        One row a pair of cells, `COMPARED`.
    """

    runs: tuple[Recorded, ...]
    leaderboard: pd.DataFrame
    comparisons: pd.DataFrame


def build(runs: Sequence[Recorded]) -> Board:
    """Derive a leaderboard from runs.

    Raises
    ------
    MerbenchError
        Cells of one table were not tested on the same clips.
    """
    import pandas as pd

    ordered = in_order(runs)
    scored = [ScoredRows.of(run) for run in ordered]
    rows = _distinct(ordered, scored)
    if not rows:
        empty = pd.DataFrame(columns=[*LEADING, *TRAILING])
        return Board(ordered, empty, pd.DataFrame(columns=COMPARED))
    by_table = _by_table(rows)
    comparisons = []
    for table in by_table.values():
        ranked = _ranked(table)
        if ranked:
            origins = [row["_run"] for row in ranked]
            aligned = align([(scored[run], row) for run, row in zip(origins, ranked, strict=True)])
            scores = aligned.scores
            _rank(ranked, scores)
            _against_best(ranked, scores)
            for axis in families(ordered[run] for run in origins):
                comparisons += compared(axis, ranked, scores, pairs_across(axis, ranked))
            marks = [ordered[run].manifest.get("marks", {}) for run in origins]
            mark(ranked, [scored[run] for run in origins], aligned.rows, marks)
        _against_people(table)
    metrics = list(dict.fromkeys(key for row in rows for key in row["_metrics"]))
    columns = [*LEADING, *metrics, *TRAILING]
    listed = [row | row["_metrics"] for table in by_table.values() for row in table]
    leaderboard = pd.DataFrame([{c: row.get(c) for c in columns} for row in listed])
    numbers = [*RANKED[1:], *_KL, *AGAINST_BEST, "kl_difference_to_people", *metrics]
    leaderboard[numbers] = leaderboard[numbers].astype(float)
    leaderboard["mark"] = leaderboard["mark"].fillna("")
    return Board(ordered, leaderboard, pd.DataFrame(comparisons, columns=COMPARED))


def in_order(runs: Iterable[Recorded]) -> tuple[Recorded, ...]:
    """Return runs by the time they were started."""
    return tuple(sorted(runs, key=lambda run: (run.manifest["started"], run.manifest["run"])))


# --- one row a cell ------------------------------------------------------------------------------


def summarise(run: Recorded) -> list[dict[str, Any]]:
    """Return a run's rows, without what needs the other cells of their tables.

    A metric is the mean over folds of what it is in each; counts are summed; a cell with a failed
    fold has none, for a mean over the folds that happened to work compares with nothing.
    """
    from merbench.evaluation import is_count

    folds = run.folds
    if folds.empty:
        return []
    metrics = metric_columns(folds)
    done = folds[folds["status"] == "ok"]
    groups = done.groupby("cell", sort=False)
    means = groups[metrics].mean()
    for name in filter(is_count, metrics):
        means[name] = groups[name].sum(min_count=1)
    costs = groups.agg({"seconds": "sum", "cpu_seconds": "sum", "peak_memory_mb": "max"})
    n_done = groups.size().to_dict()
    known = {"mean": means.to_dict("index"), "cost": costs.to_dict("index")}
    common = _of_run(run.manifest)
    rows = []
    for cell, part in folds.groupby("cell", sort=False):
        first = part.iloc[0].to_dict()
        complete = n_done.get(cell, 0) == len(part)
        mean = known["mean"][cell] if complete else dict.fromkeys(metrics, float("nan"))
        row = {column: first[column] for column in LEADING if column in first}
        row |= {column: first[column] for column in TRAILING if column in first}
        row |= common | known["cost"].get(cell, dict.fromkeys(costs.columns, float("nan")))
        row |= {
            "dataset_version": _dataset_version(run.manifest, first),
            "parameters": portable_json(first["parameters"]),
            "dataset_parameters": portable_json(first["dataset_parameters"]),
            "synthetic": bool(first["synthetic"]),
            "status": "ok" if complete else "failed",
            "n_folds": len(part),
            "n_failed": len(part) - n_done.get(cell, 0),
            "error": next((error for error in part["error"] if error), ""),
            "kl_mean": mean.get("kl_mean", float("nan")),
            "kl_median": mean.get("kl_median", float("nan")),
            "_metrics": {k: v for k, v in mean.items() if k not in ("kl_mean", "kl_median")},
        }
        row["table"] = table_id(row)
        rows.append(row)
    return rows


def table_id(row: Mapping[str, Any]) -> str:
    """Return the table a row belongs to: rows of equal data, split and evaluator version.

    Features that were scaled before the split leave data and split as they are, and no row of
    theirs may stand beside sound ones.
    """
    keys = ("dataset", "dataset_version", "data_hash", "split_hash", "evaluator_version")
    leak = "scale_before_splitting"
    leaks = [leak] if json.loads(row["protocol"])["parameters"].get(leak) else []
    return digest([*(str(row[key]) for key in keys), *leaks])[:12]


def _of_run(manifest: Mapping[str, Any]) -> dict[str, Any]:
    versions = {"merbench": manifest["merbench"], **manifest["packages"]}
    return {
        "protocol": canonical(manifest["protocol"]).decode(),
        "spec_hash": manifest["spec_hash"],
        "evaluator_version": manifest["evaluator"]["version"],
        "evaluator_hash": manifest["evaluator"]["hash"],
        "versions": canonical(versions).decode(),
        "hardware": canonical(manifest["hardware"]).decode(),
        "run": manifest["run"],
    }


def _dataset_version(manifest: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    for entry in manifest["datasets"]:
        if (entry["name"], entry["data_hash"]) == (row["dataset"], row["data_hash"]):
            return str(entry["version"])
    return ""


def portable_json(text: str) -> str:
    """Return a JSON text without the paths of a machine; nothing for nothing."""
    return json.dumps(portable(json.loads(text)), sort_keys=True) if text else ""


def _distinct(runs: Sequence[Recorded], scored: Sequence[ScoredRows]) -> list[dict[str, Any]]:
    """Return all runs' rows; of a cell that runs share with equal results, the first run's."""
    rows = [row | {"_run": i} for i, run in enumerate(runs) for row in summarise(run)]
    shared = Counter((row["table"], row["cell"], row["status"]) for row in rows)
    kept: list[dict[str, Any]] = []
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        key = (row["table"], row["cell"], row["status"])
        if shared[key] > 1:  # else there is nothing it could repeat
            done = row["status"] == "ok"
            content = scored[row["_run"]].content(row["cell"]) if done else row["error"]
            if (*key, content) in seen:
                continue
            seen.add((*key, content))
        kept.append(row)
    return kept


def _position(row: Mapping[str, Any]) -> tuple[Any, ...]:
    failed = row["status"] != "ok"
    kl = 0.0 if failed else row["kl_mean"]
    system = [str(row[axis]) for axis in AXES[1:]]
    last = (row["parameters"], row["run"], row["cell"])
    return (row["dataset"], row["dataset_version"], row["table"], failed, kl, *system, *last)


def ranked_rows(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows that have a rank, by table, the best first: complete cells, not people."""
    ranked = {table: _ranked(part) for table, part in _by_table(rows).items()}
    return {table: part for table, part in ranked.items() if part}


def _by_table(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=_position):
        tables.setdefault(row["table"], []).append(row)
    return tables


def _ranked(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["status"] == "ok" and row["role"] != PEOPLE]


# --- places within a table -----------------------------------------------------------------------


def _rank(rows: Sequence[dict[str, Any]], scores: Scores) -> None:
    """Set rank, tier and intervals; the rows come best first."""
    from merbench import evaluation

    drawn = evaluation.bootstrap(scores)
    tiers = evaluation.tiers(scores)
    rank = 0
    for i, row in enumerate(rows):
        if i == 0 or row["kl_mean"] != rows[i - 1]["kl_mean"]:
            rank = i + 1
        row |= {
            "tier": int(tiers[i]),
            "rank": rank,
            "rank_low": int(drawn.rank_low[i]),
            "rank_high": int(drawn.rank_high[i]),
            "kl_mean_low": float(drawn.mean_low[i]),
            "kl_mean_high": float(drawn.mean_high[i]),
            "kl_median_low": float(drawn.median_low[i]),
            "kl_median_high": float(drawn.median_high[i]),
        }


def _against_best(rows: Sequence[dict[str, Any]], scores: Scores) -> None:
    """Compare every row with the best one, all of a table as one family."""
    import numpy as np

    from merbench import evaluation

    if len(rows) < 2:
        return
    others = np.arange(1, len(rows))
    paired = evaluation.compare_pairs(scores, np.stack([others, np.zeros_like(others)], axis=1))
    values = (
        paired.kl_difference, paired.corrected_p_holm, paired.clip_p_holm, paired.naive_p,
        paired.rank_biserial, paired.detectable,
    )  # fmt: skip
    for i, row in enumerate(rows[1:]):
        row |= {name: float(array[i]) for name, array in zip(AGAINST_BEST, values, strict=True)}


def _against_people(rows: Sequence[dict[str, Any]]) -> None:
    """Set how far a row is from the best that people reach, where raters are known."""
    people = [row["kl_mean"] for row in rows if row["role"] == PEOPLE and row["status"] == "ok"]
    for row in rows if people else ():
        if row["status"] == "ok" and row["role"] != PEOPLE:
            row["kl_difference_to_people"] = row["kl_mean"] - min(people)


# --- comparisons ---------------------------------------------------------------------------------


def families(runs: Iterable[Recorded]) -> list[str]:
    """Return the axes that runs are to be compared along; the pairs of each are one family."""
    asked = {family["across"] for run in runs for family in run.manifest["spec"]["compare"]}
    return [axis for axis in AXES if axis in asked]


def pairs_across(axis: str, rows: Sequence[Mapping[str, Any]]) -> NDArray[np.intp]:
    """Return the pairs of rows that differ along one axis only: (P, 2), positions, in order.

    A system's choice on an axis is a name and the parameters that differ from defaults. A model
    that never looks at the music has nothing on the other axes: it is compared, as a model, with
    every system.
    """
    import numpy as np

    axes = AXES[1:]
    codes = np.empty((len(rows), len(axes)), np.int64)
    for column, name in enumerate(axes):
        known: dict[Any, int] = {}
        chosen = [canonical(choice(row, name)) for row in rows]
        codes[:, column] = [known.setdefault(key, len(known)) for key in chosen]
    first, second = np.triu_indices(len(rows), k=1)
    differs = codes[first] != codes[second]
    at = axes.index(axis)
    wanted = differs[:, at] & (differs.sum(axis=1) == 1)
    if axis == "model":
        blind = np.asarray([is_blind(row) for row in rows])
        wanted |= blind[first] | blind[second]
    return np.stack([first[wanted], second[wanted]], axis=1)


def compared(
    across: str, rows: Sequence[Mapping[str, Any]], scores: Scores, pairs: NDArray[np.intp]
) -> list[dict[str, Any]]:
    """Compare pairs of rows of one table as one family: a dict of `COMPARED` for each.

    Parameters
    ----------
    across
        What the pairs have in common, as the column says it.
    rows, scores
        The table's ranked rows, and their scores in the same order.
    pairs
        Shape (P, 2), positions among them.
    """
    from merbench import evaluation

    if not len(pairs):
        return []
    paired = evaluation.compare_pairs(scores, pairs)
    better = paired.better
    n_folds, n_clips = len(set(scores.fold.tolist())), len(set(scores.clip.tolist()))
    found = []
    for i, (a, b) in enumerate((rows[a], rows[b]) for a, b in pairs.tolist()):
        found.append(
            {
                "table": a["table"], "dataset": a["dataset"], "across": across,
                "a": system_name(a), "b": system_name(b), "cell_a": a["cell"],
                "cell_b": b["cell"], "run_a": a["run"], "run_b": b["run"],
                "n_folds": n_folds, "n_clips": n_clips,
                "kl_difference": float(paired.kl_difference[i]),
                "kl_low": float(paired.kl_low[i]),
                "kl_high": float(paired.kl_high[i]),
                "corrected_t": float(paired.corrected_t[i]),
                "corrected_p": float(paired.corrected_p[i]),
                "corrected_p_holm": float(paired.corrected_p_holm[i]),
                "clip_p": float(paired.clip_p[i]),
                "clip_p_holm": float(paired.clip_p_holm[i]),
                "group_p": float(paired.group_p[i]),
                "naive_wilcoxon_p": float(paired.naive_p[i]),
                "n_folds_p_below_05": int(paired.n_folds_p_below_05[i]),
                "rank_biserial": float(paired.rank_biserial[i]),
                "group_rank_biserial": float(paired.group_rank_biserial[i]),
                "p_a_better": float(paired.p_a_better[i]),
                "p_equal": float(paired.p_equal[i]),
                "p_b_better": float(paired.p_b_better[i]),
                "detectable_difference": float(paired.detectable[i]),
                "significant": bool(paired.significant[i]),
                "better": str(better[i]),
            }
        )  # fmt: skip
    return found
