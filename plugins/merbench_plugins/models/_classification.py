"""Classifiers between distributions over classes: from labels to one class a clip and back.

A label is a distribution, and so is a prediction, always with the columns of the labels: Q1..Q4, or
those of other classes. A classifier takes one class a clip. Where it takes weights, a clip whose
listeners disagree enters once for each class they named, weighted with its share
(`weighted_copies`); where it does not, by its most probable class (`most_probable`). With one-hot
labels both are the clips as they are, without weights. Models that average labels (neighbours,
trees) need no classes: `AveragedShares`.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedKFold
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.validation import check_is_fitted

from merbench import MerbenchError
from merbench.components.training_rows import asks_for
from merbench_plugins.models._checked import (
    check_width,
    checked_features,
    checked_labels,
    count_clips,
)
from merbench_plugins.models._inner_folds import TrainingRows, fold_of_each
from merbench_plugins.models._scaling import FeatureScaler, Scaling, Unit

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Probabilities: TypeAlias = Literal["calibrated", "scores"]

SUM_TOLERANCE = 1e-3
"""How far a label's shares may be from adding up to 1, as in the evaluation."""


class Examples(NamedTuple):
    """What a classifier is fitted to; all of shape (m,)."""

    clip: Integers
    """Row of the clip."""
    column: Integers
    """Of its class."""
    weight: Floats | None
    """None where all weigh 1."""

    def only(self, keep: NDArray[np.bool_]) -> Examples:
        """Return some of them."""
        weight = None if self.weight is None else self.weight[keep]
        return Examples(self.clip[keep], self.column[keep], weight)


def checked_shares(Y: Any, n_clips: int) -> Floats:
    """Return labels as distributions (n, k), or raise `MerbenchError`."""
    shares = checked_labels(Y, n_clips)
    if shares.shape[1] < 2:
        raise MerbenchError("labels have 1 column; give two classes or more, a share of each")
    off = (shares < 0).any(axis=1) | (np.abs(shares.sum(axis=1) - 1) > SUM_TOLERANCE)
    if off.any():
        raise MerbenchError(
            f"the label in row {np.flatnonzero(off)[0]} (from 0) is no distribution; give shares "
            "of the classes that are not negative and add up to 1"
        )
    return shares


def weighted_copies(shares: Floats) -> Examples:
    """Return one example for every clip and class of a share above 0, weighted with it."""
    clip, column = np.nonzero(shares)
    weight = shares[clip, column]
    return Examples(clip, column, None if (weight == 1).all() else weight)


def most_probable(shares: Floats) -> Examples:
    """Return one example a clip; of classes that tie, the first."""
    return Examples(np.arange(len(shares)), shares.argmax(axis=1), None)


def in_columns(probabilities: Floats, columns: Integers, width: int) -> Floats:
    """Spread probabilities of some classes over all `width` columns, 0 for the others."""
    rows = np.zeros((len(probabilities), width))
    rows[:, columns] = probabilities
    rows /= rows.sum(axis=1, keepdims=True)
    return rows


def smoothed(shares: Floats, votes: Any, added: float) -> Floats:
    """Add clips of every class to what a prediction rests on (Lidstone's and Laplace's rule).

    Parameters
    ----------
    shares
        Shape (n, k), rows that sum to 1.
    votes
        Clips, or trees, that each row is the average of; a number, or shape (n, 1).
    added
        Clips of each class.
    """
    result: Floats = (votes * shares + added) / (votes + shares.shape[1] * added)
    return result


class SharesClassifier(BaseEstimator):
    """A scikit-learn classifier that is given distributions and returns distributions.

    The scaler is fitted to the training clips, once each. Where fewer than two classes can be
    learnt, the mean label of the training clips is predicted.

    Parameters
    ----------
    classifier
        A clone of it is fitted, and told the unit of each example where it asks for `groups`. It
        has `predict_proba`, or `calibration_folds` are given.
    scaling, unit
        See `FeatureScaler`.
    weighted
        Whether it takes weights, and so `weighted_copies`; else `most_probable`.
    calibration_folds
        Scores become probabilities by one sigmoid a class, fitted to the scores of clips by
        classifiers that never saw them (Platt 1999; scikit-learn's `CalibratedClassifierCV`). All
        weighted copies of a clip are in one fold, all clips of a group (artist, song or series),
        and every clip with its augmented copies. Classes of a single group cannot be learnt and
        are left out.
    fewest
        Clips of a class below which it is left out.
    smoothing
        See `smoothed`; what a prediction rests on are the training clips.
    """

    def __init__(
        self,
        classifier: Any,
        *,
        scaling: Scaling = "none",
        unit: Unit = "feature",
        weighted: bool = True,
        calibration_folds: int | None = None,
        fewest: int = 1,
        smoothing: float = 0.0,
    ) -> None:
        self.classifier = classifier
        self.scaling = scaling
        self.unit = unit
        self.weighted = weighted
        self.calibration_folds = calibration_folds
        self.fewest = fewest
        self.smoothing = smoothing

    def fit(self, X: Any, Y: Any, groups: Any = None, copy_of: Any = None) -> SharesClassifier:
        """Fit to features (n, d) and distributions (n, k).

        Raises
        ------
        MerbenchError
            Where either is not that, or not finite, or a single group is to be split.
        """
        X = checked_features(X)
        shares = checked_shares(Y, len(X))
        self.n_clips_, self.n_features_in_ = X.shape
        self.mean_ = shares.mean(axis=0) / shares.mean(axis=0).sum()
        self.scaler_ = None
        if self.scaling != "none":
            self.scaler_ = FeatureScaler(self.scaling, self.unit).fit(X)
            X = self.scaler_.transform(X)

        examples = weighted_copies(shares) if self.weighted else most_probable(shares)
        fewest = max(self.fewest, 1 if self.calibration_folds is None else 2)
        counts = np.bincount(examples.column)
        examples = examples.only(counts[examples.column] >= fewest)
        units = TrainingRows.of(len(X), groups, copy_of).units
        classifier = clone(self.classifier)
        if self.calibration_folds is not None and len(np.unique(examples.column)) > 1:
            examples, folds = _folds(examples, shares, units, self.calibration_folds)
            classifier = CalibratedClassifierCV(classifier, cv=folds, ensemble=False)
        self.columns_, classes = np.unique(examples.column, return_inverse=True)
        self.classifier_ = None
        if len(self.columns_) > 1:
            if len(examples.clip) != len(X) or (np.diff(examples.clip) != 1).any():
                X = X[examples.clip]
            told: dict[str, Any] = {}
            if examples.weight is not None:
                told["sample_weight"] = examples.weight
            if "groups" in asks_for(self.classifier):
                told["groups"] = units[examples.clip]
            self.classifier_ = classifier.fit(X, classes, **told)
        return self

    def predict(self, X: Any) -> Floats:
        """Return distributions, shape (n, k)."""
        check_is_fitted(self)
        X = checked_features(X)
        check_width(X, self.n_features_in_)
        if self.classifier_ is None:
            shares = np.tile(self.mean_, (len(X), 1))
        else:
            if self.scaler_ is not None:
                X = self.scaler_.transform(X)
            probabilities = self.classifier_.predict_proba(X).astype(np.float64)
            shares = in_columns(probabilities, self.columns_, len(self.mean_))
        return smoothed(shares, self.n_clips_, self.smoothing)


class ScoresClassifier(ClassifierMixin, BaseEstimator):
    """A classifier whose scores serve as probabilities, so that its decisions stay its own.

    A row is the softmax of `decision_function`. Where LIBSVM's votes of pairs of classes tie, it
    decides for the first of these whatever their scores, and the two scores change places.

    Parameters
    ----------
    classifier
        A clone of it is fitted. It has `decision_function`.
    """

    def __init__(self, classifier: Any) -> None:
        self.classifier = classifier

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> ScoresClassifier:
        """Fit to examples (n, d) of classes (n,)."""
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        self.classifier_ = clone(self.classifier).fit(X, y, **weights)
        self.classes_ = self.classifier_.classes_
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the classifier's decisions, shape (n,)."""
        check_is_fitted(self)
        return np.asarray(self.classifier_.predict(X))

    def predict_proba(self, X: Any) -> Floats:
        """Return the softmax of the scores, shape (n, k)."""
        scores = self.classifier_.decision_function(X)
        if scores.ndim == 1:  # of the second of two classes
            scores = np.column_stack([-scores, scores])
        rows, highest = np.arange(len(scores)), scores.argmax(axis=1)
        decided = np.searchsorted(self.classes_, self.predict(X))
        scores[rows, highest], scores[rows, decided] = (
            scores[rows, decided],
            scores[rows, highest],
        )
        return np.asarray(softmax(scores, axis=1))


def classifier_by_scores(
    classifier: Any, probabilities: Probabilities, folds: int, **settings: Any
) -> SharesClassifier:
    """Return a `SharesClassifier` of a classifier that has scores and no probabilities.

    Parameters
    ----------
    classifier
        It has `decision_function`.
    probabilities
        calibrated: by sigmoids fitted in `folds` parts. scores: as `ScoresClassifier` has them.
    folds, settings
        See `SharesClassifier`.
    """
    if probabilities == "scores":
        return SharesClassifier(ScoresClassifier(classifier), **settings)
    return SharesClassifier(classifier, calibration_folds=folds, **settings)


def _folds(
    examples: Examples, shares: Floats, units: Integers, folds: int
) -> tuple[Examples, list[tuple[Integers, Integers]]]:
    """Split examples for calibration, by unit and stratified by clips' most probable class.

    Classes that a training part would be without are left out: returned are the examples
    without them, and rows of these, (rest, fold), one pair a fold.

    Parameters
    ----------
    examples
        What is split.
    shares
        Shape (n, k): the clips' labels.
    units
        Shape (n,): what clips are never parted, see `TrainingRows.units`.
    folds
        Their number; no more than the rarest class has units.
    """
    while True:
        clips = np.unique(examples.clip)
        likeliest = shares[clips].argmax(axis=1)
        parted = np.unique(np.column_stack([units[clips], likeliest]), axis=0)
        rarest = int(np.unique(parted[:, 1], return_counts=True)[1].min())
        n_folds = max(2, min(folds, rarest))
        fold_of_clip = np.empty(len(shares), np.intp)
        if len(np.unique(units[clips])) < len(clips):
            own = np.unique(units[clips], return_inverse=True)[1]
            fold_of_clip[clips] = fold_of_each(own, n_folds, strata=likeliest)
        elif rarest > 1:
            for number, (_, rows) in enumerate(StratifiedKFold(n_folds).split(clips, likeliest)):
                fold_of_clip[clips[rows]] = number
        else:  # which scikit-learn objects to: dealt out, class by class
            dealt = clips[np.argsort(likeliest, kind="stable")]
            fold_of_clip[dealt] = np.arange(len(clips)) % n_folds
        fold = fold_of_clip[examples.clip]
        rests = [np.flatnonzero(fold != k) for k in range(n_folds)]
        present = np.unique(examples.column)
        always = [c for c in present if all(c in examples.column[rest] for rest in rests)]
        if len(always) == len(present):
            return examples, [(rest, np.flatnonzero(fold == k)) for k, rest in enumerate(rests)]
        examples = examples.only(np.isin(examples.column, always))
        if len(always) < 2:
            return examples, []


class AveragedShares(BaseEstimator):
    """A regressor that averages training labels, and so predicts distributions.

    On one-hot labels a mean of labels is the share of each class, and the squared error of a node
    is its Gini impurity: such a regressor is the classifier of its kind, and takes shares of votes
    as they are.

    Parameters
    ----------
    regressor
        Fitted to distributions (n, k).
    votes
        Labels in each average; None where `regressor` smooths by itself.
    smoothing
        See `smoothed`.
    """

    def __init__(self, regressor: Any, votes: int | None, smoothing: float = 0.0) -> None:
        self.regressor = regressor
        self.votes = votes
        self.smoothing = smoothing

    def fit(self, X: Any, Y: Any) -> AveragedShares:
        """Fit a clone of the regressor to distributions (n, k)."""
        shares = checked_shares(Y, count_clips(X))
        self.regressor_ = clone(self.regressor).fit(X, shares)
        return self

    def predict(self, X: Any) -> Floats:
        """Return distributions, shape (n, k)."""
        check_is_fitted(self)
        shares = np.clip(np.asarray(self.regressor_.predict(X), dtype=np.float64), 0, None)
        shares /= shares.sum(axis=1, keepdims=True)
        return shares if self.votes is None else smoothed(shares, self.votes, self.smoothing)


class LeafShares(DecisionTreeRegressor):
    """A tree of distributions, each leaf's smoothed by the training clips in it.

    Laplace's rule in the leaves: Provost and Domingos, Tree induction for probability-based
    ranking, Machine Learning 52 (2003).

    Parameters
    ----------
    smoothing
        See `smoothed`.
    max_depth, min_samples_leaf, max_features, random_state
        As `DecisionTreeRegressor` has them.
    """

    def __init__(
        self,
        smoothing: float = 0.0,
        *,
        max_depth: int | None = None,
        min_samples_leaf: int = 1,
        random_state: int = 0,
    ) -> None:
        super().__init__(
            max_depth=max_depth, min_samples_leaf=min_samples_leaf, random_state=random_state
        )
        self.smoothing = smoothing

    def predict(self, X: Any) -> Floats:
        """Return distributions, shape (n, k)."""
        clips = self.tree_.n_node_samples[self.apply(X)]
        return smoothed(super().predict(X), clips[:, np.newaxis], self.smoothing)
