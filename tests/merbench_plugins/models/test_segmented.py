"""Pieces of clips: where they are cut, what is told of them, and how clips come of them."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.base import BaseEstimator

from merbench import FeatureKind, MerbenchError
from merbench.steps.assembling import ClipRows
from merbench_plugins.models._segments import SegmentedEstimator, Segments, _rounded
from merbench_plugins.models.hybrid import LouroHybrid
from merbench_plugins.models.recurrent import LongShortTermMemory
from merbench_plugins.models.ridge import Ridge
from merbench_plugins.models.segmented import Segmented


def clips(lengths, *, width=2, rates=None, transposed=False):
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    flat = np.arange(offsets[-1] * width, dtype=np.float32).reshape(-1, width)
    rate = None if rates is None else np.asarray(rates, float)
    return ClipRows(flat, np.arange(len(lengths)), offsets, transposed=transposed, rates=rate)


class Told(BaseEstimator):
    """Remembers what it was fitted to; predicts the first number of a piece as class 0."""

    def fit(self, X, Y, groups=None, copy_of=None):
        self.X, self.Y, self.groups, self.copy_of = X, Y, groups, copy_of
        return self

    def predict(self, X):
        first = np.array([piece.ravel()[0] for piece in X])
        return np.column_stack([first, -first])


def test_pieces_are_cut_along_time_and_what_is_left_over_is_dropped():
    X = clips([10, 3, 7])
    pieces = Segments(X, FeatureKind.SEQUENCE, 4, 3)
    assert list(zip(pieces.clip, pieces.number, strict=True)) == [
        (0, 0), (0, 1), (0, 2), (1, 0), (2, 0), (2, 1),
    ]  # fmt: skip
    assert pieces.shape == (6, 4, 2)
    np.testing.assert_array_equal(pieces[1], X[0][3:7])
    # A clip that is too short is played again.
    np.testing.assert_array_equal(pieces[3], np.concatenate([X[1], X[1][:1]]))
    np.testing.assert_array_equal(pieces[[0, 5]], [X[0][:4], X[2][3:7]])
    sound = Segments(clips([10, 4], width=1, transposed=True), FeatureKind.WAVEFORM, 5, 5)
    assert sound.shape == (3, 1, 5)
    image = np.random.default_rng(0).random((2, 1, 3, 9))
    images = Segments(image, FeatureKind.IMAGE, 4, 4)
    np.testing.assert_array_equal(images[3], image[1, :, :, 4:8])


def test_pieces_have_their_clips_group_and_are_copies_of_the_originals_pieces():
    X, Y = clips([8, 4, 12, 9]), np.eye(2)[[0, 1, 0, 0]]
    told = Told()
    estimator = SegmentedEstimator(told, FeatureKind.SEQUENCE, 4, None, None, "mean")
    groups, copy_of = np.array(["a", "b", "c", "a"]), np.array([0, 1, 2, 0])
    estimator.fit(X, Y, groups=groups, copy_of=copy_of)
    assert told.X.clip.tolist() == [0, 0, 1, 2, 2, 2, 3, 3]
    assert told.groups.tolist() == list("aabcccaa")
    assert told.copy_of.tolist() == [0, 1, 2, 3, 4, 5, 0, 1]
    np.testing.assert_array_equal(told.Y, Y[told.X.clip])
    estimator.fit(X, Y)
    assert told.groups.tolist() == list("00122233")
    assert told.copy_of is None


def test_a_model_of_vectors_is_given_the_mean_of_a_pieces_frames():
    X, Y = clips([8, 4]), np.eye(2)
    assert Segmented(model=Ridge(), length=4).inputs is FeatureKind.SEQUENCE
    told = Told()
    SegmentedEstimator(told, FeatureKind.VECTOR, 4, None, None, "mean").fit(X, Y)
    np.testing.assert_array_equal(
        told.X, [X[0][:4].mean(axis=0), X[0][4:].mean(axis=0), X[1][:].mean(axis=0)]
    )
    np.testing.assert_array_equal(told.Y, Y[[0, 0, 1]])


def test_a_clip_is_the_mean_of_its_pieces():
    X = clips([8, 4])
    estimator = SegmentedEstimator(Told(), FeatureKind.SEQUENCE, 4, None, None, "mean")
    predicted = estimator.fit(X, np.eye(2)).predict(X)
    np.testing.assert_allclose(predicted[:, 0], [(0 + 8) / 2, 16])


def test_the_papers_rule_rounds_the_mean_number_of_the_class():
    rows = np.eye(4)[[0, 2, 3, 3, 1, 0, 1, 1, 2]]
    clip = np.array([0, 0, 1, 1, 1, 2, 2, 2, 2])
    # Q1 and Q3 make Q2; (3 + 3 + 1) / 3 rounds to 2; (0 + 1 + 1 + 2) / 4 is 1.
    np.testing.assert_array_equal(_rounded(rows, clip), np.eye(4)[[1, 2, 1]])


def test_seconds_need_one_known_rate():
    def fit(rates):
        told = Told()
        estimator = SegmentedEstimator(told, FeatureKind.SEQUENCE, None, 2.0, 1.0, "mean")
        estimator.fit(clips([8, 8], rates=rates), np.eye(2))
        return told.X

    pieces = fit([2.0, 2.0])
    assert (pieces.length, pieces.step) == (4, 2)
    assert pieces.rates.tolist() == [2.0] * 6
    for rates in (None, [2.0, 3.0]):
        with pytest.raises(MerbenchError, match="needs clips of one known number of frames"):
            fit(rates)


def test_what_it_is_given_must_make_sense():
    for settings, message in (
        ({"model": LouroHybrid(), "length": 3}, "takes no single sequence, image, audio or vector"),
        ({"model": LongShortTermMemory()}, "either `length`"),
        ({"model": LongShortTermMemory(), "length": 3, "seconds": 1.0}, "either `length`"),
    ):
        with pytest.raises(ValidationError, match=message):
            Segmented(**settings)
    rounded = Segmented(model=LongShortTermMemory(), length=5, aggregate="rounded-index")
    assert "va" not in rounded.tasks
    assert rounded.inputs is FeatureKind.SEQUENCE
