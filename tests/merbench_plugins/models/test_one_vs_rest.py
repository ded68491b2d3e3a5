"""Each class against the rest."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator

from merbench_plugins.models._one_vs_rest import OneVsRestClassifier


class Asking(BaseEstimator):
    """Asks for all that is known of its rows."""

    def fit(self, X, Y, groups, copy_of):
        self.told_ = groups, copy_of

    def predict(self, X):
        return np.full((len(X), 4), 0.25)


def test_what_is_wrapped_is_told_of_groups_and_copies():
    X, Y = np.arange(40).reshape(-1, 1), np.eye(4)[np.arange(40) % 4]
    groups, copy_of = np.full(40, "a"), np.arange(40)
    fitted = OneVsRestClassifier(Asking()).fit(X, Y, groups=groups, copy_of=copy_of)
    assert [one.told_ for one in fitted.estimators_] == [(groups, copy_of)] * 4
    np.testing.assert_allclose(fitted.predict(X), 0.25)
