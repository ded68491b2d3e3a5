"""How often what we call significant is so by chance, and how often a true difference is found.

Two systems are trained and tested on made-up clips, again and again. Both are ridge regressions on
noisy views of the same cues; as far as the noise is equal, neither is better, and whatever is called
significant is a false positive:

    python benchmarks/stats/significance.py

Dependence is that of a real benchmark, since models are really fitted: a clip's difficulty is shared
by the systems and comes back in every fold that tests the clip; training sets overlap; clips of one
group have cues, noise and errors in common, and groups are kept apart by merbench's own protocols.
Differences are tested by merbench's own functions.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from merbench import Clip
from merbench.evaluation import ALPHA, Scores, compare_pairs, holm, tiers
from merbench.evaluation.comparison import verdicts
from merbench.protocols import MonteCarlo, Protocol, StratifiedKFold

FOLDS = (10, 30, 100)
DESIGNS = 20
"""Sets of groups and splits that the repetitions of a condition are spread over."""


@dataclass(frozen=True)
class World:
    """Where clips come from, and how systems hear them.

    Parameters
    ----------
    clips, per_group
        Clips of a dataset, and of a group on average.
    shared
        Share of variance that clips of one group have in common, in cues, noise and labels.
    cues
        Cues that make a label, each a feature.
    penalty
        Of the ridge regressions: the smaller, the more a model depends on its training clips.
    noise
        Standard deviation of what a system mishears of a cue, whose own is 1.
    """

    name: str
    clips: int = 200
    per_group: int = 1
    shared: float = 0.0
    cues: int = 8
    penalty: float = 1.0
    noise: float = 0.7


WORLDS = (
    World("200 clips"),
    World("100 clips, 40 cues", clips=100, cues=40),
    World("200 clips, groups of 4", per_group=4, shared=0.5),
    World("800 clips, groups of 4", clips=800, per_group=4, shared=0.5),
)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=4000, help="datasets a condition")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    started = time.perf_counter()
    conditions = [(world, folds, "monte-carlo") for world in WORLDS for folds in FOLDS]
    conditions += [(WORLDS[2], folds, "stratified-k-fold") for folds in (10, 100)]
    for title, worse in (("no difference: false positives", 0.0), ("a difference: power", 0.15)):
        print(f"\n{title}, %\n")
        for world, folds, protocol in conditions:
            rates = simulate(world, folds, protocol, worse, arguments)
            show(f"{world.name}, {folds} folds, {protocol}", rates)
    print(f"\n{time.perf_counter() - started:.0f} s")


def show(condition: str, rates: dict[str, float]) -> None:
    if not show.__dict__.setdefault("headed", False):
        print(f"{'':50}" + "".join(f"{name:>16}" for name in rates))
        show.__dict__["headed"] = True
    print(f"{condition:50}" + "".join(f"{100 * rate:16.1f}" for rate in rates.values()), flush=True)


def simulate(
    world: World, folds: int, protocol: str, worse: float, arguments: argparse.Namespace
) -> dict[str, float]:
    """Share of datasets on which each rule calls the difference significant."""
    each = arguments.repeats // DESIGNS
    found = []
    for design in range(DESIGNS):
        rng = np.random.default_rng([arguments.seed, folds, design])
        clips = made_clips(world, rng)
        splits = protocol_of(protocol, folds, design).splits(clips)
        truth, heard = made_data(world, clips, [world.noise, world.noise + worse], each, rng)
        kl = np.stack([fitted_kl(world, x, truth, splits) for x in heard], axis=1)
        scores = as_scores(clips, splits, kl.reshape(2 * each, -1))
        found.append(rules(scores, each))
    return {name: float(np.mean([f[name] for f in found])) for name in found[0]}


def rules(scores: Scores, repeats: int) -> dict[str, np.ndarray]:
    places = np.arange(2 * repeats).reshape(repeats, 2)
    c = compare_pairs(scores, places)
    d = scores.fold_means[places[:, 0]] - scores.fold_means[places[:, 1]]
    from scipy import stats

    return {
        "pooled Wilcoxon": c.naive_p < ALPHA,
        "any fold": c.n_folds_p_below_05 > 0,
        "paired t": stats.ttest_1samp(d, 0, axis=1).pvalue < ALPHA,
        "clip Wilcoxon": c.clip_p < ALPHA,
        "corrected t": c.corrected_p < ALPHA,
        "both": verdicts(c.kl_difference, c.corrected_p, c.rank_biserial, c.clip_p),
        "t + dir": (c.corrected_p < ALPHA) & (c.kl_difference * c.rank_biserial > 0),
        "t + clip.10": verdicts(c.kl_difference, c.corrected_p, c.rank_biserial, c.clip_p / 2),
        "t + clip.20": verdicts(c.kl_difference, c.corrected_p, c.rank_biserial, c.clip_p / 4),
    }


def made_clips(world: World, rng: np.random.Generator) -> list[Clip]:
    """Clips whose groups have one to twice `per_group` less one clips."""
    sizes = rng.integers(1, 2 * world.per_group, size=world.clips)
    group = np.repeat(np.arange(len(sizes)), sizes)[: world.clips]
    return [
        Clip(id=f"{i:04}", audio=Path("none"), label=(0.5, 0.5, 0.1, 0.1), group=f"{g:04}")
        for i, g in enumerate(group)
    ]


def protocol_of(name: str, folds: int, seed: int) -> Protocol:
    if name == "monte-carlo":
        return MonteCarlo(folds=folds, seed=seed)
    return StratifiedKFold(folds=10, repeats=folds // 10, seed=seed)


def made_data(
    world: World, clips: list[Clip], noises: list[float], repeats: int, rng: np.random.Generator
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return truths (repeats, n, 4), and what each system hears, (repeats, n, cues)."""
    group = np.array([int(clip.group) for clip in clips])

    def grouped(*tail: int) -> np.ndarray:
        own = rng.standard_normal((repeats, len(group), *tail), dtype=np.float32)
        common = rng.standard_normal((repeats, group.max() + 1, *tail), dtype=np.float32)
        return np.sqrt(1 - world.shared) * own + np.sqrt(world.shared) * common[:, group]

    cues = grouped(world.cues)
    weights = rng.standard_normal((repeats, world.cues, 2)) / np.sqrt(world.cues)
    mean = 0.5 + 0.12 * (cues @ weights) + 0.08 * grouped(2)
    std = 0.15 * np.exp(0.2 * grouped(2))
    heard = [cues + noise * grouped(world.cues) for noise in noises]
    return np.concatenate([mean, std], axis=-1), heard


def fitted_kl(world: World, x: np.ndarray, truth: np.ndarray, splits: list) -> np.ndarray:
    """KL of ridge regressions with a constant width: (repeats, rows), fold after fold."""
    mean, std = truth[..., :2], truth[..., 2:]
    ones = np.ones((*x.shape[:2], 1))
    x = np.concatenate([ones, x], axis=-1)
    penalty = world.penalty * np.eye(x.shape[-1])
    penalty[0, 0] = 0
    gram, moment = x.swapaxes(1, 2) @ x, x.swapaxes(1, 2) @ mean
    rows = []
    for split in splits:
        test, train = np.array(split.test), np.array(split.train)
        # The training side's sums are those of all clips, less the few that are tested.
        tested = x[:, test].swapaxes(1, 2)
        weights = np.linalg.solve(gram - tested @ x[:, test] + penalty, moment - tested @ mean[:, test])
        predicted = x @ weights
        error = predicted - mean
        variance = ((error**2 + std**2)[:, train]).mean(axis=1, keepdims=True)
        ratio = std[:, test] ** 2 / variance
        terms = error[:, test] ** 2 / variance + ratio - 1 - np.log(ratio)
        rows.append(0.5 * terms.sum(axis=-1))
    return np.concatenate(rows, axis=1)


def as_scores(clips: list[Clip], splits: list, kl: np.ndarray) -> Scores:
    fold = np.concatenate([np.full(len(split.test), split.fold) for split in splits])
    clip = np.array([clips[i].id for split in splits for i in split.test])
    group = np.array([clips[i].group for split in splits for i in split.test])
    names = tuple(map(str, range(len(kl))))
    return Scores(names, fold, clip, group, {s.fold: len(s.train) for s in splits}, kl)


if __name__ == "__main__":
    main()
