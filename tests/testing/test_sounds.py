"""The music, labels and features that checks are made with."""

from __future__ import annotations

import numpy as np
import pytest

from merbench import FeatureKind, Task, testing


def test_votes_are_shares_that_lean_to_the_labels() -> None:
    votes = testing.votes(Task.QUADRANT, 200)
    np.testing.assert_allclose(votes.sum(axis=1), 1)
    assert ((votes > 0) & (votes < 1)).any(axis=1).mean() > 0.5
    assert (votes.argmax(axis=1) == testing.labels(Task.QUADRANT, 200).argmax(axis=1)).mean() > 0.7


def test_music_is_what_a_separator_may_get() -> None:
    music = testing.music(1.5)
    assert (music.shape, music.dtype) == ((2, round(1.5 * testing.SAMPLE_RATE)), np.float32)
    assert not np.array_equal(music[0], music[1])
    assert testing.music(1.0, channels=1).shape == (1, testing.SAMPLE_RATE)
    np.testing.assert_array_equal(testing.music(0.5, seed=3), testing.music(0.5, seed=3))
    assert np.abs(music).max() < 4


def test_labels_are_what_a_dataset_may_give() -> None:
    va, quadrant = testing.labels(Task.VA, 50), testing.labels(Task.QUADRANT, 50)
    assert va.shape == quadrant.shape == (50, 4)
    assert ((va > 0) & (va < 1)).all()
    np.testing.assert_array_equal(quadrant.sum(axis=1), 1)


@pytest.mark.parametrize("kind", FeatureKind)
def test_features_tell_something_of_the_labels(kind: FeatureKind) -> None:
    y = testing.labels(Task.VA, 30)
    x = testing.features(kind, y)
    assert len(x) == 30
    loudness = [np.mean(x[i]) if kind is FeatureKind.VECTOR else np.std(x[i]) for i in range(30)]
    assert abs(np.corrcoef(loudness, y[:, 0])[0, 1]) > 0.5
