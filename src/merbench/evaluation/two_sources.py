"""How uncertain a mean difference is, from its two sources: the groups of clips, and training.

The deciding test of this project. Other clips would have given another difference, and so would
other training. The first is seen in how groups of clips differ among themselves, of which there
are many; the second in how folds differ beyond what their clips explain. Estimating each from what
shows it best leaves many more degrees of freedom than folds alone have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from merbench.evaluation.paired_scores import Scores
from merbench.evaluation.resampled import Corrected

__all__ = ["UNSEEN", "VarianceParts", "two_sources", "variance_parts"]

Array = NDArray[np.float64]

UNSEEN, ONCE, FEW = 0.18, 0.7, 140.0
"""Share of n_test / n_train by which the groups' variance is raised for what no fold shows.

All models of one data set learn from much the same clips, and what these have in common moves every
fold alike: no estimate from one data set can see it (Bengio and Grandvalet 2004). Nadeau and
Bengio's factor takes it, for all of the variance, as n_test / n_train. With training's own share
estimated apart a part of that suffices: `UNSEEN` where there are many groups, and `ONCE` where
each is tested once, for folds then show little of training. Few groups train models that have more
in common: the share is (1 + `FEW` / nu) times as large. These numbers were chosen by simulation,
`benchmarks/stats/significance.py` and `families.py`. A single fold speaks of its models as they
were fitted: `UNSEEN`, however few the groups.
"""

_REPEATED = 0.15
"""Least share of a fold's training effect that must show in clips that other folds test as well."""

_CHUNK = 2**21
"""Numbers worked on at once: bounds the memory."""


@dataclass(frozen=True, eq=False)
class VarianceParts:
    """Mean differences of pairs, and how much each source adds to their variances.

    Parameters
    ----------
    mean
        Shape (P,): over folds, of the folds' mean differences.
    groups, training
        Shapes (P,): the terms of V that `two_sources` adds up. NaN for those of a single group.
    effective
        Kish's effective number of groups.
    folds
        Their number.
    """

    mean: Array
    groups: Array
    training: Array
    effective: float
    folds: int

    def corrected(self, times: Array | float = 1.0) -> Corrected:
        """Return the means with their errors, or those that so many times the groups would have.

        Of m times the groups, their term is an m-th; training's stays, for more clips to test are
        no more trainings.
        """
        groups, nu = self.groups / times, times * self.effective - 1
        variance = groups + self.training
        with np.errstate(divide="ignore", invalid="ignore"):
            df = variance**2 / (groups**2 / nu + self.training**2 / max(1, self.folds - 1))
        unknown = np.isnan(variance)
        df = np.where(variance > 0, df, np.where(unknown, np.nan, nu))
        return Corrected(self.mean, np.sqrt(variance), df)


def two_sources(
    scores: Scores, a: NDArray[np.intp], b: NDArray[np.intp], *, unseen: float | None = None
) -> Corrected:
    """Estimate mean differences of pairs of cells, a less b, with standard errors.

    With d_gj the mean difference on the n_gj tests of group g in fold j, d_g and D the means over
    the tests of a group and over all R tests, w_g = n_g / R, and share_gj = n_gj / n_j:

        v_D   = sum_g w_g^2 (d_g - D)^2 / (1 - w_g)
        nu    = 1 / sum_g w_g^2 - 1
        V     = (1 + unseen n_test / n_train) v_D + (1 / J + n_test / n_train) s2_T

    v_D is the cluster-robust variance of a weighted mean (Liang and Zeger 1986; Cameron and Miller
    2015, Section VI), nu its degrees of freedom by Kish's effective number of groups (1965). The
    last term is Nadeau and Bengio's (2003) for the training effect T_j that a fold's clips have in
    common. Where folds test the same groups again, each group is held against itself:

        r_j   = sum_g share_gj (d_gj - d_g)
        s2_T  = (variance of r_j over folds - mean_j sum_g share_gj^2 (d_gj - d_g)^2) / c

    with c the part of an effect's variance that is left in the r_j, from the design. Where each
    group is tested once, as in one round of cross-validation, folds are held against each other:

        s2_T  = variance of fold means - sum_g (variance over j of share_gj) (d_g - D)^2 / (1 - w_g)

    It is 0 where either is below 0. The degrees of freedom of the sum V are Satterthwaite's (1946),
    of nu and J - 1. A single fold has v_D alone: it speaks of the models as they were fitted.

    Parameters
    ----------
    scores
        The cells.
    a, b
        Shape (P,): places of the pairs' cells.
    unseen
        See `UNSEEN`; None is what is said there.

    Returns
    -------
    Corrected
        Shapes (P,): the mean over folds of the folds' mean differences. NaN for the error of a
        single group.
    """
    return variance_parts(scores, a, b, unseen=unseen).corrected()


def variance_parts(
    scores: Scores, a: NDArray[np.intp], b: NDArray[np.intp], *, unseen: float | None = None
) -> VarianceParts:
    """Take the variances of `two_sources`, of whose parameters these are, apart."""
    design = _Design.of(scores)
    sums = np.add.reduceat(scores.kl[:, design.order], design.starts, axis=1)
    step = max(1, _CHUNK // sums.shape[1])
    parts = [slice(start, start + step) for start in range(0, max(1, len(a)), step)]
    found = [
        design.estimate(
            sums[a[part]] - sums[b[part]],
            scores.fold_means[a[part]] - scores.fold_means[b[part]],
            scores.test_train_ratio,
            unseen,
        )
        for part in parts
    ]
    mean, groups, training = (np.concatenate(column) for column in zip(*found, strict=True))
    return VarianceParts(mean, groups, training, design.effective, len(scores.folds))


@dataclass(frozen=True, eq=False)
class _Design:
    """Which groups are tested in which folds: C combinations of one of G groups and one of J folds.

    Parameters
    ----------
    order, starts, counts
        Rows sorted by combination, where each begins, and its number of rows: (R,), (C,), (C,).
    group, fold
        Of each combination: (C,).
    share
        Of the fold's rows: (C,).
    weight
        Of each group, its share of all rows: (G,).
    spread
        Sample variance over folds of each group's share of the fold: (G,).
    left
        The part of a training effect's variance that is left where groups are held against
        themselves.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    counts: NDArray[np.intp]
    group: NDArray[np.intp]
    fold: NDArray[np.intp]
    share: Array
    weight: Array
    spread: Array
    left: float

    @property
    def effective(self) -> float:
        """Kish's effective number of groups."""
        return float(1 / (self.weight**2).sum())

    @classmethod
    def of(cls, scores: Scores) -> _Design:
        folds, groups = len(scores.folds), len(scores.groups)
        fold_of_row = np.searchsorted(scores.folds, scores.fold)
        code = fold_of_row * groups + scores.group_index
        order = np.argsort(code, kind="stable")
        known, starts, counts = np.unique(code[order], return_index=True, return_counts=True)
        fold, group = np.divmod(known, groups)
        of_fold = np.bincount(fold, weights=counts)
        of_group = np.bincount(group, weights=counts)
        share = counts / of_fold[fold]
        spread, left = np.zeros(groups), 0.0
        if folds > 1:
            first = np.bincount(group, weights=share) / folds
            square = np.bincount(group, weights=share**2)
            spread = np.maximum(0.0, square - folds * first**2) / (folds - 1)
            if len(known) > groups:  # else no group is tested again
                left = _left(group, fold, share, counts / of_group[group], folds)
        weight = of_group / len(code)
        return cls(order, starts, counts, group, fold, share, weight, spread, left)

    def estimate(
        self, sums: Array, by_fold: Array, ratio: float, unseen: float | None
    ) -> tuple[Array, Array, Array]:
        """Return means, and what groups and training add to their variances: each (P,).

        Parameters
        ----------
        sums
            Shape (P, C): differences, added up over the rows of each combination.
        by_fold
            Shape (P, J): mean differences.
        ratio, unseen
            n_test / n_train, and the share of it for what no fold shows.
        """
        folds, mean = by_fold.shape[1], by_fold.mean(axis=1)
        if len(self.weight) < 2:
            nothing = np.full(len(mean), np.nan)
            return mean, nothing, nothing
        of_group = _added(sums, self.group, len(self.weight)) / (self.weight * len(self.order))
        overall = (of_group * self.weight).sum(axis=1)
        squares = (of_group - overall[:, None]) ** 2 / (1 - self.weight)
        # What is equal up to rounding is equal: its variance would be that of the rounding.
        squares[_flat(of_group)] = 0.0
        nu, again = self.effective - 1, self.left >= _REPEATED
        if unseen is None:
            unseen = UNSEEN if folds == 1 else (UNSEEN if again else ONCE) * (1 + FEW / nu)
        groups = (1 + unseen * ratio) * (squares * self.weight**2).sum(axis=1)
        training = np.zeros(len(mean))
        if folds > 1:
            if again:
                own = self.share * (sums / self.counts - of_group[:, self.group])
                shared = _added(own, self.fold, folds).var(axis=1, ddof=1)
                training = (shared - (own**2).sum(axis=1) / folds) / self.left
            else:
                training = by_fold.var(axis=1, ddof=1) - (squares * self.spread).sum(axis=1)
            training[_flat(by_fold)] = 0.0
        return mean, groups, (1 / folds + ratio) * np.maximum(training, 0.0)


def _left(
    group: NDArray[np.intp], fold: NDArray[np.intp], share: Array, part: Array, folds: int
) -> float:
    """Return which part of a fold effect's variance the folds' r_j have.

    Parameters
    ----------
    group, fold, share
        As `_Design` has them.
    part
        Of the group's rows, those in the fold: (C,).
    """
    n = group.max() + 1
    shares, parts = np.zeros((folds, n)), np.zeros((folds, n))
    shares[fold, group], parts[fold, group] = share, part
    kept = np.eye(folds) - shares @ parts.T
    kept -= kept.mean(axis=0)
    return float((kept**2).sum() / (folds - 1))


def _added(values: Array, index: NDArray[np.intp], n: int) -> Array:
    """Add up columns of (P, C) that have one index: (P, n)."""
    order = np.argsort(index, kind="stable")
    counts = np.bincount(index, minlength=n)
    return np.asarray(np.add.reduceat(values[:, order], np.cumsum(counts) - counts, axis=1))


def _flat(values: Array) -> NDArray[np.bool_]:
    """Tell which rows hold one number only, up to rounding."""
    size = np.abs(values).max(axis=1)
    return np.asarray(np.ptp(values, axis=1) <= 1e-12 * size)
