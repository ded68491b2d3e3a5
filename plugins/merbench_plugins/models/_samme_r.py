"""SAMME.R: multi-class AdaBoost with real-valued votes, which scikit-learn had before 1.6."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

Floats = NDArray[np.float64]

_LEAST = float(np.finfo(np.float64).eps)
"""What probabilities and weights of 0 are raised to, so that logarithms exist; as scikit-learn."""


class RealAdaBoostClassifier(ClassifierMixin, BaseEstimator):
    """Algorithm 4 of Zhu et al., Multi-class AdaBoost, Statistics and Its Interface 2, 2009.

    Parameters
    ----------
    estimator
        Of class probabilities; a clone is fitted each time.
    n_estimators
        Times at most. Fewer where one makes no mistake on the training examples.
    learning_rate
        What the logarithm of an example's new weight is multiplied by.
    random_state
        What each clone's is drawn from.
    """

    def __init__(
        self,
        estimator: Any,
        n_estimators: int = 50,
        learning_rate: float = 1.0,
        random_state: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> RealAdaBoostClassifier:
        """Fit to examples (n, d) of classes (n,)."""
        self.classes_, column = np.unique(y, return_inverse=True)
        weight = np.ones(len(column)) if sample_weight is None else np.array(sample_weight, float)
        weighed, weight = weight > 0, weight / weight.sum()
        # Step 2 d: of K classes the true one is 1 and others are -1/(K-1), times (K-1)/K.
        truth = _centred(np.eye(len(self.classes_)))[column]
        rng = check_random_state(self.random_state)
        self.estimators_: list[Any] = []
        while len(self.estimators_) < self.n_estimators:
            weight = np.where(weighed, np.maximum(weight, _LEAST), 0)
            estimator = clone(self.estimator)
            estimator.set_params(random_state=rng.randint(np.iinfo(np.int32).max))
            self.estimators_.append(estimator.fit(X, y, sample_weight=weight))
            logarithms = _logarithms(estimator, X)
            if not weight[logarithms.argmax(axis=1) != column].any():
                break
            weight = weight * np.exp(-self.learning_rate * (truth * logarithms).sum(axis=1))
            weight /= weight.sum()
        return self

    def decision_function(self, X: Any) -> Floats:
        """Return the mean vote for each class, shape (n, k), which sums to 0."""
        check_is_fitted(self)
        k = len(self.classes_)
        votes = [(k - 1) * _centred(_logarithms(each, X)) for each in self.estimators_]
        return np.asarray(np.mean(votes, axis=0))

    def predict_proba(self, X: Any) -> Floats:
        """Return the probabilities of which the votes are estimates, shape (n, k).

        The additive model that the algorithm fits has exp(vote / (K-1)) for them, up to a factor.
        """
        return np.asarray(softmax(self.decision_function(X) / (len(self.classes_) - 1), axis=1))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class of most votes, shape (n,)."""
        return np.asarray(self.classes_[self.decision_function(X).argmax(axis=1)])


def _logarithms(estimator: Any, X: Any) -> Floats:
    return np.asarray(np.log(np.maximum(estimator.predict_proba(X), _LEAST)))


def _centred(rows: Floats) -> Floats:
    centred: Floats = rows - rows.mean(axis=1, keepdims=True)
    return centred
