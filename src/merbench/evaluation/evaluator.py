"""The one evaluator: predictions of a test set in, their KL and metrics out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from merbench.evaluation.labels import labels_of
from merbench.evaluation.metrics import median_upper

__all__ = ["Evaluation", "evaluate"]

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
        the task's.

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
    task: str,
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
        Shape (n, 4), columns as in the task's; for `classes` (n, k), a column a class.
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
    labels = labels_of(task)
    truth, predicted = labels.check(truth, predicted, ids=ids)
    scored = labels.kl(truth, predicted)
    metrics = {
        "kl_mean": float(scored.kl.mean()),
        "kl_median": float(np.median(scored.kl)),
        "kl_median_upper": median_upper(scored.kl),
    }
    metrics |= labels.metrics(truth, predicted, scored, classes)
    return Evaluation(scored.kl, metrics)
