"""How often what we call significant is so by chance, and how often a true difference is found.

Pairs of systems are trained and tested on made-up clips, again and again (`worlds.py`), and judged
by merbench's own functions. Where both hear equally well, whatever is called significant is a false
positive. `families.py` does the same for whole tables.

    python benchmarks/stats/significance.py --out benchmarks/stats/pairs.csv
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import special
from tables import write
from worlds import PROTOCOLS, WORLDS, Drawn, World, draw

from merbench.benchmark.protocols import Protocol
from merbench.evaluation import ALPHA, Scores, signed_rank, two_sources
from merbench.evaluation.resampled import corrected

Array = NDArray[np.float64]

GROUPS = "groups tested"


def main() -> None:
    """Simulate, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data-sets", type=int, default=1000, help="made up for a condition")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="CSV file to write")
    arguments = parser.parse_args()
    started = time.process_time()
    rows = []
    for world in WORLDS:
        for name, protocol in PROTOCOLS.items():
            row = {"world": world.name, "protocol": name}
            row |= rates(world, protocol, arguments.data_sets, arguments.seed)
            rows.append(row)
            print(row, flush=True)
    write(rows, arguments.out)
    print(f"{time.process_time() - started:.0f} s of processor time")


def rates(world: World, protocol: Protocol, data_sets: int, seed: int) -> dict[str, float]:
    """Return percentages: false positives of each rule, and what the deciding test finds."""
    equal = [judged(drawn) for drawn in draw(world, protocol, [0.0, 0.0], data_sets, seed)]
    found = {f"false, {rule}": _percent([part[rule] for part in equal]) for rule in equal[0]}
    unlike = [
        judged(drawn, all_rules=False)
        for drawn in draw(world, protocol, [0.0, world.worse], data_sets, seed)
    ]
    found |= {f"found, {rule}": _percent([part[rule] for part in unlike]) for rule in unlike[0]}
    return {"groups": round(float(np.mean([part.pop(GROUPS) for part in (*equal, *unlike)])))} | {
        key: value for key, value in found.items() if GROUPS not in key
    }


def _percent(parts: list[NDArray[np.bool_]]) -> float:
    return round(100 * float(np.mean(np.concatenate([np.atleast_1d(p) for p in parts]))), 1)


def judged(drawn: Drawn, *, all_rules: bool = True) -> dict[str, NDArray[np.bool_]]:
    """Tell for each data set what each rule says of its pair."""
    scores = drawn.scores(drawn.kl.reshape(-1, drawn.kl.shape[-1]))
    a, b = np.arange(len(scores.names)).reshape(-1, 2).T
    by_fold = scores.fold_means[a] - scores.fold_means[b]
    rules = {GROUPS: np.array([len(scores.groups)])}
    if all_rules:
        rules |= {
            "Wilcoxon of rows": signed_rank(scores.kl[a] - scores.kl[b]).p < ALPHA,
            "Wilcoxon of clips": signed_rank(scores.clip_means[a] - scores.clip_means[b]).p < ALPHA,
            "Wilcoxon of groups": (
                signed_rank(scores.group_means[a] - scores.group_means[b]).p < ALPHA
            ),
        }
        for unseen in (0.0, 0.5, 1.0):
            rules[f"two sources, unseen {unseen:g}"] = (
                two_sources(scores, a, b, unseen=unseen).p < ALPHA
            )
    rules |= {
        "resampled t": corrected(by_fold, scores.test_train_ratio).p < ALPHA,
        "pooled variance": pooled_p(scores, a, b) < ALPHA,
        "two sources": two_sources(scores, a, b).p < ALPHA,
    }
    return rules


def pooled_p(scores: Scores, a: NDArray[np.intp], b: NDArray[np.intp]) -> Array:
    """Make the simpler test that was tried first: one variance, pooled over folds and groups.

    The variance that groups give a fold's mean, and that of the fold means, are averaged by their
    degrees of freedom, and enter Nadeau and Bengio's statistic.
    """
    folds = len(scores.folds)
    by_fold = scores.fold_means[a] - scores.fold_means[b]
    weight = np.bincount(scores.group_index) / len(scores.fold)
    of_group = scores.group_test_means[a] - scores.group_test_means[b]
    overall = of_group @ weight
    v = ((of_group - overall[:, None]) ** 2 / (1 - weight)) @ weight**2
    shares = [
        ((np.bincount(scores.group_index[part]) / (part.stop - part.start)) ** 2).sum()
        for part in scores.fold_slices
    ]
    s2_groups = v * np.mean(shares) / (weight**2).sum()
    nu = min(len(weight) - 1, (weight**2).sum() ** 2 / (weight**4).sum() - 1)
    s2_folds = by_fold.var(axis=1, ddof=1) if folds > 1 else np.zeros(len(a))
    s2 = ((folds - 1) * s2_folds + nu * s2_groups) / (folds - 1 + nu)
    t = by_fold.mean(axis=1) / np.sqrt((1 / folds + scores.test_train_ratio) * s2)
    return np.asarray(2 * special.stdtr(folds - 1 + nu, -np.abs(t)))


if __name__ == "__main__":
    main()
