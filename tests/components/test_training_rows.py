"""What an estimator is told of its training rows: what it asks for, and no more."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    RandomizedSearchCV,
    StratifiedGroupKFold,
    StratifiedKFold,
)
from sklearn.pipeline import make_pipeline

from merbench.components.training_rows import asks_for, fit_estimator

X, Y = np.arange(12.0).reshape(6, 2), np.arange(24.0).reshape(6, 4)
GROUPS = np.array(["a", "a", "b", "b", "c", "a"])
COPY_OF = np.array([0, 1, 2, 3, 4, 0])


def search(splitter):
    return GridSearchCV(Ridge(), {"alpha": [1, 2]}, cv=splitter, scoring="neg_mean_squared_error")


class Told:
    """Notes what its `fit` is told; which it asks for is said in subclasses."""

    def fit(self, X, Y):
        self.told = {}


class Grouped(Told):
    def fit(self, X, Y, groups):
        self.told = {"groups": groups}


class Copied(Told):
    def fit(self, X, Y, *, copy_of=None):
        self.told = {"copy_of": copy_of}


class Both(Told):
    def fit(self, X, Y, copy_of, groups=None):
        self.told = {"groups": groups, "copy_of": copy_of}


class Anything(Told):
    """Would take anything, and asks for nothing by name."""

    def fit(self, X, Y, **others):
        self.told = others


@pytest.mark.parametrize(
    ("estimator", "asked"),
    [
        (Told(), ()),
        (Anything(), ()),
        (Grouped(), ("groups",)),
        (Copied(), ("copy_of",)),
        (Both(), ("groups", "copy_of")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_estimator_is_told_what_it_names(estimator, asked):
    assert asks_for(estimator) == asked
    assert fit_estimator(estimator, X, Y, groups=GROUPS, copy_of=COPY_OF) is estimator
    known = {"groups": GROUPS, "copy_of": COPY_OF}
    assert list(estimator.told) == list(asked)
    assert all(estimator.told[name] is known[name] for name in asked)


class OwnSplitter:
    """A splitter that has nothing of scikit-learn's."""

    def split(self, X, y=None, groups=None):
        yield from GroupKFold(2).split(X, y, groups)

    def get_n_splits(self, X=None, y=None, groups=None):
        return 2


KEEPING = [GroupKFold(2), StratifiedGroupKFold(2), LeaveOneGroupOut(), GroupShuffleSplit(2)]
REGARDLESS = [None, 3, KFold(3), StratifiedKFold(3), [(np.arange(3), np.arange(3, 6))]]


@pytest.mark.parametrize("splitter", [*KEEPING, OwnSplitter()], ids=lambda s: type(s).__name__)
def test_a_search_asks_where_its_splitter_keeps_groups_apart(splitter):
    drawn = RandomizedSearchCV(make_pipeline(Ridge()), {"ridge__alpha": [1, 2]}, cv=splitter)
    assert asks_for(search(splitter)) == asks_for(drawn) == ("groups",)
    if not isinstance(splitter, StratifiedGroupKFold):  # which takes classes only
        fit_estimator(search(splitter), X, Y, groups=GROUPS)


@pytest.mark.parametrize("splitter", REGARDLESS, ids=lambda s: type(s).__name__)
def test_a_search_that_has_no_use_for_groups_is_given_none_and_warns_of_nothing(splitter):
    assert asks_for(search(splitter)) == ()
    if not isinstance(splitter, StratifiedKFold):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit_estimator(search(splitter), X, Y, groups=GROUPS, copy_of=COPY_OF)


def test_what_is_not_known_is_not_made_up():
    assert fit_estimator(Both(), X, Y).told == {"groups": None, "copy_of": None}
    with pytest.raises(ValueError, match="groups"):
        fit_estimator(search(GroupKFold(2)), X, Y)


def test_a_fit_without_a_signature_asks_for_nothing():
    class BuiltIn:
        fit = dict  # no function of Python's, and no signature

    assert asks_for(BuiltIn()) == ()


def test_scikit_learn_is_not_imported_to_ask():
    code = (
        "import sys\n"
        "from merbench.components.training_rows import asks_for\n"
        "class E:\n"
        "    def fit(self, X, Y, groups): ...\n"
        "assert asks_for(E()) == ('groups',)\n"
        "assert not {'sklearn', 'numpy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
