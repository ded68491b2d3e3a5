"""Whether one cell is better than another, on the clips both were tested on.

Repeated splits of one dataset share clips, so their results are not independent. Tests that take
them for independent find differences that are not there. `compare` therefore calls a difference
significant only where two tests that allow for the overlap agree, and in direction too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from merbench.errors import MerbenchError

__all__ = [
    "ALPHA",
    "CellScores",
    "Comparison",
    "TTest",
    "adjust",
    "compare",
    "compare_pairs",
    "corrected_interval",
    "corrected_t_test",
    "holm",
    "rank_biserial",
    "wilcoxon",
]

Array = NDArray[np.float64]

ALPHA = 0.05
"""Level of significance, after correction for the family of comparisons."""


@dataclass(frozen=True, eq=False)
class CellScores:
    """KL of one cell, one row a fold and test clip.

    Parameters
    ----------
    name
        What comparisons call the cell.
    fold, clip, kl
        Shape (rows,): the fold, the clip's id, and its KL in nats. Cells that are to be compared
        must have the same folds and clips in the same order.
    n_train
        Fold to number of training clips.

    Raises
    ------
    MerbenchError
        Where lengths differ, KL is not finite, a clip stands twice in a fold, or a fold has no
        number of training clips.
    """

    name: str
    fold: NDArray[np.int64]
    clip: NDArray[np.str_]
    kl: Array
    n_train: Mapping[int, int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "fold", np.asarray(self.fold, np.int64))
        object.__setattr__(self, "clip", np.asarray(self.clip, np.str_))
        object.__setattr__(self, "kl", np.asarray(self.kl, np.float64))
        if not len(self.fold) == len(self.clip) == len(self.kl):
            raise MerbenchError(
                f"{self.name}: {len(self.fold)} folds, {len(self.clip)} clips and {len(self.kl)} "
                "KL values; give one of each a row"
            )
        if not len(self.kl):
            raise MerbenchError(f"{self.name}: there is nothing to compare; give its KL a clip")
        bad = np.flatnonzero(~np.isfinite(self.kl))
        if len(bad):
            raise MerbenchError(
                f"{self.name}: KL of clip {self.clip[bad[0]]} in fold {self.fold[bad[0]]} is not "
                "finite; compare complete cells only"
            )
        tested = self.fold_index * len(self.clips) + self.clip_index
        if len(np.unique(tested)) < len(self.kl):
            raise MerbenchError(f"{self.name}: a clip stands twice in one fold; score it once")
        missing = [int(fold) for fold in self.folds if self.n_train.get(int(fold), 0) <= 0]
        if missing:
            raise MerbenchError(
                f"{self.name}: number of training clips unknown for fold {missing[0]}; give it "
                "in n_train"
            )

    @cached_property
    def _folds(self) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        return np.unique(self.fold, return_inverse=True)

    @cached_property
    def _clips(self) -> tuple[NDArray[np.str_], NDArray[np.intp]]:
        return np.unique(self.clip, return_inverse=True)

    @property
    def folds(self) -> NDArray[np.int64]:
        """The distinct folds, ascending: (J,)."""
        return self._folds[0]

    @property
    def clips(self) -> NDArray[np.str_]:
        """The distinct clips, ascending: (C,)."""
        return self._clips[0]

    @property
    def fold_index(self) -> NDArray[np.intp]:
        """Each row's place in `folds`: (rows,)."""
        return self._folds[1]

    @property
    def clip_index(self) -> NDArray[np.intp]:
        """Each row's place in `clips`: (rows,)."""
        return self._clips[1]

    @property
    def test_train_ratio(self) -> float:
        """n_test / n_train, averaged over folds (groups make folds of unequal size)."""
        n_test = np.bincount(self.fold_index)
        n_train = np.array([self.n_train[int(fold)] for fold in self.folds])
        return float((n_test / n_train).mean())


class TTest(NamedTuple):
    """A t statistic, its degrees of freedom, and its two-sided p-value."""

    t: float
    df: int
    p: float


@dataclass(frozen=True)
class Comparison:
    """One cell against another. Differences are KL of `a` minus KL of `b`: below 0, `a` is better.

    Parameters
    ----------
    a, b
        Names of the cells.
    n_folds, n_clips
        Folds, and distinct clips among all test sets.
    kl_mean_difference
        Mean over folds of the folds' mean differences, in nats.
    fold_p
        Wilcoxon signed-rank test of each fold, as the paper has it. Not a basis for conclusions
        over folds.
    corrected_t, corrected_p
        Nadeau and Bengio's corrected resampled t-test over folds; NaN for a single fold.
    clip_p
        Wilcoxon signed-rank test over clips, each clip's difference averaged over its tests.
    corrected_p_holm, clip_p_holm
        The same, corrected for the family of comparisons.
    rank_biserial
        Effect size over clips, on [-1, 1]: -1 where `a` is better on every clip.
    significant
        Whether both corrected tests are below `alpha` and point the same way.
    alpha
        The level.
    """

    a: str
    b: str
    n_folds: int
    n_clips: int
    kl_mean_difference: float
    fold_p: tuple[float, ...]
    corrected_t: float
    corrected_p: float
    corrected_p_holm: float
    clip_p: float
    clip_p_holm: float
    rank_biserial: float
    significant: bool
    alpha: float = ALPHA

    @property
    def better(self) -> str | None:
        """Name of the better cell where the difference is significant."""
        if not self.significant:
            return None
        return self.a if self.kl_mean_difference < 0 else self.b


def compare(a: CellScores, b: CellScores, *, alpha: float = ALPHA) -> Comparison:
    """Compare two cells with identical splits, as a family of one.

    Raises
    ------
    MerbenchError
        Where the cells were not tested on the same clips, fold by fold and row by row, or not
        trained on equally many.
    """
    require_same_split(a, b)
    difference = a.kl - b.kl
    by_fold = [difference[a.fold_index == j] for j in range(len(a.folds))]
    fold_means = np.array([d.mean() for d in by_fold])
    by_clip = np.bincount(a.clip_index, weights=difference) / np.bincount(a.clip_index)
    corrected = corrected_t_test(fold_means, a.test_train_ratio)
    clip_p = wilcoxon(by_clip)
    comparison = Comparison(
        a=a.name,
        b=b.name,
        n_folds=len(a.folds),
        n_clips=len(a.clips),
        kl_mean_difference=float(fold_means.mean()),
        fold_p=tuple(wilcoxon(d) for d in by_fold),
        corrected_t=corrected.t,
        corrected_p=corrected.p,
        corrected_p_holm=corrected.p,
        clip_p=clip_p,
        clip_p_holm=clip_p,
        rank_biserial=rank_biserial(by_clip),
        significant=False,
        alpha=alpha,
    )
    return adjust([comparison])[0]


def compare_pairs(
    pairs: Iterable[tuple[CellScores, CellScores]], *, alpha: float = ALPHA
) -> list[Comparison]:
    """Compare every pair, the pairs together being one family."""
    return adjust([compare(a, b, alpha=alpha) for a, b in pairs])


def adjust(family: Sequence[Comparison]) -> list[Comparison]:
    """Return the comparisons with Holm's correction for their number, and the verdicts anew."""
    corrected = holm([c.corrected_p for c in family])
    clip = holm([c.clip_p for c in family])
    return [
        replace(
            c,
            corrected_p_holm=float(p),
            clip_p_holm=float(q),
            significant=bool(
                p < c.alpha and q < c.alpha and c.kl_mean_difference * c.rank_biserial > 0
            ),
        )
        for c, p, q in zip(family, corrected, clip, strict=True)
    ]


def require_same_split(a: CellScores, b: CellScores) -> None:
    """Raise `MerbenchError` unless two cells were tested on the same clips in the same order."""
    remedy = "compare cells of one dataset under one protocol and seed"
    if len(a.kl) != len(b.kl):
        raise MerbenchError(
            f"{a.name} has {len(a.kl)} scored rows and {b.name} {len(b.kl)}, so their splits "
            f"differ: {remedy}"
        )
    differs = np.flatnonzero((a.fold != b.fold) | (a.clip != b.clip))
    if len(differs):
        row = differs[0]
        raise MerbenchError(
            f"{a.name} and {b.name} have different splits: row {row} is clip {a.clip[row]} in "
            f"fold {a.fold[row]} for one, clip {b.clip[row]} in fold {b.fold[row]} for the "
            f"other; {remedy}"
        )
    for fold in a.folds:
        if a.n_train[int(fold)] != b.n_train[int(fold)]:
            raise MerbenchError(
                f"{a.name} and {b.name} have different splits: {a.n_train[int(fold)]} and "
                f"{b.n_train[int(fold)]} training clips in fold {fold}; {remedy}"
            )


def wilcoxon(differences: ArrayLike) -> float:
    """Two-sided p-value of the Wilcoxon signed-rank test of paired differences.

    Wilcoxon (1945), "Individual comparisons by ranking methods", with scipy's defaults, which are
    those of Nguyen et al. (2022): zero differences are dropped, no continuity correction. Where
    every difference is zero nothing speaks against equality, and p is 1.
    """
    from scipy import stats  # takes most of a second to load

    d = np.asarray(differences, np.float64)
    return float(stats.wilcoxon(d).pvalue) if d.any() else 1.0


def rank_biserial(differences: ArrayLike) -> float:
    """Matched-pairs rank-biserial correlation on [-1, 1].

    Kerby (2014), "The simple difference formula": the share of the sum of ranks of |difference|
    that belongs to positive differences, less the share of the negative ones. Zeros are dropped,
    as in `wilcoxon`; all zeros give 0.
    """
    from scipy import stats  # takes most of a second to load

    d = np.asarray(differences, np.float64)
    d = d[d != 0]
    if not len(d):
        return 0.0
    ranks = stats.rankdata(np.abs(d))
    return float((np.sign(d) * ranks).sum() / ranks.sum())


def corrected_t_test(differences: ArrayLike, test_train_ratio: float) -> TTest:
    """Corrected resampled t-test of the folds' mean differences, two-sided.

    Nadeau and Bengio (2003), "Inference for the generalization error", Section 3:

        t = mean(d) / sqrt((1 / J + n_test / n_train) s^2),    J - 1 degrees of freedom

    with s^2 the sample variance. n_test / n_train stands for the correlation that folds have
    because their training sets overlap.

    Parameters
    ----------
    differences
        Shape (J,), one mean difference a fold.
    test_train_ratio
        n_test / n_train.

    Returns
    -------
    TTest
        NaN for fewer than two folds. For folds that all differ alike t is infinite, p 0; for
        folds that don't differ at all t is 0, p 1.
    """
    d = np.asarray(differences, np.float64)
    df = len(d) - 1
    if df < 1:
        return TTest(float("nan"), df, float("nan"))
    if not d.any():
        return TTest(0.0, df, 1.0)
    error = _corrected_error(d, test_train_ratio)
    t = float(d.mean() / error) if error > 0 else float(np.copysign(np.inf, d.mean()))
    return TTest(t, df, float(2 * special.stdtr(df, -abs(t))))


def corrected_interval(
    values: ArrayLike, test_train_ratio: float, *, level: float = 0.95
) -> tuple[float, float]:
    """Confidence interval of a mean over folds that share clips.

    The inversion of `corrected_t_test`: mean -+ t_(J-1) sqrt((1 / J + n_test / n_train) s^2).

    Parameters
    ----------
    values
        Shape (J,), one number a fold, such as its mean KL.
    test_train_ratio
        n_test / n_train.
    level
        On (0, 1).

    Returns
    -------
    tuple
        Lower and upper end; NaN for fewer than two folds.
    """
    v = np.asarray(values, np.float64)
    if len(v) < 2:
        return float("nan"), float("nan")
    quantile = float(special.stdtrit(len(v) - 1, (1 + level) / 2))
    half = quantile * _corrected_error(v, test_train_ratio)
    return float(v.mean() - half), float(v.mean() + half)


def _corrected_error(values: Array, test_train_ratio: float) -> float:
    # Equal values have a variance of 0, which the rounding of their mean would hide.
    variance = values.var(ddof=1) if np.ptp(values) > 0 else 0.0
    return float(np.sqrt((1 / len(values) + test_train_ratio) * variance))


def holm(p_values: ArrayLike) -> Array:
    """Adjust the p-values of a family of tests by Holm's step-down method.

    Holm (1979), "A simple sequentially rejective multiple test procedure". A NaN is a test that
    could not be made: it stays NaN and doesn't count towards the family.

    Parameters
    ----------
    p_values
        Shape (m,), in any order.

    Returns
    -------
    ndarray
        Shape (m,), in the same order; none below the p-value it comes from, none above 1.
    """
    p = np.asarray(p_values, np.float64)
    adjusted = np.full(p.shape, np.nan)
    made = np.flatnonzero(~np.isnan(p))
    order = made[np.argsort(p[made], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted
