"""How often what we call significant is so by chance, and how often a true difference is found.

Systems are trained and tested on made-up clips, again and again: ridge regressions on noisy views
of the same cues. As far as the noise is equal none is better, and whatever is called significant is
a false positive:

    python benchmarks/stats/significance.py

Dependence is that of a real benchmark, since models are really fitted: a clip's difficulty is
shared by the systems and comes back in every fold that tests the clip; training sets overlap; clips
of one group have cues, noise and errors in common, and merbench's own protocols keep groups apart.
Differences are tested by merbench's own functions. Three tables: rates of a single comparison
without a difference, and with one; and families of equal systems, of which a false positive is a
family in which any pair is called different, or any system put into a lower tier.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from merbench import Clip
from merbench.benchmark.protocols import MonteCarlo, Protocol, Split, StratifiedKFold
from merbench.evaluation import ALPHA, Scores, SignedRank, compare_pairs, holm, tiers
from merbench.evaluation.comparison import deciding_tests, verdicts

DESIGNS = 20
"""Sets of groups and splits that the data sets of a condition are spread over."""

Array = NDArray[np.float64]
Rates = dict[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class World:
    """Where clips come from, and how systems hear them.

    Parameters
    ----------
    clips, per_group
        Clips of a data set, and of a group on average.
    shared
        Share of variance that clips of one group have in common, in cues, noise and labels.
    cues
        Cues that make a label, each a feature.
    penalty
        Of the ridge regressions, a cue. 1.7 is what suits the noise; with less, models follow
        their training clips too closely.
    noise, worse
        Standard deviation of what a system mishears of a cue, whose own is 1; and what the second
        system mishears in addition, where it is the worse one.
    """

    name: str
    clips: int = 200
    per_group: int = 1
    shared: float = 0.5
    cues: int = 8
    penalty: float = 1.7
    noise: float = 0.7
    worse: float = 0.25


REALISTIC = (
    World("100 clips, groups of 3", clips=100, per_group=3, worse=0.5),
    World("200 clips"),
    World("200 clips, 40 cues", cues=40),
    World("400 clips, groups of 4, 40 cues", clips=400, per_group=4, cues=40),
    World("800 clips", clips=800, worse=0.12),
    World("800 clips, groups of 4", clips=800, per_group=4, worse=0.2),
)
OVERFITTED = World("100 clips, 40 cues, no penalty", clips=100, cues=40, penalty=0.002, worse=0.5)
FOLDS = (10, 30, 100)


def conditions() -> Iterator[tuple[World, str, Protocol]]:
    """Yield worlds with protocols: those that the claim is about, then those beyond it."""
    for world in REALISTIC:
        for folds in FOLDS:
            yield world, f"{folds} folds", MonteCarlo(folds=folds)
    for folds in FOLDS:
        yield OVERFITTED, f"{folds} folds", MonteCarlo(folds=folds)
    for repeats in (1, 10):
        protocol = StratifiedKFold(folds=10, repeats=repeats)
        yield REALISTIC[-1], f"{repeats} x 10-fold cross-validation", protocol


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data-sets", type=int, default=1000, help="made up for a condition")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    started = time.process_time()
    repeats, seed = arguments.data_sets, arguments.seed
    for title, extra in (("Equal systems: false positives", 0.0), ("One is better: found", 1.0)):
        table = {
            f"{world.name}; {folds}": simulate(
                world, protocol, [0.0, extra * world.worse], repeats, seed, pair_rates
            )
            for world, folds, protocol in conditions()
            if world in REALISTIC or not extra
        }
        show(f"{title}, % of {repeats} data sets", table)
    table = {
        f"{systems} of {world.name}; {folds} folds": simulate(
            world, MonteCarlo(folds=folds), [0.0] * systems, repeats // 2, seed, family_rates
        )
        for world in (REALISTIC[1], REALISTIC[3])
        for systems in (6, 20)
        for folds in FOLDS[:2]
    }
    show(f"Families of equal systems: any false positive, % of {repeats // 2}", table)
    print(f"\n{time.process_time() - started:.0f} s of processor time")


def show(title: str, table: Mapping[str, Rates]) -> None:
    """Print a table in Markdown."""
    columns = list(next(iter(table.values())))
    print(f"\n{title}\n\n| | {' | '.join(columns)} |\n|---|{'---:|' * len(columns)}")
    for name, rates in table.items():
        print(f"| {name} | {' | '.join(f'{100 * rates[c].mean():.1f}' for c in columns)} |")


def simulate(
    world: World,
    protocol: Protocol,
    extra: Sequence[float],
    repeats: int,
    seed: int,
    rates: Callable[[Sequence[Clip], Sequence[Split], Array], Rates],
) -> Rates:
    """Return, for every data set, what each rule says of systems that mishear `extra` more."""
    each = repeats // DESIGNS
    found: list[Rates] = []
    for design in range(DESIGNS):
        rng = np.random.default_rng([seed, design])
        clips = made_clips(world, rng)
        splits = protocol.model_copy(update={"seed": design}).splits(clips)
        truth, heard = made_data(world, clips, extra, each, rng)
        kl = np.stack([fitted_kl(world, x, truth, splits) for x in heard], axis=1)
        found.append(rates(clips, splits, kl))
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def pair_rates(clips: Sequence[Clip], splits: Sequence[Split], kl: Array) -> Rates:
    """Judge two systems on every data set: KL of shape (data sets, 2, rows)."""
    scores = as_scores(clips, splits, kl.reshape(-1, kl.shape[-1]))
    pairs = np.arange(len(scores.names)).reshape(-1, 2)
    c = compare_pairs(scores, pairs)
    means = scores.fold_means[pairs[:, 0]] - scores.fold_means[pairs[:, 1]]
    # Every data set is a family of one comparison, which needs no correction.
    groups = SignedRank(c.group_p, c.group_rank_biserial)
    significant = verdicts(c.kl_difference, c.corrected_p, groups)
    return {
        "Wilcoxon, rows pooled": c.naive_p < ALPHA,
        "Wilcoxon in any fold": c.n_folds_p_below_05 > 0,
        "t over folds": stats.ttest_1samp(means, 0, axis=1).pvalue < ALPHA,
        "Wilcoxon over clips": c.clip_p < ALPHA,
        "Wilcoxon over groups": c.group_p < ALPHA,
        "corrected t": c.corrected_p < ALPHA,
        "both below 0.05": significant & (c.group_p < ALPHA),
        "**significant**": significant,
    }


def family_rates(clips: Sequence[Clip], splits: Sequence[Split], kl: Array) -> Rates:
    """Judge families: KL of shape (data sets, systems, rows)."""
    a, b = np.triu_indices(kl.shape[1], k=1)
    families = [as_scores(clips, splits, rows) for rows in kl]

    def any_pair(scores: Scores) -> bool:
        over_folds, over_groups = deciding_tests(scores, a, b)
        return bool(verdicts(over_folds.mean, holm(over_folds.p), over_groups).any())

    return {
        "any pair significant": np.array([any_pair(scores) for scores in families]),
        "more than one tier": np.array([tiers(scores).max() > 1 for scores in families]),
    }


def made_clips(world: World, rng: np.random.Generator) -> list[Clip]:
    """Clips whose groups have one clip to twice `per_group` less one."""
    sizes = rng.integers(1, 2 * world.per_group, size=world.clips)
    group = np.repeat(np.arange(len(sizes)), sizes)[: world.clips]
    return [
        Clip(id=f"{i:04}", audio=Path("none"), label=(0.5, 0.5, 0.1, 0.1), group=f"{g:04}")
        for i, g in enumerate(group)
    ]


def made_data(
    world: World, clips: Sequence[Clip], extra: Sequence[float], sets: int, rng: np.random.Generator
) -> tuple[Array, list[Array]]:
    """Return truths (sets, n, 4), and what each system hears, each (sets, cues, n)."""
    group = np.array([int(clip.group) for clip in clips])

    def drawn(columns: int) -> Array:
        own = rng.standard_normal((sets, columns, len(group)))
        if world.per_group == 1:
            return own
        common = rng.standard_normal((sets, columns, group.max() + 1))[..., group]
        return np.sqrt(1 - world.shared) * own + np.sqrt(world.shared) * common

    cues = drawn(world.cues)
    weights = rng.standard_normal((sets, 2, world.cues)) / np.sqrt(world.cues)
    mean = 0.5 + 0.12 * (weights @ cues) + 0.08 * drawn(2)
    std = 0.15 * np.exp(0.2 * drawn(2))
    heard = [cues + (world.noise + more) * drawn(world.cues) for more in extra]
    return np.concatenate([mean, std], axis=1).swapaxes(1, 2), heard


def fitted_kl(world: World, x: Array, truth: Array, splits: Sequence[Split]) -> Array:
    """KL of ridge regressions that predict one width for all clips: (sets, rows), by folds."""
    mean, std = truth[..., :2].swapaxes(1, 2).copy(), truth[..., 2:].swapaxes(1, 2).copy()
    x = np.concatenate([np.ones((len(x), 1, x.shape[-1])), x], axis=1)
    penalty = np.diag([0.0] + [world.penalty * world.cues] * world.cues)
    gram, moment = x @ x.swapaxes(1, 2), x @ mean.swapaxes(1, 2)
    squares = (mean**2 + std**2).sum(axis=2)
    rows = []
    for split in splits:
        test = np.array(split.test)
        features, means, stds = x[..., test], mean[..., test], std[..., test]
        # The training side's sums are those of all clips, less those of the few that are tested.
        gram_here = gram - features @ features.swapaxes(1, 2)
        moment_here = moment - features @ means.swapaxes(1, 2)
        weights = np.linalg.solve(gram_here + penalty, moment_here)
        explained = (weights * (2 * moment_here - gram_here @ weights)).sum(axis=1)
        total = squares - (means**2 + stds**2).sum(axis=2)
        variance = ((total - explained) / len(split.train))[..., None]
        error = weights.swapaxes(1, 2) @ features - means
        ratio = stds**2 / variance
        terms = error**2 / variance + ratio - 1 - np.log(ratio)
        rows.append(0.5 * terms.sum(axis=1))
    return np.concatenate(rows, axis=1)


def as_scores(clips: Sequence[Clip], splits: Sequence[Split], kl: Array) -> Scores:
    """Give each row of KL to the clip and fold it comes from."""
    fold = np.concatenate([np.full(len(split.test), split.fold) for split in splits])
    at = np.concatenate([split.test for split in splits])
    clip, group = (np.array([getattr(clips[i], name) for i in at]) for name in ("id", "group"))
    names = tuple(map(str, range(len(kl))))
    return Scores(names, fold, clip, group, {s.fold: len(s.train) for s in splits}, kl)


if __name__ == "__main__":
    main()
