"""How clips are split, repeatedly, into training and test clips."""

from __future__ import annotations

import contextlib
import itertools
import operator
import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from merbench import __version__
from merbench.bounds import MOST_FOLDS
from merbench.components import Clip, Protocol, Split
from merbench.errors import MerbenchError, PluginError, kind_of, reason
from merbench.identity import digest
from merbench.plugins import containment, registration, whereabouts
from merbench.plugins.registry import OURS, Entry, Origin, Registry
from merbench.waiting import said_if_long

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


LEAKS = ("split_after_augmenting", "scale_before_splitting", "prepare_before_splitting")
"""Parameters that repeat a paper's leak; only one that is taken counts in an identity."""


class DrawnProtocol(Protocol):
    """Base of the protocols whose splits are drawn by chance."""

    seed: int = Field(1, ge=0, description="Where the splits' chance comes from.")
    grouped: bool = Field(
        True, description="Keep groups apart. False reproduces papers that split song by song."
    )
    split_after_augmenting: bool = Field(
        False,
        description="Deal augmented copies out as if they were clips of their own, so that copies "
        "of one clip stand on both sides. Reproduces papers that did so; never sound.",
    )
    scale_before_splitting: bool = Field(
        False,
        description="Bring feature vectors to zero mean and unit variance over all clips, those to "
        "be tested among them. A model's own scaling undoes it: set `scaling: none` there. "
        "Reproduces papers that did so; never sound.",
    )
    prepare_before_splitting: bool = Field(
        False,
        description="Let a model that ranks features, codes images or makes images of others "
        "(`ranked`, `autoencoded`, `deep-smote`) learn that from all clips, those to be tested "
        "among them; others are fitted as ever. Reproduces papers that did so; never sound.",
    )

    @model_validator(mode="after")
    def _leaks_knowingly(self) -> Self:
        if self.split_after_augmenting and self.grouped:
            raise ValueError(
                "split_after_augmenting puts copies of one clip on both sides, which "
                "`grouped: true` forbids; say `grouped: false` with it"
            )
        return self

    def identity(self) -> dict[str, Any]:
        """Name and parameters; a leak that is not taken is not among them."""
        identity = super().identity()
        for leak in LEAKS:
            if not identity["parameters"][leak]:
                del identity["parameters"][leak]
        return identity


class MonteCarlo(DrawnProtocol):
    """Random splits, each drawn anew (Xu and Liang 2001, Monte Carlo cross-validation)."""

    name = "monte-carlo"
    folds: int = Field(10, ge=1, le=MOST_FOLDS, description="How many splits are drawn.")
    test_fraction: float = Field(0.2, gt=0, lt=1, description="Share of the clips that is tested.")

    def splits(self, clips: Sequence[Clip]) -> list[Split]:
        """Draw groups for the test side until it is as near its share as whole groups allow."""
        import numpy as np

        groups = _group_codes(clips, self.grouped)
        _refuse_one_group(groups)
        sizes = np.bincount(groups)
        # As the paper counts: the training side is rounded down, the test side is the rest.
        wanted = len(clips) - int(len(clips) * (1 - self.test_fraction) + 1e-9)
        splits = []
        for fold in range(self.folds):
            order = np.random.default_rng([self.seed, fold]).permutation(len(sizes))
            reached = np.cumsum(sizes[order])
            count = 1 + int(np.argmin(np.abs(reached[:-1] - wanted)))
            chosen = np.isin(groups, order[:count])
            splits.append(_split(fold, ~chosen, chosen))
        return splits


class StratifiedKFold(DrawnProtocol):
    """Repeated k-fold with each class's share kept, and groups kept apart."""

    name = "stratified-k-fold"
    folds: int = Field(10, ge=2, le=MOST_FOLDS, description="Parts the clips are cut into.")
    repeats: int = Field(1, ge=1, le=MOST_FOLDS, description="How often they are cut anew.")
    stratified: bool = Field(
        True,
        description="Keep each class's share; labels that are no classes are cut unstratified.",
    )

    def splits(self, clips: Sequence[Clip]) -> list[Split]:
        """Cut `repeats` times into `folds` parts; every clip is tested once a repeat."""
        import numpy as np

        if self.folds * self.repeats > MOST_FOLDS:
            raise MerbenchError(
                f"{self.folds} folds cut {self.repeats:,} times are {self.folds * self.repeats:,}; "
                f"{MOST_FOLDS:,} are the most: lower `folds` or `repeats` in the protocol"
            )
        groups = _group_codes(clips, self.grouped)
        _refuse_one_group(groups)
        if groups.max() + 1 < self.folds:
            raise MerbenchError(
                f"{groups.max() + 1} groups cannot be cut into {self.folds} folds; "
                "lower `folds` in the protocol"
            )
        labels = np.asarray([clip.label for clip in clips])
        # A row of shares that sum to one is a class distribution; valence and arousal are not.
        classes = self.stratified and np.allclose(labels.sum(axis=1), 1.0)
        target = labels.argmax(axis=1) if classes else None
        if target is not None and np.bincount(target).max() < self.folds:
            raise MerbenchError(
                f"no class has a clip for each of the {self.folds} folds; lower `folds` in the "
                "protocol, or set `stratified: false`"
            )
        splits: list[Split] = []
        for repeat in range(self.repeats):
            seed = int(np.random.default_rng([self.seed, repeat]).integers(2**31))
            tested = _cut_groups(groups, self.folds, seed, target)
            splits += [_split(len(splits) + i, ~test, test) for i, test in enumerate(tested)]
        return splits


def _refuse_one_group(groups: NDArray[np.intp]) -> None:
    if groups.max() < 1:
        raise MerbenchError(
            f"{len(groups)} clips of one group cannot be split; a protocol needs two groups"
        )


def _cut_groups(
    groups: NDArray[np.intp], folds: int, seed: int, target: NDArray[np.intp] | None
) -> list[NDArray[np.bool_]]:
    """Cut clips into parts that divide no group: whether each clip is of each part.

    Where `target` is given, the share of each class is kept, by scikit-learn's
    `StratifiedGroupKFold`. Without it parts are those of its `GroupKFold`, drawn here: scikit-learn
    takes longer to load than all else that a run does whose work is done already.
    """
    import numpy as np

    if target is None:
        drawn = np.random.RandomState(seed).permutation(np.unique(groups))
        return [np.isin(groups, part) for part in np.array_split(drawn, folds)]
    from sklearn.model_selection import StratifiedGroupKFold

    cutter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    everyone = np.arange(len(groups))
    with warnings.catch_warnings():
        # A class of fewer clips than folds is tested in as many of them as it can be.
        warnings.filterwarnings("ignore", "The least populated class")
        return [np.isin(everyone, test) for _, test in cutter.split(groups, target, groups)]


class PublishedSplit(Protocol):
    """The one split that a dataset's authors published."""

    name = "published"
    train: tuple[str, ...] = Field(
        ("train", "validation"), description="Published parts to train on."
    )
    test: tuple[str, ...] = Field(("test",), description="Published parts to test on.")

    def splits(self, clips: Sequence[Clip]) -> list[Split]:
        """Return one fold from the clips' `split`."""
        import numpy as np

        parts = np.asarray([clip.split for clip in clips])
        train, test = np.isin(parts, self.train), np.isin(parts, self.test)
        if not train.any() or not test.any():
            known = ", ".join(sorted({clip.split for clip in clips} - {""})) or "none"
            raise MerbenchError(
                f"no published split with clips in both {'/'.join(self.train)} and "
                f"{'/'.join(self.test)}; the dataset's parts are: {known}"
            )
        split = _split(0, train, test)
        shared = {clips[i].group for i in split.train} & {clips[i].group for i in split.test}
        if shared:
            raise MerbenchError(
                f"the published split puts group {sorted(shared)[0]!r} on both sides; "
                "correct the dataset's split column"
            )
        return [split]


PROTOCOLS: dict[str, type[Protocol]] = {
    cls.name: cls for cls in (MonteCarlo, StratifiedKFold, PublishedSplit)
}


def with_protocols(registry: Registry) -> Registry:
    """Add the protocols that come with merbench to those of plugins.

    Raises
    ------
    PluginError
        A plugin's protocol has the name of one of them.
    """
    for ours in PROTOCOLS.values():
        registration.add_entry(
            registry, Entry("protocol", ours, Origin(OURS, __version__, __name__))
        )
    return registry


def checked_splits(protocol: Protocol, clips: Sequence[Clip]) -> tuple[Split, ...]:
    """Split clips by a protocol, and hold what comes of it to the contract.

    Raises
    ------
    MerbenchError
        The clips cannot be split so.
    PluginError
        A split breaks the contract; with its fold.
    """
    if type(protocol) in PROTOCOLS.values():
        return tuple(protocol.splits(clips))  # tests have held ours to the contract
    try:
        with containment.contained(), said_if_long(f"splits() of {protocol.name}"):
            made: object = protocol.splits(clips)
            if not isinstance(made, Iterable):
                raise PluginError(
                    f"the protocol {protocol.name!r} gives {kind_of(made)}; let its splits() "
                    "return a list of merbench.Split"
                )
            # Of one that never ends no more is asked than shows it.
            splits = tuple(_plain(split) for split in itertools.islice(made, MOST_FOLDS + 1))
    except MerbenchError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"the protocol {protocol.name!r} failed ({reason(error)}){whereabouts.place(error)}; "
            "correct its plugin"
        ) from error
    if not 1 <= len(splits) <= MOST_FOLDS:
        count = f"{len(splits):,}" if len(splits) <= MOST_FOLDS else f"more than {MOST_FOLDS:,}"
        raise PluginError(
            f"the protocol {protocol.name!r} gives {count} folds; it must give 1 to {MOST_FOLDS:,}"
        )
    for number, split in enumerate(splits):
        fault = _split_fault(split, number, clips, grouped=getattr(protocol, "grouped", True))
        if fault:
            raise PluginError(
                f"the protocol {protocol.name!r} gives a fold {number} {fault}; correct its plugin"
            )
    return splits


def _plain(split: Any) -> Any:
    """Return a split with its positions as Python's integers, where they are integers of NumPy."""
    if not isinstance(split, Split):
        return split
    with contextlib.suppress(TypeError):
        sides = (tuple(map(operator.index, side)) for side in (split.train, split.test))
        return Split(split.fold, *sides)
    return split


def _split_fault(split: Any, number: int, clips: Sequence[Clip], *, grouped: bool) -> str:
    """Say what is wrong with a split, or nothing."""
    if not isinstance(split, Split):
        return f"that is {type(split).__name__}, no merbench.Split"
    if split.fold != number:
        return f"that is numbered {split.fold}"
    sides: tuple[tuple[str, Any], ...] = (("training", split.train), ("test", split.test))
    for side, clips_of_it in sides:
        if not isinstance(clips_of_it, Sequence):
            return f"whose {side} clips are {kind_of(clips_of_it)}; give a tuple of positions"
        if not clips_of_it:
            return f"without {side} clips"
    positions = [*split.train, *split.test]
    if any(not isinstance(i, int) or not 0 <= i < len(clips) for i in positions):
        return f"with positions that are no integers from 0 to {len(clips) - 1}"
    if len(set(positions)) < len(positions):
        return "that has a clip twice"
    shared = {clips[i].group for i in split.train} & {clips[i].group for i in split.test}
    if grouped and shared:
        return (
            f"that has clips of group {min(shared)!r} on both sides, which only a protocol with "
            "the parameter `grouped: false` may"
        )
    return ""


def split_hash(splits: Sequence[Split], ids: Sequence[str]) -> str:
    """Hash of which clips are on which side of which fold: what makes two cells comparable."""
    return digest(
        [[s.fold, sorted(ids[i] for i in s.train), sorted(ids[i] for i in s.test)] for s in splits]
    )


TRAINED, TESTED, NEITHER = "r", "t", "-"


def sides(splits: Sequence[Split], n_clips: int) -> list[str]:
    """Write splits down: a string a fold, a character a clip: r trained on, t tested, - neither."""
    written = []
    for split in splits:
        marks = [NEITHER] * n_clips
        for side, mark in ((split.train, TRAINED), (split.test, TESTED)):
            for i in side:
                marks[i] = mark
        written.append("".join(marks))
    return written


def splits_of(sides: Sequence[str]) -> list[Split]:
    """Read what `sides` wrote."""
    return [
        Split(fold, *(tuple(i for i, s in enumerate(side) if s == m) for m in (TRAINED, TESTED)))
        for fold, side in enumerate(sides)
    ]


def _group_codes(clips: Sequence[Clip], grouped: bool) -> np.ndarray:
    """Number the groups in the order they first appear; without grouping each clip is one."""
    import numpy as np

    if not grouped:
        return np.arange(len(clips))
    codes: dict[str, int] = {}
    return np.asarray([codes.setdefault(clip.group, len(codes)) for clip in clips])


def _split(fold: int, train: np.ndarray, test: np.ndarray) -> Split:
    import numpy as np

    return Split(fold, tuple(np.flatnonzero(train).tolist()), tuple(np.flatnonzero(test).tolist()))
