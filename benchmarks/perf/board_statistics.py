"""Every statistic of a large board's table, and the same pairs compared one at a time.

Makes up 200 systems (separators x features x models) with 10 folds of 1,000 clips, two million
rows, and prints seconds and peak memory of all that a table needs: putting cells together, marks,
bootstrap, tiers, comparison with the best, and comparisons along each axis. Then the ratio to
comparing pair by pair with scipy, measured on a few of the pairs:

    python benchmarks/perf/board_statistics.py
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from itertools import combinations, product

import numpy as np
from scipy import stats

from merbench import Task
from merbench.evaluation import (
    AllPairs,
    Scores,
    bootstrap,
    compare_pairs,
    corrected,
    divergence,
    suspect,
    tiers,
)

AXES = (5, 4, 10)
FOLDS, TESTED, CLIPS, PER_GROUP = 10, 1000, 5000, 3
MARKED_AT_ONCE = 50


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--one-by-one", type=int, default=40, help="pairs compared one at a time")
    arguments = parser.parse_args()
    systems = list(product(*map(range, AXES)))
    fold, clip, truth, predicted = made_up(len(systems))
    before = peak()
    total = np.zeros(2)

    def clock(what: str, work: Callable[[], object]) -> object:
        nonlocal total
        started = clocks()
        result = work()
        seconds = clocks() - started
        total += seconds
        print(f"{what:34}{seconds[0]:8.2f}{seconds[1]:12.2f}")
        return result

    print(f"{'':34}{'wall s':>8}{'processor s':>12}")
    kl = np.stack([divergence(Task.VA, truth, rows.astype(float)).kl for rows in predicted])
    names = tuple(map(str, systems))
    clips, groups = np.char.mod("clip-%05d", clip), np.char.mod("group-%05d", clip // PER_GROUP)
    sizes = dict.fromkeys(range(FOLDS), CLIPS - TESTED)
    scores = clock("scores", lambda: Scores(names, fold, clips, groups, sizes, kl))
    clock("marks", lambda: marks(fold, clip, truth, predicted))
    clock("bootstrap", lambda: bootstrap(scores))
    clock("tiers of all pairs", lambda: tiers(AllPairs.of(scores).better(), scores.kl_mean))
    best = int(scores.kl_mean.argmin())
    others = [(i, best) for i in range(len(systems)) if i != best]
    clock("difference to the best", lambda: compare_pairs(scores, others))
    families = [along(axis, systems) for axis in range(len(AXES))]
    several = sum(map(len, families))
    started = clocks()
    clock(f"{several} pairs along axes", lambda: [compare_pairs(scores, f) for f in families])
    together = (clocks() - started)[1] / several
    print(f"{'all':34}{total[0]:8.2f}{total[1]:12.2f}")
    print(f"{peak():.0f} MiB at most, {before:.0f} of them for the data")
    sample = np.random.default_rng(0).permutation(np.concatenate(families))
    started = clocks()
    for a, b in sample[: arguments.one_by_one]:
        one_by_one(scores, a, b)
    alone = (clocks() - started)[1] / arguments.one_by_one
    print(
        f"processor time a pair: {1e3 * alone:.2f} ms one by one, {1e3 * together:.2f} ms "
        f"together, ratio {alone / together:.1f}"
    )


def made_up(systems: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Folds and clips of the rows, truths (rows, 4), and predictions (systems, rows, 4)."""
    rng = np.random.default_rng(0)
    fold = np.repeat(np.arange(FOLDS), TESTED)
    clip = np.concatenate([rng.choice(CLIPS, TESTED, replace=False) for _ in range(FOLDS)])
    truth = np.hstack([rng.uniform(0.2, 0.8, (CLIPS, 2)), rng.uniform(0.1, 0.2, (CLIPS, 2))])[clip]
    predicted = np.empty((systems, len(clip), 4), np.float32)
    shared = rng.standard_normal((CLIPS, 2))[clip]
    for i in range(systems):
        own = rng.standard_normal((len(clip), 2))
        predicted[i, :, :2] = truth[:, :2] + 0.08 * shared + (0.06 + i / 8000) * own
        predicted[i, :, 2:] = 0.16
    return fold, clip, truth, predicted


def marks(
    fold: np.ndarray, clip: np.ndarray, truth: np.ndarray, predicted: np.ndarray
) -> list[str]:
    found: list[str] = []
    for start in range(0, len(predicted), MARKED_AT_ONCE):
        part = predicted[start : start + MARKED_AT_ONCE]
        found += suspect(Task.VA, truth, part, fold=fold, clip=clip).marks
    return found


def along(axis: int, systems: list[tuple[int, ...]]) -> list[tuple[int, int]]:
    """Pairs of systems that differ on one axis only."""
    return [
        (i, j)
        for (i, a), (j, b) in combinations(enumerate(systems), 2)
        if [k for k in range(len(AXES)) if a[k] != b[k]] == [axis]
    ]


def one_by_one(scores: Scores, a: int, b: int) -> None:
    """Make the tests of one pair as scipy makes them, one after the other."""
    d = scores.kl[a] - scores.kl[b]
    by_fold = [d[scores.fold == fold] for fold in scores.folds]
    mean = corrected([part.mean() for part in by_fold], scores.test_train_ratio)
    for part in (d, *by_fold):
        stats.wilcoxon(part)
    by_clip = np.bincount(scores.clip_index, weights=d) / np.bincount(scores.clip_index)
    group = np.unique(scores.clip_groups, return_inverse=True)[1]
    by_group = np.bincount(group, weights=by_clip) / np.bincount(group)
    for part in (by_clip, by_group):
        stats.wilcoxon(part)
        ranks = stats.rankdata(np.abs(part))
        (np.sign(part) * ranks).sum() / ranks.sum()
    mean.interval(), mean.posterior(0.01), mean.detectable()


def clocks() -> np.ndarray:
    """Wall and processor seconds."""
    return np.array([time.perf_counter(), time.process_time()])


def peak() -> float:
    """Largest memory so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
