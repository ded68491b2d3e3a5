from __future__ import annotations

import numpy as np
import pytest

from merbench.evaluation.novelty import WIDTH, Familiar

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("width", [3, 20, 4 * WIDTH])
def test_music_of_the_same_kind_is_usual_and_other_music_is_not(width: int) -> None:
    basis = RNG.standard_normal((4, width))
    clips = RNG.standard_normal((300, 4)) @ basis
    familiar = Familiar.of(clips[:200], np.arange(200) // 4)
    same = familiar.distances(clips[200:]) > familiar.limit
    assert same.mean() <= 0.06
    other = familiar.distances(clips[200:] + 25 * clips.std(axis=0)) > familiar.limit
    assert other.all()


def test_a_training_clip_is_no_distance_from_itself() -> None:
    clips = RNG.standard_normal((20, 5))
    familiar = Familiar.of(clips, np.arange(20))
    np.testing.assert_allclose(familiar.distances(clips), 0, atol=1e-6)


def test_the_limit_is_that_of_clips_of_other_groups_by_hand() -> None:
    clips = np.array([[0.0], [0.1], [1.0], [1.1], [3.0]])
    groups = np.array(["a", "a", "b", "b", "c"])
    familiar = Familiar.of(clips, groups)
    spread = (1.1 - 0.1) / 1.349
    nearest = np.array([1.0, 0.9, 0.9, 1.0, 1.9]) / spread
    assert familiar.limit == pytest.approx(np.percentile(nearest, 99))


def test_one_group_counts_as_clips() -> None:
    clips = np.array([[0.0], [1.0], [2.0]])
    assert np.isfinite(Familiar.of(clips, np.array(["a", "a", "a"])).limit)


def test_what_never_varies_does_not_decide() -> None:
    clips = np.column_stack([RNG.standard_normal(30), np.full(30, 7.0)])
    familiar = Familiar.of(clips, np.arange(30))
    assert np.isfinite(familiar.distances(np.array([[0.0, 7.0]]))).all()
    assert (familiar.distances(np.array([[0.0, 70.0]])) > familiar.limit).all()
