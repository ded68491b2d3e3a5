"""Parameters chosen by cross-validation within the training clips."""

from __future__ import annotations

import logging
import pickle
from typing import Any, ClassVar

import numpy as np
import optuna
import pytest
from pydantic import Field
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV, GroupKFold

from merbench import FeatureKind, MerbenchError, Model, Task, testing
from merbench.evaluation import evaluate
from merbench_plugins.models._inner_folds import TrainingRows, fold_of_each
from merbench_plugins.models._search_space import with_parameters
from merbench_plugins.models.calibrated import Calibrated
from merbench_plugins.models.neighbours import NearestNeighbours
from merbench_plugins.models.one_vs_rest import OneVsRest
from merbench_plugins.models.ridge import Ridge
from merbench_plugins.models.tuned import Tuned

N = 48
GROUPS = np.array([f"artist {i // 4}" for i in range(N)])
COPY_OF = np.arange(N)
COPY_OF[40:] = np.arange(0, 32, 4)
GROUPS = GROUPS[COPY_OF]


class Spied(BaseEstimator):
    """Predicts `shift` away from the truth; notes what it is fitted to and asked for."""

    log: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, shift: float, seed: int) -> None:
        self.shift = shift
        self.seed = seed

    def fit(self, X, Y, groups=None, copy_of=None):
        if self.shift > 9:
            raise ValueError(f"too much: {self.shift:g}")
        self.rows_ = X[:, 0].astype(int)
        if copy_of is not None:
            np.testing.assert_array_equal(groups, GROUPS[self.rows_])
            np.testing.assert_array_equal(self.rows_[copy_of], COPY_OF[self.rows_])
        self.curve_ = [{"loss": self.shift}]
        return self

    def predict(self, X):
        asked = X[:, 0].astype(int)
        self.log.append({"shift": self.shift, "fitted": self.rows_, "asked": asked})
        rows = 0.5 + np.zeros((len(X), 4))
        rows[:, 0] = asked / 100 + self.shift
        return rows


class Spy(Model):
    """A model whose error is its parameter."""

    name = "spy"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    shift: float = Field(1.0, description="Its error.")

    def estimator(self, *, task, seed, device):
        return Spied(self.shift, seed)


X = np.arange(N, dtype=np.float32)[:, np.newaxis]
Y = np.column_stack([np.arange(N) / 100, *[np.full(N, 0.5)] * 3])


def estimator(over: Any, *, model: Model | None = None, task: Task = Task.VA, seed=1, **given: Any):
    tuned = Tuned(model=model or Spy(), over=over, **given)
    return tuned.estimator(task=task, seed=seed, device="cpu")


@pytest.fixture(autouse=True)
def fresh_log():
    Spied.log.clear()


@pytest.mark.parametrize("search", ["grid", "random", "bayesian"])
def test_the_least_error_is_chosen_and_fitted_to_all_training_clips(search):
    fitted = estimator({"shift": [0.3, -0.1, 0.02, 2]}, search=search, folds=4, metric="rmse")
    fitted.fit(X, Y, groups=GROUPS, copy_of=COPY_OF)
    assert fitted.estimator_.shift == 0.02
    assert fitted.estimator_.seed == 1
    np.testing.assert_array_equal(fitted.estimator_.rows_, np.arange(N))
    assert fitted.curve_ == [{"loss": 0.02}]
    np.testing.assert_allclose(fitted.predict(X)[:, 0], Y[:, 0] + 0.02)
    assert len(fitted.trials_) == (4 if search == "grid" else 20)
    for trial in fitted.trials_:
        # rmse over four columns, of which one errs by the shift
        assert trial["score"] == pytest.approx(abs(trial["parameters"]["shift"]) / 2)
    assert {t["parameters"]["shift"] for t in fitted.trials_ if t["chosen"]} == {0.02}
    assert sum(trial["chosen"] for trial in fitted.trials_) == 1


def test_no_artist_and_no_clip_with_its_copies_is_on_both_sides_of_a_candidate_s_folds():
    estimator({"shift": [0.3, 0.02]}, search="grid", folds=4).fit(
        X, Y, groups=GROUPS, copy_of=COPY_OF
    )
    assert len(Spied.log) == 2 * 4
    for shift in (0.3, 0.02):
        own = [entry for entry in Spied.log if entry["shift"] == shift]
        # Predicted are originals, once each.
        assert sorted(clip for entry in own for clip in entry["asked"]) == list(range(40))
        for entry in own:
            assert not set(GROUPS[entry["fitted"]]) & set(GROUPS[entry["asked"]])
            assert not set(COPY_OF[entry["fitted"]]) & set(entry["asked"])
    # Every candidate is measured on the same folds.
    first, second = (
        [e["asked"].tolist() for e in Spied.log if e["shift"] == s] for s in (0.3, 0.02)
    )
    assert first == second


def test_groups_that_are_not_known_are_single_clips():
    estimator({"shift": [0.3]}, search="grid", folds=3).fit(X, Y)
    assert sorted(clip for e in Spied.log for clip in e["asked"]) == list(range(N))


def test_what_was_tried_once_is_not_fitted_again():
    fitted = estimator({"shift": [0.3, 0.02]}, search="random", trials=30, folds=2)
    fitted.fit(X, Y, groups=GROUPS)
    assert len(fitted.trials_) == 30
    assert len(Spied.log) == 2 * 2


def test_candidates_that_fail_are_recorded_and_passed_over():
    fitted = estimator({"shift": [10, 0.02, 11]}, search="grid").fit(X, Y, groups=GROUPS)
    told = {trial["parameters"]["shift"]: trial for trial in fitted.trials_}
    assert told[10] == {
        "parameters": {"shift": 10.0},
        "score": None,
        "state": "failed",
        "error": "ValueError: too much: 10",
        "chosen": False,
    }
    assert told[0.02]["state"] == "complete"
    assert fitted.estimator_.shift == 0.02


def test_where_all_fail_the_first_reason_is_the_fold_s():
    made = estimator({"shift": [10, 11]}, search="grid")
    with pytest.raises(MerbenchError, match=r"none of the 2 candidates of spy .* ValueError: too"):
        made.fit(X, Y, groups=GROUPS)


def test_a_candidate_whose_score_is_undefined_is_passed_over():
    made = estimator({"shift": [0.1]}, search="grid", metric="r2")
    constant = Y.copy()
    constant[:, 0] = 0.5
    with pytest.raises(MerbenchError, match="its r2 is undefined"):
        made.fit(X, constant, groups=GROUPS)


@pytest.mark.parametrize("search", ["random", "bayesian"])
def test_ranges_are_searched_between_their_ends(search):
    over = {"shift": {"log-uniform": [1e-4, 1]}}
    fitted = estimator(over, search=search, trials=25, folds=2).fit(X, Y, groups=GROUPS)
    shifts = np.array([trial["parameters"]["shift"] for trial in fitted.trials_])
    assert ((shifts >= 1e-4) & (shifts <= 1)).all()
    assert len(set(shifts)) == 25
    assert (shifts < 0.01).mean() > 0.2  # as much of it below a hundredth as above, by chance
    assert fitted.estimator_.shift == shifts[np.argmin([t["score"] for t in fitted.trials_])]


def test_a_bayesian_search_goes_where_it_did_well():
    far = {"shift": {"uniform": [-1, 1]}}
    errors = []
    for search in ("random", "bayesian"):
        fitted = estimator(far, search=search, trials=40, folds=2).fit(X, Y, groups=GROUPS)
        errors.append(np.mean([abs(t["parameters"]["shift"]) for t in fitted.trials_[20:]]))
    assert errors[1] < 0.6 * errors[0]


def test_whole_numbers_are_searched():
    over = {"n_neighbors": {"integers": [1, 6]}}
    y = testing.labels(Task.VA, N)
    fitted = estimator(over, model=NearestNeighbours(), search="grid").fit(
        testing.features(FeatureKind.VECTOR, y), y, groups=GROUPS
    )
    assert sorted(t["parameters"]["n_neighbors"] for t in fitted.trials_) == [1, 2, 3, 4, 5, 6]
    assert type(fitted.trials_[0]["parameters"]["n_neighbors"]) is int


def test_so_many_of_a_grid_are_drawn():
    over = {"shift": [0.1, 0.2, 0.3, 0.4, 0.5]}
    drawn = [
        [t["parameters"]["shift"] for t in made.fit(X, Y, groups=GROUPS).trials_]
        for made in (estimator(over, search="grid", trials=3, seed=s) for s in (1, 1, 2))
    ]
    assert all(len(set(some)) == 3 for some in drawn)
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_score_is_that_of_the_evaluation_out_of_fold():
    y = testing.labels(Task.QUADRANT, N)
    features = testing.features(FeatureKind.VECTOR, y)
    made = estimator(
        {"n_neighbors": [3]},
        model=NearestNeighbours(),
        task=Task.QUADRANT,
        search="grid",
        metric="macro-f1",
        folds=3,
    ).fit(features, y, groups=GROUPS)
    # The same folds, by hand: a single candidate, each fold predicted from the others.
    units = TrainingRows.of(N, GROUPS, None).units
    fold = fold_of_each(units, 3, strata=y.argmax(axis=1), seed=1)
    unseen = np.empty_like(y)
    for k in range(3):
        plain = NearestNeighbours(n_neighbors=3).estimator(task=Task.QUADRANT, seed=1, device="cpu")
        unseen[fold == k] = plain.fit(features[fold != k], y[fold != k]).predict(
            features[fold == k]
        )
    expected = evaluate(Task.QUADRANT, y, unseen).metrics["macro_f1"]
    assert made.trials_[0]["score"] == pytest.approx(expected)


@pytest.mark.parametrize("search", ["grid", "random", "bayesian"])
def test_the_seed_decides_and_nothing_else(search):
    y = testing.labels(Task.VA, N)
    features = testing.features(FeatureKind.VECTOR, y)
    values = [0.1, 1.0, 10.0] if search == "grid" else {"log-uniform": [0.1, 10]}
    given = {"model": Ridge(), "search": search, "trials": 3, "folds": 2}
    fits = [
        estimator({"alpha": values}, seed=seed, **given).fit(features, y, groups=GROUPS)
        for seed in (1, 1, 2)
    ]
    assert fits[0].trials_ == fits[1].trials_
    assert fits[0].trials_ != fits[2].trials_
    predicted = fits[0].predict(features)
    cloned = clone(fits[0]).fit(features, y, groups=GROUPS)
    for same in (pickle.loads(pickle.dumps(fits[0])), cloned):
        np.testing.assert_array_equal(same.predict(features), predicted)


def test_it_wraps_and_is_wrapped():
    y = testing.labels(Task.QUADRANT, N)
    features = testing.features(FeatureKind.VECTOR, y)
    inside = Tuned(
        model=Calibrated(model=NearestNeighbours(), folds=2),
        over={"model.n_neighbors": [1, 3], "method": ["scale", "affine"]},
        search="grid",
        folds=2,
    )
    outside = Calibrated(model=inside, folds=2)
    known = {"groups": GROUPS, "copy_of": COPY_OF}
    made, around, against_rest = (
        model.estimator(task=Task.QUADRANT, seed=0, device="cpu").fit(features, y, **known)
        for model in (inside, outside, OneVsRest(model=inside))
    )
    assert [len(made.trials_), len(around.trials_)] == [4, 4]
    assert len(against_rest.estimators_[0].trials_) == 4
    (chosen,) = (trial["parameters"] for trial in made.trials_ if trial["chosen"])
    by_hand = with_parameters(inside.model, chosen)
    by_hand = by_hand.estimator(task=Task.QUADRANT, seed=0, device="cpu").fit(features, y, **known)
    np.testing.assert_array_equal(made.predict(features), by_hand.predict(features))


def test_a_candidate_that_searches_itself_is_told_of_groups():
    class Searching(Spy):
        name = "searching"

        def estimator(self, *, task, seed, device):
            return GridSearchCV(
                Spied(self.shift, seed), {"seed": [1, 2]}, cv=GroupKFold(2), scoring=lambda *_: 0.0
            )

    fitted = estimator({"shift": [0.1]}, model=Searching(), search="grid", folds=2)
    fitted.fit(X, Y, groups=GROUPS)
    assert fitted.trials_[0]["state"] == "complete"


def test_optuna_says_nothing_and_keeps_its_settings(capfd, caplog):
    before = optuna.logging.get_verbosity()
    with caplog.at_level(logging.DEBUG):
        estimator({"shift": [10, 0.1]}, search="bayesian", trials=4).fit(X, Y, groups=GROUPS)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert optuna.logging.get_verbosity() == before


def test_unsound_labels_and_single_groups_are_refused():
    made = estimator({"shift": [0.1]}, search="grid")
    with pytest.raises(MerbenchError, match="NaN"):
        made.fit(X, np.full_like(Y, np.nan))
    with pytest.raises(MerbenchError, match="all of one group"):
        made.fit(X, Y, groups=np.full(N, "one"))
    with pytest.raises(MerbenchError, match="for 48 training clips"):
        made.fit(X, Y, groups=GROUPS[:5])
