"""What a prediction of one clip costs: the losses that systems can be ranked by beside KL."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from merbench.errors import MerbenchError
from merbench.evaluation.labels import labels_of

__all__ = ["KL", "SQUARED_ERROR", "ZERO_ONE", "clip_loss", "losses_of"]

Array = NDArray[np.float64]

KL, SQUARED_ERROR, ZERO_ONE = "kl", "squared-error", "zero-one"


def losses_of(task: str) -> tuple[str, ...]:
    """Return the names of the losses that a task has; the first ranks by default."""
    return (KL, SQUARED_ERROR) if task == "va" else (KL, SQUARED_ERROR, ZERO_ONE)


def clip_loss(name: str, task: str, truth: ArrayLike, predicted: ArrayLike) -> Array:
    """Return the loss of each clip.

    Parameters
    ----------
    name
        `kl`: KL[truth || predicted], in nats. `squared-error`: over the four columns of `va` the
        mean, so that its mean over clips is `mse`; over classes the sum (Brier 1950, "Verification
        of forecasts expressed in terms of probability"). `zero-one`, of classes: 1 where the most
        probable class is not the truth's, the first of equals counting; 1 less its mean is
        accuracy.
    task
        What the columns are.
    truth, predicted
        Shape (n, 4), columns as in `va`; for classes (n, k).

    Returns
    -------
    ndarray
        Shape (n,), less is better.

    Raises
    ------
    MerbenchError
        The task has no such loss, or a row cannot be scored.
    """
    known = losses_of(task)
    if name not in known:
        raise MerbenchError(
            f"the task {task} has no loss {name!r}; its losses are {', '.join(known)}"
        )
    if name == KL:
        return labels_of(task).kl(truth, predicted).kl
    t, p = labels_of(task).check(truth, predicted)
    if name == ZERO_ONE:
        return np.asarray(t.argmax(axis=1) != p.argmax(axis=1), np.float64)
    squares = (t - p) ** 2
    return np.asarray(squares.mean(axis=1) if task == "va" else squares.sum(axis=1))
