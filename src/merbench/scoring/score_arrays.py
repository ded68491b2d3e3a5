"""Scoring predictions held in arrays, and comparing the systems that made them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
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
from merbench.numerals import LARGEST, real_numbers

__all__ = ["score_arrays"]


Array = NDArray[np.float64]


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
