"""Choosing a model's parameters by cross-validation within the training clips, with Optuna."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from merbench import MerbenchError, Model, Task, fit_estimator
from merbench.evaluation import evaluate
from merbench_plugins.models._checked import checked_labels, count_clips
from merbench_plugins.models._inner_folds import TrainingRows, fold_of_each
from merbench_plugins.models._out_of_fold import out_of_fold
from merbench_plugins.models._search_space import (
    Values,
    grid_of,
    range_of,
    shown,
    with_parameters,
)
from merbench_plugins.models._tuning_metrics import Metric, less_is_better, value_of

Floats = NDArray[np.float64]
Parameters = dict[str, Any]

STARTUP = 10
"""Candidates drawn by chance at most, before a Bayesian search proposes its own."""


class TunedEstimator(BaseEstimator):
    """Fits the candidate that is best out of fold; parameters as in `tuned.Tuned`.

    Attributes
    ----------
    trials_
        One dict a candidate, in the order tried: `parameters` as JSON values, `score`, `state`
        (`complete`, or `failed` and then why in `error`), `chosen`.
    estimator_
        The best candidate, fitted to all training clips.
    """

    def __init__(
        self,
        model: Model,
        over: Mapping[str, Values],
        search: str,
        candidates: int,
        folds: int,
        metric: Metric,
        task: Task,
        seed: int,
        device: str,
    ) -> None:
        self.model = model
        self.over = over
        self.search = search
        self.candidates = candidates
        self.folds = folds
        self.metric = metric
        self.task = task
        self.seed = seed
        self.device = device

    def fit(self, X: Any, Y: Any, groups: Any = None, copy_of: Any = None) -> TunedEstimator:
        """Search, and fit the best; `X` is whatever the model takes, `Y` (n, columns).

        Raises
        ------
        MerbenchError
            The labels are unsound, all clips are of one group, or no candidate can be fitted.
        """
        n_clips = count_clips(X)
        Y = checked_labels(Y, n_clips)
        known = TrainingRows.of(n_clips, groups, copy_of)
        strata = None if self.task is Task.VA else Y.argmax(axis=1)
        fold = fold_of_each(known.units, self.folds, strata=strata, seed=self.seed)

        def score(parameters: Parameters) -> float:
            unseen = out_of_fold(lambda: self._candidate(parameters), X, Y, known, fold)
            return self._score(Y[known.original], unseen)

        tried = self._search(score)
        self.trials_ = [trial for _, trial in tried]
        complete = [pair for pair in tried if pair[1]["state"] == "complete"]
        if not complete:
            raise MerbenchError(
                f"none of the {len(tried)} candidates of {self.model.title} could be fitted and "
                f"scored; the first: {self.trials_[0]['error']}"
            )
        sign = 1 if less_is_better(self.metric) else -1
        parameters, best = min(complete, key=lambda pair: sign * pair[1]["score"])
        best["chosen"] = True
        self.estimator_ = fit_estimator(self._candidate(parameters), X, Y, **known.told)
        self.curve_ = getattr(self.estimator_, "curve_", [])
        return self

    def predict(self, X: Any) -> Floats:
        """Return the best candidate's predictions, (n, columns)."""
        check_is_fitted(self)
        return np.asarray(self.estimator_.predict(X), dtype=np.float64)

    def _candidate(self, parameters: Parameters) -> Any:
        model = with_parameters(self.model, parameters)
        return model.estimator(task=self.task, seed=self.seed, device=self.device)

    def _score(self, truth: Floats, predicted: Floats) -> float:
        value = value_of(self.metric, evaluate(self.task, truth, predicted).metrics)
        if not np.isfinite(value):
            raise MerbenchError(f"its {self.metric} is undefined")
        return value

    def _search(
        self, score: Callable[[Parameters], float]
    ) -> list[tuple[Parameters, dict[str, Any]]]:
        """Return every candidate that was tried, its parameters and what there is to tell of it."""
        tried: list[tuple[Parameters, dict[str, Any]]] = []
        known: dict[str, dict[str, Any]] = {}

        def objective(trial: optuna.Trial) -> float:
            parameters = {name: _proposed(trial, name, v) for name, v in self.over.items()}
            told = {name: shown(value) for name, value in parameters.items()}
            same = json.dumps(told, sort_keys=True)
            if same not in known:
                known[same] = _attempt(score, parameters)
            outcome = known[same]
            tried.append((parameters, {"parameters": told, **outcome, "chosen": False}))
            if outcome["state"] == "failed":
                raise MerbenchError(outcome["error"])
            value: float = outcome["score"]
            return value

        directions = optuna.study.StudyDirection
        direction = directions.MINIMIZE if less_is_better(self.metric) else directions.MAXIMIZE
        with _quietly():
            study = optuna.create_study(sampler=self._sampler(), direction=direction)
            study.optimize(objective, n_trials=self.candidates, catch=(MerbenchError,))
        return tried

    def _sampler(self) -> optuna.samplers.BaseSampler:
        seed = self.seed % 2**32
        if self.search == "grid":
            grid = {name: _numbers(values) for name, values in self.over.items()}
            return optuna.samplers.GridSampler(grid, seed=seed)
        if self.search == "random":
            return optuna.samplers.RandomSampler(seed=seed)
        startup = min(STARTUP, max(1, self.candidates // 2))
        return optuna.samplers.TPESampler(n_startup_trials=startup, seed=seed)


def _attempt(score: Callable[[Parameters], float], parameters: Parameters) -> dict[str, Any]:
    try:
        return {"score": score(parameters), "state": "complete"}
    except MerbenchError as error:
        reason = str(error)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
    return {"score": None, "state": "failed", "error": reason}


def _proposed(trial: optuna.Trial, name: str, values: Values) -> Any:
    """Return the value of a parameter that the search proposes."""
    spread = range_of(values)
    if spread is None:
        # By position, as Optuna takes numbers and text alone.
        return values[trial.suggest_categorical(name, _numbers(values))]  # type: ignore[index]
    kind, low, high = spread
    if kind == "integers":
        return trial.suggest_int(name, round(low), round(high))
    return trial.suggest_float(name, low, high, log=kind == "log-uniform")


def _numbers(values: Values) -> list[int]:
    """Return what stands for the values of a list, their positions, or for a range of integers."""
    return grid_of(values) if isinstance(values, Mapping) else list(range(len(values)))


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep Optuna from telling of every candidate; its setting is then what it was."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
