"""Splits: groups stay together, sizes are the papers', chance comes from the seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from drawn import drawn
from merbench import Clip, MerbenchError
from merbench.benchmark import protocols
from merbench.benchmark.protocols import (
    PROTOCOLS,
    MonteCarlo,
    PublishedSplit,
    Split,
    StratifiedKFold,
    split_hash,
)

VA = (0.5, 0.5, 0.1, 0.2)


def make(
    sizes: Sequence[int], *, quadrants: Sequence[int] = (), splits: Sequence[str] = ()
) -> list[Clip]:
    """Clips in groups of the given sizes; of `quadrants` and `splits`, where given, in turn."""
    clips: list[Clip] = []
    for group, size in enumerate(sizes):
        for _ in range(size):
            i = len(clips)
            label = VA
            if quadrants:
                label = tuple(float(q == quadrants[i % len(quadrants)]) for q in range(4))
            split = splits[group % len(splits)] if splits else ""
            clips.append(Clip(f"c{i}", f"g{group}", label, Path("x.wav"), split=split))
    return clips


def check_sides(split: Split, clips: Sequence[Clip], *, grouped: bool = True) -> None:
    """Every clip is on one side, none of the sides is empty, no group is on both."""
    assert split.train
    assert split.test
    assert sorted((*split.train, *split.test)) == list(range(len(clips)))
    if grouped:
        train, test = ({clips[i].group for i in side} for side in (split.train, split.test))
        assert not train & test


group_sizes = st.lists(st.integers(1, 9), min_size=2, max_size=25)


# --- Monte Carlo ----------------------------------------------------------------------------------


@given(sizes=group_sizes, fraction=st.floats(0.01, 0.99), seed=st.integers(0, 99))
@drawn(40)
def test_monte_carlo_keeps_groups_apart(sizes: list[int], fraction: float, seed: int) -> None:
    clips = make(sizes)
    for split in MonteCarlo(folds=3, test_fraction=fraction, seed=seed).splits(clips):
        check_sides(split, clips)


@given(sizes=group_sizes, fraction=st.floats(0.1, 0.9))
@drawn(40)
def test_grouped_test_sides_are_near_their_share(sizes: list[int], fraction: float) -> None:
    clips = make(sizes)
    for split in MonteCarlo(folds=3, test_fraction=fraction).splits(clips):
        # Off by half a group at most, but for one group that each side keeps.
        assert abs(len(split.test) - fraction * len(clips)) <= max(sizes) + 1


@pytest.mark.parametrize(
    ("n", "fraction", "train", "test"),
    [(767, 0.2, 613, 154), (100, 0.2, 80, 20), (10, 0.5, 5, 5), (10, 0.3, 7, 3), (2, 0.2, 1, 1)],
)
def test_ungrouped_sizes_are_the_papers(n: int, fraction: float, train: int, test: int) -> None:
    clips = make([n])
    for split in MonteCarlo(folds=3, test_fraction=fraction, grouped=False).splits(clips):
        check_sides(split, clips, grouped=False)
        assert (len(split.train), len(split.test)) == (train, test)


def test_groups_of_one_clip_give_the_same_sizes_as_none() -> None:
    (split,) = MonteCarlo(folds=1).splits(make([1] * 767))
    assert (len(split.train), len(split.test)) == (613, 154)


def test_folds_differ_and_are_numbered() -> None:
    splits = MonteCarlo(folds=10).splits(make([1] * 50))
    assert [split.fold for split in splits] == list(range(10))
    assert len({split.test for split in splits}) == 10


def test_a_seed_gives_its_splits_again_and_another_gives_others() -> None:
    clips = make([3] * 20)
    assert MonteCarlo(seed=4).splits(clips) == MonteCarlo(seed=4).splits(clips)
    assert MonteCarlo(seed=4).splits(clips) != MonteCarlo(seed=5).splits(clips)


def test_more_folds_begin_with_the_same_ones() -> None:
    clips = make([2] * 20)
    assert MonteCarlo(folds=9).splits(clips)[:4] == MonteCarlo(folds=4).splits(clips)


def test_every_clip_is_tested_now_and_then() -> None:
    splits = MonteCarlo(folds=100).splits(make([2] * 10))
    tested = np.bincount([i for split in splits for i in split.test], minlength=20)
    # 100 draws of 20 %: 20 on average, standard deviation 4.
    assert tested.min() >= 4
    assert tested.max() <= 36


def test_splits_leave_global_chance_alone() -> None:
    before = np.random.get_state(legacy=False)  # noqa: NPY002
    MonteCarlo().splits(make([1] * 20))
    StratifiedKFold(folds=3).splits(make([1] * 20, quadrants=[0, 1, 2, 3]))
    assert repr(np.random.get_state(legacy=False)) == repr(before)  # noqa: NPY002


def test_one_group_cannot_be_split() -> None:
    with pytest.raises(MerbenchError, match="7 clips of one group cannot be split"):
        MonteCarlo().splits(make([7]))
    with pytest.raises(MerbenchError, match="7 clips of one group cannot be split"):
        StratifiedKFold(folds=2).splits(make([7]))


# --- stratified k-fold ----------------------------------------------------------------------------


@given(
    sizes=st.lists(st.integers(1, 6), min_size=4, max_size=15),
    folds=st.integers(2, 4),
    repeats=st.integers(1, 3),
    classes=st.booleans(),
)
@drawn(30)
@pytest.mark.filterwarnings("ignore:The least populated class")
def test_k_folds_keep_groups_apart_and_test_every_clip_once_a_repeat(
    sizes: list[int], folds: int, repeats: int, classes: bool
) -> None:
    clips = make(sizes, quadrants=[0, 1, 2] if classes else [])
    assume(not classes or len(clips) >= 3 * folds)
    splits = StratifiedKFold(folds=folds, repeats=repeats).splits(clips)
    assert [split.fold for split in splits] == list(range(folds * repeats))
    for split in splits:
        check_sides(split, clips)
    for repeat in range(repeats):
        tested = [i for split in splits[repeat * folds :][:folds] for i in split.test]
        assert sorted(tested) == list(range(len(clips)))


def test_stratification_keeps_each_classs_share() -> None:
    clips = make([1] * 100, quadrants=[0, 0, 0, 1, 2])  # 60, 20, 20 and none
    for split in StratifiedKFold(folds=5).splits(clips):
        tested = np.sum([clips[i].label for i in split.test], axis=0)
        np.testing.assert_array_equal(tested, [12, 4, 4, 0])


def test_without_stratification_shares_are_left_to_chance() -> None:
    clips = make([1] * 100, quadrants=[0, 0, 0, 1, 2])
    shares = {
        tuple(np.sum([clips[i].label for i in split.test], axis=0))
        for split in StratifiedKFold(folds=5, stratified=False).splits(clips)
    }
    assert len(shares) > 1


@given(
    sizes=st.lists(st.integers(1, 5), min_size=4, max_size=30),
    folds=st.integers(2, 4),
    seed=st.integers(0, 2**31 - 1),
)
def test_groups_are_cut_as_scikit_learn_cuts_them(sizes: list[int], folds: int, seed: int) -> None:
    from sklearn.model_selection import GroupKFold

    groups = np.repeat(np.arange(len(sizes)), sizes)
    cutter = GroupKFold(folds, shuffle=True, random_state=seed)
    expected = [test.tolist() for _, test in cutter.split(groups, None, groups)]
    cut = protocols._cut_groups(groups, folds, seed, None)
    assert [np.flatnonzero(part).tolist() for part in cut] == expected


def test_shares_of_votes_are_stratified_by_the_largest() -> None:
    votes = [(0.5, 0.3, 0.2, 0.0), (0.1, 0.2, 0.3, 0.4)]
    clips = [Clip(f"c{i}", f"g{i}", votes[i % 2], Path("x")) for i in range(40)]
    for split in StratifiedKFold(folds=4).splits(clips):
        assert sum(clips[i].label == votes[0] for i in split.test) == 5


def test_ungrouped_folds_split_groups() -> None:
    clips = make([50, 50])
    for split in StratifiedKFold(folds=5, grouped=False).splits(clips):
        check_sides(split, clips, grouped=False)
        assert len(split.test) == 20


def test_repeats_and_seeds_differ_and_a_seed_repeats() -> None:
    clips = make([1] * 30)
    splits = StratifiedKFold(folds=3, repeats=2).splits(clips)
    assert {s.test for s in splits[:3]} != {s.test for s in splits[3:]}
    assert splits == StratifiedKFold(folds=3, repeats=2).splits(clips)
    assert splits[:3] == StratifiedKFold(folds=3).splits(clips)
    assert splits != StratifiedKFold(folds=3, repeats=2, seed=2).splits(clips)


def test_too_few_groups_for_the_folds_are_an_error() -> None:
    with pytest.raises(MerbenchError, match="4 groups cannot be cut into 5 folds; lower `folds`"):
        StratifiedKFold(folds=5).splits(make([10] * 4))


def test_too_few_clips_of_every_class_are_an_error() -> None:
    clips = make([1] * 8, quadrants=[0, 1, 2, 3])
    with pytest.raises(MerbenchError, match="no class has a clip for each of the 5 folds"):
        StratifiedKFold(folds=5).splits(clips)
    assert len(StratifiedKFold(folds=5, stratified=False).splits(clips)) == 5


# --- published ------------------------------------------------------------------------------------


def test_the_published_split_trains_on_train_and_validation() -> None:
    clips = make([1] * 6, splits=["train", "validation", "test"])
    (split,) = PublishedSplit().splits(clips)
    assert split == Split(0, (0, 1, 3, 4), (2, 5))


def test_other_parts_can_be_named_and_the_rest_is_left_out() -> None:
    clips = make([1] * 6, splits=["train", "validation", "test"])
    (split,) = PublishedSplit(train=("train",), test=("validation",)).splits(clips)
    assert split == Split(0, (0, 3), (1, 4))


@pytest.mark.parametrize(
    ("splits", "known"), [((), "none"), (["train"], "train"), (["a", "b"], "a, b")]
)
def test_a_missing_part_is_an_error_that_lists_those_there_are(
    splits: Sequence[str], known: str
) -> None:
    with pytest.raises(MerbenchError, match=f"train/validation and test; .* parts are: {known}$"):
        PublishedSplit().splits(make([1] * 4, splits=splits))


def test_a_group_on_both_published_sides_is_an_error() -> None:
    clips = [Clip(f"c{i}", "same", VA, Path("x"), split=s) for i, s in enumerate(("train", "test"))]
    with pytest.raises(MerbenchError, match="puts group 'same' on both sides"):
        PublishedSplit().splits(clips)


# --- identity -------------------------------------------------------------------------------------


def hashed(splits: Sequence[Split], clips: Sequence[Clip]) -> str:
    return split_hash(splits, [clip.id for clip in clips])


def test_the_hash_tells_membership_and_not_order() -> None:
    clips = make([1] * 5)
    base = hashed([Split(0, (0, 1, 2), (3, 4))], clips)
    assert hashed([Split(0, (2, 0, 1), (4, 3))], clips) == base
    assert hashed([Split(0, (0, 1), (2, 3, 4))], clips) != base
    assert hashed([Split(0, (3, 4), (0, 1, 2))], clips) != base
    assert hashed([Split(1, (0, 1, 2), (3, 4))], clips) != base
    assert hashed([Split(0, (0, 1, 2), (3, 4))] * 2, clips) != base


def test_the_hash_is_of_ids_and_not_of_positions() -> None:
    clips = make([1] * 5)
    moved = clips[::-1]
    assert hashed([Split(0, (0, 1, 2), (3, 4))], clips) == hashed(
        [Split(0, (4, 3, 2), (1, 0))], moved
    )
    assert hashed([Split(0, (0, 1, 2), (3, 4))], clips) != hashed(
        [Split(0, (0, 1, 2), (3, 4))], moved
    )


def test_identity_has_the_name_and_every_parameter() -> None:
    assert MonteCarlo(folds=3).identity() == {
        "name": "monte-carlo",
        "parameters": {"folds": 3, "test_fraction": 0.2, "seed": 1, "grouped": True},
    }


@pytest.mark.parametrize("name", PROTOCOLS)
def test_protocols_are_frozen_and_refuse_what_they_do_not_know(name: str) -> None:
    cls = PROTOCOLS[name]
    with pytest.raises(ValidationError, match="not permitted"):
        cls.model_validate({"fold": 3})
    with pytest.raises(AttributeError, match="frozen"):
        cls().name_of_nothing = 3  # type: ignore[attr-defined]
    assert all(info.description for info in cls.model_fields.values())


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("monte-carlo", {"folds": 0}),
        ("monte-carlo", {"test_fraction": 0}),
        ("monte-carlo", {"test_fraction": 1}),
        ("monte-carlo", {"seed": -1}),
        ("stratified-k-fold", {"folds": 1}),
        ("stratified-k-fold", {"repeats": 0}),
    ],
)
def test_values_out_of_range_are_refused(name: str, wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=r"should be (greater|less)"):
        PROTOCOLS[name].model_validate(wrong)
