"""Tables of many systems: how often any verdict is false, and how many true ones are found.

Twelve systems on three levels: the second mishears the cues by three times, the third by six times
as much more as the worse system of a pair does in `significance.py`. And tables of equal systems,
in which nothing may be found. Compared are corrections for a family of pairs, the tiers that
follow, and the model confidence set.

    python benchmarks/stats/families.py --out benchmarks/stats/families.csv
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import special
from tables import write
from worlds import FEW_GROUPS, OVERFITTED, PROTOCOLS, REALISTIC, World, draw

from merbench.evaluation import ALPHA, AllPairs, Scores, holm, tiers, two_sources
from merbench.evaluation.resampled import corrected

Array = NDArray[np.float64]

STEP = 3.0
"""From one level to the next, in units of a world's `worse`."""
DRAWS = 1999


def main() -> None:
    """Simulate, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data-sets", type=int, default=1000, help="of equal systems")
    parser.add_argument("--levelled", type=int, default=1000, help="data sets of three levels")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="CSV file to write")
    arguments = parser.parse_args()
    started = time.process_time()
    rows = []
    levels = np.repeat([0, 1, 2], 4)
    for world in REALISTIC[1:]:
        for name in ("5 folds", "10 folds", "1 fold"):
            rows.append(figures(world, name, levels, arguments.levelled, arguments.seed))
    for world in (REALISTIC[1], REALISTIC[3], OVERFITTED):
        for systems in (6, 20):
            equal = np.zeros(systems, np.intp)
            rows.append(figures(world, "5 folds", equal, arguments.data_sets, arguments.seed))
    equal = np.zeros(12, np.intp)
    for world in (REALISTIC[1], OVERFITTED, *FEW_GROUPS):
        for name in ("1 x 5-fold CV", "1 x 10-fold CV", "5 x 5-fold CV"):
            rows.append(figures(world, name, equal, arguments.data_sets, arguments.seed))
    write(rows, arguments.out)
    print(f"{time.process_time() - started:.0f} s of processor time")


def figures(
    world: World, protocol: str, levels: NDArray[np.intp], data_sets: int, seed: int
) -> dict[str, object]:
    """Return percentages of pairs found, and of data sets with any false verdict."""
    a, b = np.triu_indices(len(levels), k=1)
    apart = levels[b] - levels[a]
    found: dict[str, list[float]] = {}

    def add(key: str, value: float) -> None:
        found.setdefault(key, []).append(100 * value)

    for drawn in draw(world, PROTOCOLS[protocol], STEP * world.worse * levels, data_sets, seed):
        for kl in drawn.kl:
            scores = drawn.scores(kl)
            difference = two_sources(scores, a, b)
            by_fold = scores.fold_means[a] - scores.fold_means[b]
            resampled = corrected(by_fold, scores.test_train_ratio)
            stepped = step_down(scores, a, b, difference.p)
            for rule, p in {
                "resampled t, Holm": holm(resampled.p),
                "two sources, Holm": holm(difference.p),
                "two sources, max-t": stepped,
            }.items():
                said = p < ALPHA
                if levels.any():
                    add(f"{rule}: two levels found", said[apart == 2].mean())
                    add(f"{rule}: one level found", said[apart == 1].mean())
                false = said & ((apart == 0) | (difference.mean > 0))
                add(f"{rule}: any false", false.any())
                tier = tiers(AllPairs.from_pairs(scores.kl_mean, p).better(), scores.kl_mean)
                add(f"{rule}: best below tier 1", (tier[levels == 0] > 1).any())
                if levels.any():
                    add(f"{rule}: worst below tier 1", (tier[levels == 2] > 1).mean())
            kept = confidence_set(scores)
            add("confidence set: best left out", (~kept[levels == 0]).any())
            if levels.any():
                add("confidence set: worst left out", (~kept[levels == 2]).mean())
    row = {"world": world.name, "protocol": protocol, "systems": len(levels)}
    row["levels"] = len(set(levels.tolist()))
    print(row, {key: round(float(np.mean(values)), 1) for key, values in found.items()}, flush=True)
    columns = [
        f"{rule}: {what}"
        for rule in ("resampled t, Holm", "two sources, Holm", "two sources, max-t")
        for what in (
            "two levels found", "one level found", "any false", "best below tier 1",
            "worst below tier 1",
        )
    ]  # fmt: skip
    columns += ["confidence set: best left out", "confidence set: worst left out"]
    return row | {c: round(float(np.mean(found[c])), 1) if c in found else "" for c in columns}


def step_down(scores: Scores, a: NDArray[np.intp], b: NDArray[np.intp], p: Array) -> Array:
    """Correct a family by step-down max-t, which allows for what its pairs have in common.

    Romano and Wolf (2005), "Exact and approximate stepdown methods for multiple hypothesis
    testing". Chance is drawn over groups: each group's deviation from a pair's mean difference is
    multiplied by one normal number, the same for all pairs (the multiplier bootstrap). Compared
    are p-values, for degrees of freedom differ from pair to pair.
    """
    drawn = _moved(scores)
    order = np.argsort(p, kind="stable")
    size = np.abs(drawn[a[order]] - drawn[b[order]])
    size /= np.sqrt((size**2).mean(axis=1, keepdims=True))
    most = np.maximum.accumulate(size[::-1])[::-1]  # of a pair and all that are less significant
    beyond = (most >= -special.ndtri(p[order] / 2)[:, None]).sum(axis=1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate((1 + beyond) / (1 + DRAWS))
    return np.maximum(np.minimum(adjusted, holm(p)), p)


def _moved(scores: Scores) -> Array:
    """Return what chance adds to each system in each draw, over groups."""
    weight = np.bincount(scores.group_index) / len(scores.fold)
    centred = scores.group_test_means - (scores.group_test_means @ weight)[:, None]
    deviations = centred * weight / np.sqrt(1 - weight)
    return deviations @ np.random.default_rng(0).standard_normal((len(weight), DRAWS))


def confidence_set(scores: Scores) -> NDArray[np.bool_]:
    """Tell which systems the model confidence set keeps.

    Hansen, Lunde and Nason (2011), "The model confidence set", with the statistic T_max over
    groups: the system that is worst against the mean of those left goes, for as long as the largest
    of these deviations is larger than chance makes it in 95 % of draws.
    """
    weight = np.bincount(scores.group_index) / len(scores.fold)
    centred = scores.group_test_means - (scores.group_test_means @ weight)[:, None]
    deviations = centred * weight / np.sqrt(1 - weight)
    drawn = deviations @ np.random.default_rng(0).standard_normal((len(weight), DRAWS))
    kept = np.ones(len(scores.names), bool)
    while kept.sum() > 1:
        of_kept = deviations[kept] - deviations[kept].mean(axis=0)
        error = np.sqrt((of_kept**2).sum(axis=1))
        t = (scores.kl_mean[kept] - scores.kl_mean[kept].mean()) / error
        by_chance = (drawn[kept] - drawn[kept].mean(axis=0)) / error[:, None]
        if t.max() <= np.quantile(by_chance.max(axis=0), 1 - ALPHA):
            break
        kept[np.flatnonzero(kept)[t.argmax()]] = False
    return kept


if __name__ == "__main__":
    main()
