"""Each training clip predicted by an estimator that never saw it."""

from __future__ import annotations

import numpy as np

from merbench.steps.assembling import ClipRows
from merbench_plugins.models._inner_folds import TrainingRows
from merbench_plugins.models._out_of_fold import out_of_fold, take_clips

N = 12
X = np.column_stack([np.arange(N), np.arange(N)]).astype(np.float32)
Y = np.arange(4.0 * N).reshape(N, 4)
GROUPS = np.array([f"g{i // 2}" for i in range(10)] + ["g0", "g3"])
COPY_OF = np.array([*range(10), 1, 7])


class Spy:
    """Notes what it is fitted to, and predicts a clip by its number."""

    seen: list = []  # noqa: RUF012

    def fit(self, X, Y, groups=None, copy_of=None):
        self.rows = X[:, 0].astype(int)
        np.testing.assert_array_equal(Y[:, 0], 4 * self.rows)
        np.testing.assert_array_equal(groups, GROUPS[self.rows])
        np.testing.assert_array_equal(self.rows[copy_of], COPY_OF[self.rows])

    def predict(self, X):
        asked = X[:, 0].astype(int)
        Spy.seen.append((self.rows, asked))
        return np.repeat(X[:, :1], 4, axis=1).astype(np.float64)


def test_originals_are_predicted_once_by_one_that_saw_nothing_of_their_group():
    Spy.seen.clear()
    known = TrainingRows.of(N, GROUPS, COPY_OF)
    fold = np.array([0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 0, 0])
    predicted = out_of_fold(Spy, X, Y, known, fold)
    np.testing.assert_array_equal(predicted[:, 0], np.arange(10))
    assert sorted(clip for _, asked in Spy.seen for clip in asked) == list(range(10))
    for trained, asked in Spy.seen:
        assert not set(GROUPS[trained]) & set(GROUPS[asked])
        assert not set(COPY_OF[trained]) & set(COPY_OF[asked])
    copies = [set(trained) & {10, 11} for trained, _ in Spy.seen]
    assert copies == [set(), {10, 11}, {10, 11}]  # trained on, where their fold is another


def test_taken_clips_know_their_frame_rates():
    rates = np.arange(1.0, N + 1)
    frames = np.repeat(X, 3, axis=0)
    rows = ClipRows(frames, np.arange(N), np.arange(0, 3 * N + 1, 3), rates=rates)
    taken = take_clips((X, rows), np.array([7, 2, 5]))[1]
    np.testing.assert_array_equal(taken.rates, [8.0, 3.0, 6.0])
    np.testing.assert_array_equal(take_clips(taken, np.array([2])).rates, [6.0])
    unknown = ClipRows(frames, np.arange(N), np.arange(0, 3 * N + 1, 3))
    assert take_clips(unknown, np.array([1])).rates is None
