"""Made-up clips, and systems that are trained and tested on them.

Systems are ridge regressions on noisy views of the same cues: as far as the noise is equal none is
better. Dependence is that of a real benchmark, since models are really fitted: a clip's difficulty
is shared by the systems and comes back in every fold that tests the clip; training sets overlap;
clips of one group have cues, noise and errors in common, and merbench's own protocols keep groups
apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from merbench import Clip
from merbench.benchmark.protocols import MonteCarlo, Protocol, Split, StratifiedKFold
from merbench.evaluation import Scores

DESIGNS = 20
"""Sets of groups and splits that the data sets of a condition are spread over."""

Array = NDArray[np.float64]


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
    noise
        Standard deviation of what a system mishears of a cue, whose own is 1.
    luck
        Standard deviation of what chance adds to each of a fitted model's weights, fold by fold, as
        the seed of a network does.
    worse
        What the second system mishears in addition, where it is the worse one.
    """

    name: str
    clips: int = 200
    per_group: int = 1
    shared: float = 0.5
    cues: int = 8
    penalty: float = 1.7
    noise: float = 0.7
    luck: float = 0.0
    worse: float = 0.25


REALISTIC = (
    World("100 clips, groups of 3", clips=100, per_group=3, worse=0.5),
    World("200 clips"),
    World("200 clips, 40 cues", cues=40),
    World("400 clips, groups of 4, 40 cues", clips=400, per_group=4, cues=40),
    World("800 clips", clips=800, worse=0.12),
    World("800 clips, groups of 4", clips=800, per_group=4, worse=0.2),
)
LUCKY = World("200 clips, lucky seeds", luck=0.02)
OVERFITTED = World("100 clips, 40 cues, no penalty", clips=100, cues=40, penalty=0.002, worse=0.5)
FEW_GROUPS = (
    World("60 clips, groups of 3, 40 cues", clips=60, per_group=3, cues=40, worse=0.5),
    World("48 clips, groups of 2, 40 cues", clips=48, per_group=2, cues=40, worse=0.5),
    World("200 clips, groups of 5, 40 cues", per_group=5, cues=40, worse=0.5),
    World(
        "100 clips, groups of 5, 40 cues, no penalty",
        clips=100, per_group=5, cues=40, penalty=0.002, worse=0.5,
    ),
)  # fmt: skip
"""20 to 40 groups, and models that have many cues to learn."""
WORLDS = (*REALISTIC, OVERFITTED, LUCKY, *FEW_GROUPS)
PROTOCOLS = {
    "1 fold": MonteCarlo(folds=1),
    "5 folds": MonteCarlo(folds=5),
    "10 folds": MonteCarlo(folds=10),
    "30 folds": MonteCarlo(folds=30),
    "1 x 5-fold CV": StratifiedKFold(folds=5, repeats=1),
    "1 x 10-fold CV": StratifiedKFold(folds=10, repeats=1),
    "5 x 5-fold CV": StratifiedKFold(folds=5, repeats=5),
}


@dataclass(frozen=True)
class Drawn:
    """Data sets of one design: KL of their systems, of shape (data sets, systems, rows)."""

    clips: Sequence[Clip]
    splits: Sequence[Split]
    kl: Array

    def scores(self, kl: Array) -> Scores:
        """Give each row of KL, of shape (cells, rows), to the clip and fold it comes from."""
        fold = np.concatenate([np.full(len(split.test), split.fold) for split in self.splits])
        at = np.concatenate([split.test for split in self.splits])
        clip, group = (
            np.array([getattr(self.clips[i], name) for i in at]) for name in ("id", "group")
        )
        n_train = {split.fold: len(split.train) for split in self.splits}
        return Scores(tuple(map(str, range(len(kl)))), fold, clip, group, n_train, kl)


def draw(
    world: World, protocol: Protocol, extra: Sequence[float], data_sets: int, seed: int
) -> Iterator[Drawn]:
    """Draw data sets, design by design, and fit systems that mishear `extra` more."""
    for design in range(DESIGNS):
        rng = np.random.default_rng([seed, design])
        clips = made_clips(world, rng)
        splits = protocol.model_copy(update={"seed": design}).splits(clips)
        truth, heard = made_data(world, clips, extra, data_sets // DESIGNS, rng)
        kl = np.stack([fitted_kl(world, x, truth, splits, rng) for x in heard], axis=1)
        yield Drawn(clips, splits, kl)


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


def fitted_kl(
    world: World, x: Array, truth: Array, splits: Sequence[Split], rng: np.random.Generator
) -> Array:
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
        if world.luck:
            weights = weights + world.luck * rng.standard_normal(weights.shape)
        error = weights.swapaxes(1, 2) @ features - means
        ratio = stds**2 / variance
        terms = error**2 / variance + ratio - 1 - np.log(ratio)
        rows.append(0.5 * terms.sum(axis=1))
    return np.concatenate(rows, axis=1)
