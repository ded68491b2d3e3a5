"""The numbers a system is known by on one test set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "ccc",
    "classification",
    "confusion_matrix",
    "errors",
    "is_count",
    "median_upper",
    "pearson",
    "r2",
]

Array = NDArray[np.float64]


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


def errors(columns: Sequence[str], truth: Array, predicted: Array) -> dict[str, float]:
    """Squared errors and correlations, over all columns and of each one.

    Parameters
    ----------
    columns
        Names of the k columns.
    truth, predicted
        Shape (n, k).
    """
    squares = ((predicted - truth) ** 2).mean(axis=0)
    metrics = {"mse": float(squares.mean()), "rmse": float(np.sqrt(squares.mean()))}
    for column, square in zip(columns, squares, strict=True):
        metrics[f"mse_{column}"] = float(square)
        metrics[f"rmse_{column}"] = float(np.sqrt(square))
    for name, metric in (("r2", r2), ("pearson", pearson), ("ccc", ccc)):
        for i, column in enumerate(columns):
            metrics[f"{name}_{column}"] = metric(truth[:, i], predicted[:, i])
    return metrics


def classification(
    names: Sequence[str], truth: Array, predicted: Array, kl: Array
) -> dict[str, float]:
    """Accuracy, F1, log loss and the confusion matrix of distributions over classes.

    Parameters
    ----------
    names
        Names of the k classes; without them metrics of single classes are left out.
    truth, predicted
        Shape (n, k).
    kl
        Shape (n,): KL[truth || predicted] of each clip, in nats.
    """
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
