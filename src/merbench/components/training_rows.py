"""What an estimator may ask to be told of its training rows beside their labels."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FACTS = ("groups", "copy_of")
"""What can be asked for, by the names that a `fit` asks with."""


def asks_for(estimator: Any) -> tuple[str, ...]:
    """Return which of `FACTS` an estimator is to be told in `fit`.

    An estimator asks by naming the parameter in the signature of its `fit`. scikit-learn's
    searches (`GridSearchCV` and its relatives) name none, and take `groups` all the same: one of
    them asks where its splitter keeps groups apart, as `GroupKFold` does.
    """
    named = _parameters(estimator.fit)
    asked = tuple(name for name in FACTS if name in named)
    if asked or not _is_search(estimator) or not _keeps_groups(estimator.cv):
        return asked
    return ("groups",)


def fit_estimator(
    estimator: Any,
    X: Any,
    Y: NDArray[np.float64],
    *,
    groups: NDArray[Any] | None = None,
    copy_of: NDArray[np.intp] | None = None,
    every_clip: tuple[Any, NDArray[np.float64]] | None = None,
) -> Any:
    """Fit an estimator, telling it of its training rows what it asks for and no more.

    Parameters
    ----------
    estimator
        With `fit(X, Y)`, whose signature may name `groups`, `copy_of` and `every_clip`.
    X, Y
        See `Estimator`.
    groups
        Shape (n,): the group of each row; None where groups are not known.
    copy_of
        Shape (n,): the position among these rows of the one that a row is an augmented copy of,
        its own for an original; None where that is not known.
    every_clip
        (X, Y) of all clips, test clips among them, where a paper's leak is reproduced; else None.

    Returns
    -------
    object
        The estimator.
    """
    facts = {"groups": groups, "copy_of": copy_of}
    told: dict[str, Any] = {name: facts[name] for name in asks_for(estimator)}
    if every_clip is not None and "every_clip" in _parameters(estimator.fit):
        told["every_clip"] = every_clip
    estimator.fit(X, Y, **told)
    return estimator


def _is_search(estimator: Any) -> bool:
    # By name, since an estimator of another library is no reason to import scikit-learn.
    return any(
        base.__name__ == "BaseSearchCV" and base.__module__.startswith("sklearn.")
        for base in type(estimator).__mro__
    )


def _keeps_groups(splitter: Any) -> bool:
    """Tell whether a splitter uses groups; scikit-learn's others warn where they are given some."""
    if hasattr(splitter, "get_metadata_routing"):
        return "groups" in splitter.get_metadata_routing().consumes("split", ["groups"])
    return "groups" in _parameters(getattr(splitter, "split", None))


def _parameters(function: Any) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # no function, or one without a signature
        return ()
