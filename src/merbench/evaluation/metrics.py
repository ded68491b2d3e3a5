"""The numbers a system is known by on one test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from merbench.components import Task
from merbench.evaluation.divergence import checked, divergence

__all__ = [
    "Evaluation",
    "ccc",
    "confusion_matrix",
    "evaluate",
    "is_count",
    "median_upper",
    "pearson",
    "r2",
]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One system's predictions of one test set, scored.

    Parameters
    ----------
    kl
        Shape (n,): KL[truth || predicted] of each clip, in nats.
    metrics
        Name to number, flat; NaN where a metric is undefined. `<column>` stands for each of
        `Task.columns`.

        All tasks: `kl_mean`, `kl_median`, `kl_median_upper` (see `median_upper`).

        `va`: `mse` and `rmse` over all four columns; `mse_<column>`, `rmse_<column>`,
        `r2_<column>`, `pearson_<column>`, `ccc_<column>`; `n_nonpositive_std`, `n_floored_std`
        (of 2n predicted standard deviations). All but KL take predictions as they stand, sign
        included.

        `quadrant` and `classes`: `log_loss`, the cross-entropy, which is KL plus the truth's own
        entropy; `accuracy`, `balanced_accuracy`, `macro_f1`; `n_floored_probability` (of 4n, or
        kn); `n_tied_truth`, clips on whose class the raters' votes are tied: the first counts.

        `quadrant`, and `classes` whose names are given: `kl_<column>`, the mean KL of the clips of
        a class; `confusion_<true>_<predicted>` (clips).
    """

    kl: Array
    metrics: dict[str, float]


def evaluate(
    task: Task,
    truth: ArrayLike,
    predicted: ArrayLike,
    *,
    ids: Sequence[str] | None = None,
    classes: Sequence[str] = (),
) -> Evaluation:
    """Score predictions of one test set.

    Parameters
    ----------
    task
        What the columns are.
    truth, predicted
        Shape (n, 4), columns as in `Task.columns`; for `classes` (n, k), a column a class.
    ids
        The clips' names for error messages; by default their row numbers, from 0.
    classes
        For `classes`: names of the k classes. Without them metrics of single classes, of which
        there may be thousands, are left out.

    Raises
    ------
    MerbenchError
        For a wrong shape, numbers that are not finite, truth or probabilities that are no
        distribution; the rows are named.
    """
    truth, predicted = checked(task, truth, predicted, ids=ids)
    scored = divergence(task, truth, predicted)
    metrics = {
        "kl_mean": float(scored.kl.mean()),
        "kl_median": float(np.median(scored.kl)),
        "kl_median_upper": median_upper(scored.kl),
    }
    if task is Task.VA:
        metrics |= _errors(task, truth, predicted)
        metrics["n_nonpositive_std"] = scored.n_nonpositive
        metrics["n_floored_std"] = scored.n_floored
    else:
        names = task.columns or classes
        metrics |= _classification(names, truth, predicted, scored.kl)
        metrics["n_floored_probability"] = scored.n_floored
    return Evaluation(scored.kl, metrics)


def is_count(metric: str) -> bool:
    """Tell whether a metric counts clips or values, so that folds are summed and not averaged."""
    return metric.startswith(("n_", "confusion_"))


def median_upper(values: ArrayLike) -> float:
    """Return the smallest of the n // 2 largest values.

    The median M of Nguyen et al. (2022), Tables 1 and 2, as their code computes it: the upper
    middle value for an even n, the one above the median for an odd n. A single value is its own.
    """
    values = np.sort(np.asarray(values, np.float64))
    return float(values[len(values) - max(1, len(values) // 2)])


def r2(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Coefficient of determination, 1 - SS_residual / SS_total; NaN for a constant truth.

    Wright (1921), "Correlation and causation". Below 0 where the truth's own mean does better.
    """
    t, p = _pair(truth, predicted)
    if np.ptp(t) == 0:
        return float("nan")
    return float(1 - ((t - p) ** 2).sum() / ((t - t.mean()) ** 2).sum())


def pearson(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Product-moment correlation on [-1, 1]; NaN where either is constant.

    Pearson (1895), "Note on regression and inheritance in the case of two parents".
    """
    t, p = _pair(truth, predicted)
    if np.ptp(t) == 0 or np.ptp(p) == 0:
        return float("nan")
    t, p = t - t.mean(), p - p.mean()
    # Scaled first, so that the squares of tiny spreads do not vanish.
    t, p = t / np.abs(t).max(), p / np.abs(p).max()
    return float(np.clip((t @ p) / np.sqrt((t @ t) * (p @ p)), -1, 1))


def ccc(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Concordance correlation coefficient on [-1, 1]; NaN where both are one constant.

    Lin (1989), "A concordance correlation coefficient to evaluate reproducibility", Equation 2,
    with population variances: 2 cov / (var_t + var_p + (mean_t - mean_p)^2).
    """
    t, p = _pair(truth, predicted)
    spread = t.var() + p.var() + (t.mean() - p.mean()) ** 2
    if spread == 0:
        return float("nan")
    covariance = ((t - t.mean()) * (p - p.mean())).mean()
    return float(2 * covariance / spread)


def confusion_matrix(truth: ArrayLike, predicted: ArrayLike) -> NDArray[np.int64]:
    """Count clips by true (rows) and predicted (columns) most probable class.

    Parameters
    ----------
    truth, predicted
        Shape (n, k): a distribution over k classes a row. The first of equals counts.

    Returns
    -------
    ndarray
        Shape (k, k).
    """
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    k = truth.shape[1]
    pairs = truth.argmax(axis=1) * k + predicted.argmax(axis=1)
    return np.bincount(pairs, minlength=k * k).reshape(k, k)


def _errors(task: Task, truth: Array, predicted: Array) -> dict[str, float]:
    squares = ((predicted - truth) ** 2).mean(axis=0)
    metrics = {"mse": float(squares.mean()), "rmse": float(np.sqrt(squares.mean()))}
    for column, square in zip(task.columns, squares, strict=True):
        metrics[f"mse_{column}"] = float(square)
        metrics[f"rmse_{column}"] = float(np.sqrt(square))
    for name, metric in (("r2", r2), ("pearson", pearson), ("ccc", ccc)):
        for i, column in enumerate(task.columns):
            metrics[f"{name}_{column}"] = metric(truth[:, i], predicted[:, i])
    return metrics


def _classification(
    names: Sequence[str], truth: Array, predicted: Array, kl: Array
) -> dict[str, float]:
    confusion = confusion_matrix(truth, predicted)
    hits, true, called = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    # A class that neither occurs nor is ever predicted has no F1, one that does not occur no
    # recall; neither enters the mean (as in scikit-learn).
    f1 = 2 * hits[true + called > 0] / (true + called)[true + called > 0]
    shares = truth / truth.sum(axis=1, keepdims=True)
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=1)
    likeliest = truth.argmax(axis=1)
    metrics = {"log_loss": float((kl + entropy).mean())}
    for i, column in enumerate(names):
        own = kl[likeliest == i]
        metrics[f"kl_{column}"] = float(own.mean()) if len(own) else float("nan")
    metrics |= {
        "accuracy": float(hits.sum() / confusion.sum()),
        "balanced_accuracy": float((hits[true > 0] / true[true > 0]).mean()),
        "macro_f1": float(f1.mean()),
    }
    for i, row in enumerate(names):
        for j, column in enumerate(names):
            metrics[f"confusion_{row}_{column}"] = int(confusion[i, j])
    top = truth == truth.max(axis=1, keepdims=True)
    metrics["n_tied_truth"] = int((top.sum(axis=1) > 1).sum())
    return metrics


def _pair(truth: ArrayLike, predicted: ArrayLike) -> tuple[Array, Array]:
    return np.asarray(truth, np.float64), np.asarray(predicted, np.float64)
