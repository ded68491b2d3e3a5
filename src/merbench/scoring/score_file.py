"""Scoring predictions that were made anywhere: the logic of `merbench score`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from merbench.errors import MerbenchError
from merbench.evaluation.divergence import STD_FLOOR
from merbench.evaluation.evaluator import Evaluation, evaluate
from merbench.evaluation.families import holm
from merbench.evaluation.guards import Suspicion, suspect
from merbench.evaluation.labels import LabelKind, NormalLabels, labels_of
from merbench.evaluation.signedrank import signed_rank
from merbench.numerals import LARGEST, LEAST_STD, real_numbers
from merbench.scoring.class_columns import named_classes, one_hot
from merbench.scoring.wide_table import WideTable, read_table
from merbench.wording import number, p_text

__all__ = ["comparison_rows", "score_arrays", "score_file", "system_rows"]

Array = NDArray[np.float64]


def score_file(
    path: Path | str,
    *,
    id: str,
    truth: str,
    predictions: Sequence[str] | str,
    task: str = "va",
    fixed_std: float | None = None,
) -> dict[str, Any]:
    """Score the predictions in a wide table, one row a clip.

    Parameters
    ----------
    path
        Delimited text, or Parquet by its suffix.
    id
        Column that names the clip.
    truth
        Prefix of the true label's columns: `gt` for `gt_valence_mean`, `gt_arousal_mean`,
        `gt_valence_std`, `gt_arousal_std` (or `gt_Q1`...`gt_Q4`). For `classes` every column with
        it is a class. For quadrants and classes also the name of one column that holds each
        clip's class.
    predictions
        Prefixes of the systems' columns, as a sequence or separated by commas; where the truth is a
        column of classes, a system's may be one too.
    task
        What the columns are.
    fixed_std
        For `va`: the standard deviation of every label where the file has means only, on the
        file's scale. A system without columns of deviations has this one too.

    Returns
    -------
    dict
        As from `score_arrays`; with `fixed_std` where one was given.

    Raises
    ------
    MerbenchError
        With file, line and column, for a file that cannot be read, a missing column, an empty or
        non-numeric cell, a clip that stands there twice, or a truth that is no distribution.
    """
    prefixes = predictions.split(",") if isinstance(predictions, str) else list(predictions)
    systems = [prefix.strip() for prefix in prefixes if prefix.strip()]
    if not systems:
        raise MerbenchError("no predictions to score: name the prefix of at least one system")
    for system in systems:
        if systems.count(system) > 1:
            raise MerbenchError(f"predictions name {system!r} twice: name every system once")
    table = read_table(Path(path))
    ids = table.unique(id.strip())
    labels = labels_of(task)
    named = named_classes(table, labels, truth.strip(), systems)
    columns = labels.columns or named or _classes(table, truth.strip())
    if named:
        true_rows = one_hot(table, truth.strip(), named)
        rows = {
            system: one_hot(table, system, named)
            if system in table.columns
            else table.numbers(_prefixed(named, system))
            for system in systems
        }
    elif fixed_std is not None:
        true_rows = _with_fixed_std(table, truth.strip(), fixed_std, labels, is_truth=True)
        rows = {
            system: _with_fixed_std(table, system, fixed_std, labels, is_truth=False)
            for system in systems
        }
    else:
        true_columns = _prefixed(columns, truth.strip())
        spread = isinstance(labels, NormalLabels)
        if spread:
            _require_spread(table, labels, truth.strip(), systems)
        true_rows = table.numbers(true_columns)
        if spread:
            _refuse_unspread(table, true_columns, true_rows)
        rows = {system: table.numbers(_prefixed(columns, system)) for system in systems}
    for system, predicted in rows.items():
        if named and system in table.columns:
            continue
        _refuse_huge(table, _prefixed(columns, system), predicted)
    places = [f"{name} at {place}" for name, place in zip(ids, table.places, strict=True)]
    classes = () if labels.columns else columns
    result = score_arrays(true_rows, rows, task=task, ids=places, classes=classes)
    if fixed_std is not None:
        result["fixed_std"] = fixed_std
        result["warnings"].insert(
            0,
            f"The labels have no standard deviations over raters: each is taken to be "
            f"{fixed_std:g}. KL depends on it; compare it with none that was computed otherwise.",
        )
    return result


def score_arrays(
    truth: Array,
    predictions: Mapping[str, Array],
    *,
    task: str = "va",
    ids: Sequence[str] | None = None,
    classes: Sequence[str] = (),
) -> dict[str, Any]:
    """Score systems on one test set, and each against each.

    Parameters
    ----------
    truth
        Shape (n, 4), columns as in the task's; for `classes` (n, k), a column a class.
    predictions
        Name of each system to its predictions, of the truth's shape and order.
    task
        What the columns are.
    ids
        The clips' names for error messages.
    classes
        For `classes`: names of the k classes.

    Returns
    -------
    dict
        Plain JSON values, undefined numbers None:

        - `n`: clips.
        - `systems`: name to metrics, as in `Evaluation`, those of single columns nested
          (`r2: {valence_mean: ...}`); and `kl_mean_best_constant`, the mean KL of the constant
          that fits this very truth best (in-sample `constant-moments`), the least to be asked of
          a system that hears the music.
        - `comparisons`: for each pair of systems, in the order given, the Wilcoxon signed-rank
          test over clips, the same after Holm's correction for the number of pairs, the
          matched-pairs rank-biserial correlation, and the difference of mean KL (a less b).
        - `warnings`: one sentence each.

    Raises
    ------
    MerbenchError
        As `evaluate` does; also for arrays that are masked, complex, or beyond a million.
    """
    truth = real_numbers(truth, "the truth")
    predictions = {
        name: real_numbers(rows, f"the predictions of {name}") for name, rows in predictions.items()
    }
    for name, rows in predictions.items():
        if (np.abs(rows) > LARGEST).any():
            raise MerbenchError(
                f"{name}: it predicts {rows.flat[np.abs(rows).argmax()]:g}; predictions must be "
                f"below {LARGEST:g} in magnitude"
            )
    labels = labels_of(task)
    labels.check(truth, truth, ids=ids)
    evaluations = {
        name: _evaluated(task, name, truth, rows, ids, classes)
        for name, rows in predictions.items()
    }
    warnings = _scale_warnings(labels, truth)
    systems = {}
    for name, evaluation in evaluations.items():
        found = suspect(task, truth, predictions[name][None])
        systems[name] = _nested(labels.columns or classes, evaluation.metrics) | {
            "kl_mean_best_constant": float(found.constant_kl_mean[0])
        }
        warnings += _warnings(labels, name, len(truth), evaluation, found)
    result = {
        "n": len(truth),
        "systems": systems,
        "comparisons": _comparisons(evaluations),
        "warnings": warnings,
    }
    return {key: _plain(value) for key, value in result.items()}


def system_rows(result: Mapping[str, Any]) -> list[dict[str, str]]:
    """Lay out a result's systems for a table: a dict a row, heading to text, best KL first."""
    systems = sorted(result["systems"].items(), key=lambda item: item[1]["kl_mean"])
    fixed = f" (fixed_std={result['fixed_std']:g})" if "fixed_std" in result else ""
    return [{"system": name + fixed, **_cells(metrics)} for name, metrics in systems]


def comparison_rows(result: Mapping[str, Any]) -> list[dict[str, str]]:
    """Lay out a result's comparisons for a table: a dict a row, heading to text."""
    return [
        {
            "comparison": f"{c['a']} - {c['b']}",
            "KL difference": number(c["kl_mean_difference"], signed=True),
            "effect size": number(c["rank_biserial"], signed=True),
            "Wilcoxon p": p_text(c["wilcoxon_p"]),
            "p (Holm)": p_text(c["wilcoxon_p_holm"]),
        }
        for c in result["comparisons"]
    ]


def _prefixed(columns: Sequence[str], prefix: str) -> list[str]:
    return [f"{prefix}_{column}" for column in columns]


def _classes(table: WideTable, prefix: str) -> tuple[str, ...]:
    """Return the classes that a table's true columns name."""
    start = f"{prefix}_"
    found = tuple(c.removeprefix(start) for c in table.columns if c.startswith(start))
    if len(found) < 2:
        raise MerbenchError(
            f"{table.header}: there must be two columns {start}CLASS at least, one a class, and "
            f"there are {len(found)}; name their prefix with --truth"
        )
    return found


def _require_spread(
    table: WideTable, labels: LabelKind, truth: str, systems: Sequence[str]
) -> None:
    """Raise where there are means of valence and arousal, and no deviations beside them."""
    for prefix in (truth, *systems):
        means, stds = np.split(np.array(_prefixed(labels.columns, prefix)), 2)
        missing = [str(column) for column in stds if column not in table.columns]
        remedy = (
            "add them or, where there are means only, give --fixed-std, as in --fixed-std 0.1"
            if prefix == truth
            else "add what the system predicts of them, for the truth has them"
        )
        if missing and set(means) <= set(table.columns):
            raise MerbenchError(
                f"{table.header}: there is {' and '.join(f'no column {m!r}' for m in missing)} of "
                f"standard deviations, which distributions have beside their means; {remedy}"
            )


def _with_fixed_std(
    table: WideTable, prefix: str, std: float, labels: LabelKind, *, is_truth: bool
) -> Array:
    """Return means with a deviation that is the same for all clips."""
    if not isinstance(labels, NormalLabels):
        raise MerbenchError("--fixed-std is for labels of valence and arousal; leave it out")
    if not std >= LEAST_STD:
        raise MerbenchError(f"--fixed-std {std:g}: a standard deviation must be above 0, as is 0.1")
    columns = _prefixed(labels.columns, prefix)
    if set(columns[2:]) <= set(table.columns):
        if is_truth:
            raise MerbenchError(
                f"{table.header}: there are standard deviations, {columns[2]!r} and "
                f"{columns[3]!r}, which --fixed-std would ignore; leave it out"
            )
        return table.numbers(columns)
    means = table.numbers(columns[:2])
    return np.hstack([means, np.full_like(means, std)])


def _refuse_huge(table: WideTable, columns: Sequence[str], predicted: Array) -> None:
    for row, column in np.argwhere(np.abs(predicted) > LARGEST):
        raise MerbenchError(
            f"{table.places[row]}: column {columns[column]!r} holds {predicted[row, column]:g}; "
            f"predictions must be below {LARGEST:g} in magnitude, so correct it or leave the row "
            "out"
        )


def _refuse_unspread(table: WideTable, columns: Sequence[str], truth: Array) -> None:
    for column, values in zip(columns[2:], truth[:, 2:].T, strict=True):
        bad = np.flatnonzero(values < LEAST_STD)
        if len(bad):
            above = "0" if values[bad[0]] <= 0 else f"{LEAST_STD:g} (no raters disagree by less)"
            raise MerbenchError(
                f"{table.places[bad[0]]}: the true standard deviation in column {column!r} is "
                f"{values[bad[0]]:g}, and must be above {above}; correct it or leave the row out"
            )


def _evaluated(
    task: str,
    name: str,
    truth: Array,
    predicted: Array,
    ids: Sequence[str] | None,
    classes: Sequence[str],
) -> Evaluation:
    try:
        return evaluate(task, truth, predicted, ids=ids, classes=classes)
    except MerbenchError as error:
        raise MerbenchError(f"{name}: {error}") from error


def _nested(columns: Sequence[str], metrics: Mapping[str, float]) -> dict[str, Any]:
    """Gather metrics of single columns: `r2_valence_mean` under `r2`, and its like."""
    nested: dict[str, Any] = {}
    for key, value in metrics.items():
        *parents, leaf = _path(columns, key, metrics)
        at = nested
        for parent in parents:
            at = at.setdefault(parent, {})
        at[leaf] = value
    return nested


def _path(columns: Sequence[str], key: str, metrics: Mapping[str, float]) -> tuple[str, ...]:
    for column in columns:
        stem = key.removesuffix(f"_{column}")
        if stem != key:
            # `mse` is a number already and can't hold its columns too.
            stem = f"{stem}_by_column" if stem in metrics else stem
            return (*_path(columns, stem, metrics), column)
    return (key,)


def _comparisons(evaluations: Mapping[str, Evaluation]) -> list[dict[str, Any]]:
    pairs = list(combinations(evaluations, 2))
    if not pairs:
        return []
    d = np.array([evaluations[a].kl - evaluations[b].kl for a, b in pairs])
    tested = signed_rank(d)
    corrected = holm(tested.p)
    return [
        {
            "a": a,
            "b": b,
            "kl_mean_difference": float(d[i].mean()),
            "wilcoxon_p": float(tested.p[i]),
            "wilcoxon_p_holm": float(corrected[i]),
            "rank_biserial": float(tested.rank_biserial[i]),
        }
        for i, (a, b) in enumerate(pairs)
    ]


def _warnings(
    labels: LabelKind, name: str, n: int, evaluation: Evaluation, suspicion: Suspicion
) -> list[str]:
    found = []
    if not evaluation.kl.any():
        found.append(f"{name}: it equals the truth on every clip; is this the column you mean?")
    if suspicion.same[0]:
        found.append(f"{name}: it predicts the same {labels.words} for every clip.")
    elif suspicion.uncorrelated[0]:
        found.append(
            f"{name}: its predictions do not correlate significantly with the truth in "
            f"{labels.heard} (largest coefficient {suspicion.correlation[0]:.2f} over {n} clips): "
            "the rows may be misaligned with their clips."
        )
    if isinstance(labels, NormalLabels):
        found += _spread_warnings(name, evaluation.metrics, 2 * n)
    if suspicion.worse[0]:
        found.append(
            f"{name}: its mean KL, {suspicion.kl_mean[0]:.3f}, is worse than "
            f"{suspicion.constant_kl_mean[0]:.3f}, which {labels.baseline}, a single "
            "prediction for all clips, has when computed from this file's own truth (in-sample)."
        )
    return found


def _spread_warnings(name: str, metrics: Mapping[str, float], total: int) -> list[str]:
    found = []
    if count := metrics["n_nonpositive_std"]:
        found.append(
            f"{name}: {count} of {total} predicted standard deviations are not above 0; KL takes "
            "their magnitude."
        )
    if count := metrics["n_floored_std"]:
        found.append(
            f"{name}: {count} of {total} predicted standard deviations are below {STD_FLOOR:g} in "
            f"magnitude; KL takes them for {STD_FLOOR:g}."
        )
    return found


def _scale_warnings(labels: LabelKind, truth: Array) -> list[str]:
    if not isinstance(labels, NormalLabels) or ((truth >= 0) & (truth <= 1)).all():
        return []
    return [
        "The truth leaves [0, 1], the scale merbench scores on: MSE and RMSE are in the file's own "
        "units and not comparable with published ones."
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def _cells(metrics: Mapping[str, Any]) -> dict[str, str]:
    cells = {"KL mean": number(metrics["kl_mean"]), "KL median": number(metrics["kl_median"])}
    if "mse" in metrics:
        cells["RMSE"] = number(metrics["rmse"])
        for key, heading in (("r2", "R2"), ("pearson", "r"), ("ccc", "CCC")):
            for column, short in (("valence_mean", "valence"), ("arousal_mean", "arousal")):
                cells[f"{heading} {short}"] = number(metrics[key][column])
    else:
        for key, heading in (("macro_f1", "macro F1"), ("accuracy", "accuracy")):
            cells[heading] = number(metrics[key])
    return cells
