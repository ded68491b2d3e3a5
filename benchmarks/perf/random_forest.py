"""merbench's random forest against scikit-learn's, with the same hyper-parameters.

Prints CPU seconds (user and system, one thread) of both on the same clips, seed by seed, and their
ratio. A forest's cost grows linearly with its trees, so a few suffice:

    python benchmarks/perf/random_forest.py --samples 613 --features 25492 --trees 6

With `--quality`, whether their predictions can be told apart: KL and squared error on clips held
out, by paired tests over seeds. Each seed brings new clips, 2,000 of them to test on; or, with
`--data`, a new split in fifths, four to train on:

    python benchmarks/perf/random_forest.py --quality --features 500 --trees 100 --seeds 10

With `--memory`, the peak of a process that does nothing but make clips and fit on all threads:

    python benchmarks/perf/random_forest.py --memory --samples 767 --features 25492 --trees 4
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

CUES = 40
"""Musical cues behind the synthetic features: tempo, mode, loudness and so on."""

HELD_OUT = 2000
"""Synthetic clips to test on: so many that a small difference would show."""


def clips(samples: int, features: int, informative: int, seed: int):
    """Return synthetic features (samples, features), float32, and labels (samples, 4).

    Every feature mixes six cues and noise of its own, so that features correlate; half are then
    skewed or scaled down, and one in twenty takes few distinct values. Listeners respond to the
    first `informative` cues, and differ.
    """
    rng = np.random.default_rng(seed)
    cues = rng.standard_normal((samples, CUES)).astype(np.float32)
    X = np.empty((samples, features), np.float32)
    for column in range(features):
        mixed = cues[:, rng.choice(CUES, 6, replace=False)] @ rng.standard_normal(6)
        mixed += rng.uniform(0.5, 4) * rng.standard_normal(samples)
        if column % 4 == 1:
            mixed = np.exp(mixed / 4)
        elif column % 4 == 2:
            mixed *= 1e-3
        X[:, column] = np.round(mixed * 2) / 2 if column % 20 == 3 else mixed
    response = cues[:, :informative] @ rng.standard_normal((informative, 4)) / informative**0.5
    response += 0.5 * rng.standard_normal((samples, 4))
    Y = 1 / (1 + np.exp(-response))
    Y[:, 2:] = 0.08 + 0.15 * Y[:, 2:]
    return X, Y


def cpu_seconds(work, *arguments) -> float:
    start = time.process_time()
    work(*arguments)
    return time.process_time() - start


def forests(arguments: argparse.Namespace, seed: int):
    """Return merbench's unfitted forest and scikit-learn's."""
    from merbench import Task
    from merbench_plugins.models.random_forest import RandomForest

    return [
        RandomForest(n_estimators=arguments.trees, backend=backend)
        .estimator(task=Task.VA, seed=seed, device="cpu")
        .set_params(n_jobs=1)
        for backend in ("fast", "sklearn")
    ]


def speed(arguments: argparse.Namespace) -> None:
    X, Y = clips(60, 20, 5, 0)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NUMBA_CACHE_DIR"] = folder  # nothing is compiled yet
        fast, _ = forests(arguments, 0)
        print(f"compiling, once a machine: {cpu_seconds(fast.fit, X, Y):.1f} CPU s\n")
    from merbench_plugins.models._trees import sort_columns  # only now, as it compiles

    print(f"{'seed':>6}{'merbench s':>14}{'of it sorting':>16}{'scikit-learn s':>17}{'ratio':>8}")
    ratios = []
    for seed in range(arguments.seeds):
        X, Y = clips(arguments.samples, arguments.features, arguments.informative, seed)
        fast, reference = forests(arguments, seed)
        ours, theirs = (cpu_seconds(forest.fit, X, Y) for forest in (fast, reference))
        ratios.append(theirs / ours)
        sorting = cpu_seconds(sort_columns, X)
        print(f"{seed:>6}{ours:>14.2f}{sorting:>16.2f}{theirs:>17.2f}{ratios[-1]:>8.1f}")
    print(f"\nscikit-learn / merbench: {np.mean(ratios):.1f} (mean of {len(ratios)})")


def quality(arguments: argparse.Namespace) -> None:
    from scipy import stats

    from merbench import Task
    from merbench.evaluation import divergence

    if arguments.data:
        with np.load(arguments.data) as data:
            X, Y = data["X"], data["Y"]
    scores = np.empty((arguments.seeds, 2, 2))  # seeds, KL and MSE, merbench and scikit-learn
    heads = ("KL merbench", "scikit-learn", "MSE merbench", "scikit-learn")
    print(f"{'seed':>6}" + "".join(f"{head:>14}" for head in heads))
    for seed in range(arguments.seeds):
        if arguments.data:
            order = np.random.default_rng(seed).permutation(len(X))
            train, test = np.split(order, [int(0.8 * len(X))])
        else:
            n = arguments.samples
            X, Y = clips(n + HELD_OUT, arguments.features, arguments.informative, seed)
            train, test = slice(n), slice(n, None)
        for column, forest in enumerate(forests(arguments, seed)):
            predicted = forest.fit(X[train], Y[train]).predict(X[test])
            scores[seed, 0, column] = divergence(Task.VA, Y[test], predicted).kl.mean()
            scores[seed, 1, column] = ((predicted - Y[test]) ** 2).mean()
        print(f"{seed:>6}" + "".join(f"{score:>14.5f}" for score in scores[seed].ravel()))
    for name, (ours, theirs) in zip(("KL", "MSE"), scores.transpose(1, 2, 0), strict=True):
        print(
            f"{name}: {ours.mean():.5f} against {theirs.mean():.5f}; paired Wilcoxon p = "
            f"{stats.wilcoxon(ours, theirs).pvalue:.2f}, t-test p = "
            f"{stats.ttest_rel(ours, theirs).pvalue:.2f}"
        )


def memory(arguments: argparse.Namespace) -> None:
    X, Y = clips(arguments.samples, arguments.features, arguments.informative, 0)
    fast, _ = forests(arguments, 0)
    before = peak()
    fast.set_params(n_jobs=None).fit(X, Y)
    print(f"peak before the fit {before:.0f} MiB, after it {peak():.0f} MiB")


def peak() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--samples", type=int, default=613)
    parser.add_argument("--features", type=int, default=25492)
    parser.add_argument("--trees", type=int, default=6)
    parser.add_argument("--informative", type=int, default=10, help=f"cues of {CUES} that matter")
    parser.add_argument("--seeds", type=int, default=None, help="default 1; 8 for --quality")
    parser.add_argument("--quality", action="store_true")
    parser.add_argument("--data", type=Path, help="for --quality: an .npz with X and Y")
    parser.add_argument("--memory", action="store_true")
    arguments = parser.parse_args()
    arguments.seeds = arguments.seeds or (8 if arguments.quality else 1)
    measure = quality if arguments.quality else memory if arguments.memory else speed
    measure(arguments)


if __name__ == "__main__":
    main()
