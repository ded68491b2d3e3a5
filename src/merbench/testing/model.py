"""Checks of models, and the small tables that they are fitted to."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from merbench.components import Component, FeatureKind, Model, fit_estimator
from merbench.components.training_rows import asks_for
from merbench.errors import MerbenchError
from merbench.numerals import real_numbers
from merbench.steps import assembling
from merbench.tasks import Task
from merbench.testing import chance
from merbench.testing.contract import BrokenError, demand

N_TRAIN, N_TEST = 24, 6
N_GROUPS, N_COPIES = 5, 4
"""Groups of the training clips, and how many of these are copies: the last, of the first."""
IMAGE_RATE, FRAME_RATE = 64.0, 8.0
"""Frames a second: images are of 32 s, sequences and waveforms of 5 to 7.5 s."""
WORSE = 3.0
"""How many times a constant's squared error a model may have that was hardly trained."""
SCALE = 10.0
"""By which factor the size of its predictions may be off."""


def labels(task: Task, n: int, *, seed: int = 0) -> NDArray[np.float64]:
    """Return plausible labels, shape (n, 4); for `classes` (n, 5)."""
    rng = np.random.default_rng(seed)
    if task is not Task.VA:
        k = len(task.columns) or 5
        return np.eye(k)[np.arange(n) % k]
    means, deviations = rng.uniform(0.2, 0.8, (n, 2)), rng.uniform(0.08, 0.25, (n, 2))
    return np.concatenate([means, deviations], axis=1)


def votes(task: Task, n: int, *, seed: int = 0) -> NDArray[np.float64]:
    """Return shares of ten listeners' votes for each class, of the shape of `labels`."""
    rng = np.random.default_rng(seed)
    likeliest = labels(task, n)
    leanings = rng.dirichlet(np.ones(likeliest.shape[1]), n) + 2 * likeliest
    return np.array([rng.multinomial(10, row / row.sum()) for row in leanings]) / 10


def features(kind: FeatureKind, y: NDArray[np.float64], *, seed: int = 0) -> Any:
    """Return features of a kind that tell something of the labels `y`, one row a clip."""
    rng = np.random.default_rng(seed)
    n, signal = len(y), y[:, :1]
    if kind is FeatureKind.VECTOR:
        noise = rng.standard_normal((n, 40))
        noise[:, :8] += 4 * signal
        return noise.astype(np.float32)
    if kind is FeatureKind.IMAGE:
        images = rng.random((n, 1, 129, 2_048), dtype=np.float32)
        images[:, :, :32] *= signal[:, :, None, None].astype(np.float32)
        return assembling.ClipRows(images, np.arange(n), rates=np.full(n, IMAGE_RATE))
    lengths = 40 + rng.integers(0, 20, n)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    flat = rng.standard_normal((offsets[-1], 12 if kind is FeatureKind.SEQUENCE else 1))
    flat *= np.repeat(signal, lengths, axis=0)
    waveform = kind is FeatureKind.WAVEFORM
    return assembling.ClipRows(
        flat.astype(np.float32),
        np.arange(n),
        offsets,
        transposed=waveform,
        rates=np.full(n, FRAME_RATE),
    )


def _training_rows() -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the groups of the training clips, and which of these each is a copy of, or itself."""
    copy_of = np.arange(N_TRAIN)
    copy_of[-N_COPIES:] = np.arange(N_COPIES)
    names = np.array([f"group {i * N_GROUPS // (N_TRAIN - N_COPIES)}" for i in range(N_TRAIN)])
    return names[copy_of], copy_of


def _take(x: Any, rows: Sequence[int]) -> Any:
    if isinstance(x, tuple):
        return tuple(_take(part, rows) for part in x)
    if isinstance(x, assembling.ClipRows):
        return x.take(rows)
    return x[np.asarray(rows)]


def estimator_classes(model: Model, own: Sequence[str]) -> list[type[Any]]:
    """Return the author's own classes that a model's estimators are, or are made of.

    Parameters
    ----------
    model
        The model.
    own
        The author's files and folders.
    """
    found: dict[type[Any], None] = {}
    for task in sorted(model.tasks):
        with contextlib.suppress(Exception):  # what it raises is a failed check already
            estimator = model.estimator(task=task, seed=1, device="cpu")
            parts = estimator.get_params(deep=True) if hasattr(estimator, "get_params") else {}
            for part in (estimator, *parts.values()):
                kind = part if isinstance(part, type) else type(part)
                for base in kind.__mro__:
                    file = getattr(sys.modules.get(base.__module__), "__file__", None) or ""
                    if file.startswith(tuple(own)) and not issubclass(base, Component):
                        found[base] = None
    return list(found)


def model_checks(model: Model, task: Task) -> Iterator[tuple[str, Callable[[], object]]]:
    watch = chance.Watch(model)

    n = N_TRAIN + N_TEST
    y = labels(task, n)
    y[N_TRAIN - N_COPIES : N_TRAIN] = y[:N_COPIES]
    kinds = model.input_kinds
    parts = tuple(features(kind, y, seed=i) for i, kind in enumerate(kinds))
    groups, copy_of = _training_rows()
    # In an input of originals only, a copy has its clip's row.
    repeated = [*copy_of, *range(N_TRAIN, n)]
    of_clips = model.originals_only
    if len(of_clips) == len(parts):
        parts = tuple(
            _take(part, repeated) if clips_alone else part
            for part, clips_alone in zip(parts, of_clips, strict=True)
        )
    x: Any = np.empty((n, 0), np.float32) if not parts else parts[0] if len(parts) == 1 else parts
    train, test = list(range(N_TRAIN)), list(range(N_TRAIN, n))
    suffix = f" ({task})"

    def named() -> None:
        demand(
            len(of_clips) == len(kinds) and not all(of_clips),
            f"`originals_only` has {len(of_clips)} entries, {sum(of_clips)} of them true, for "
            f"{len(kinds)} inputs; give one for each, and leave an input to augmented copies",
        )

    def fit(estimator: Any, given: Any, target: NDArray[np.float64]) -> None:
        told = groups.copy(), copy_of.copy()
        fit_estimator(estimator, given, target, groups=told[0], copy_of=told[1])
        demand(
            np.array_equal(told[0], groups) and np.array_equal(told[1], copy_of),
            "it changed the groups, or what is a copy of what, that it was given",
        )

    def fitted(
        seed: int = 1, given: Any = None, target: NDArray[np.float64] | None = None
    ) -> tuple[Any, NDArray[np.float64]]:
        given = x if given is None else given
        target = y[train] if target is None else target

        def work() -> tuple[Any, NDArray[np.float64]]:
            clips, unseen, wanted = _take(given, train), _take(given, test), target.copy()
            estimator = model.estimator(task=task, seed=seed, device="cpu")
            before = _values(clips)
            fit(estimator, clips, wanted)
            demand(np.array_equal(target, wanted), "it changed the labels it was given")
            demand(_same(before, _values(clips)), "it changed the features it was given in `fit`")
            before = _values(unseen)
            predicted = real_numbers(estimator.predict(unseen), "its predictions")
            after = _values(unseen)
            demand(_same(before, after), "it changed the features it was given in `predict`")
            return estimator, predicted

        estimator, predicted = watch(work)
        demand(
            predicted.shape == (N_TEST, y.shape[1]),
            f"it predicted the shape {predicted.shape} for {N_TEST} clips and {y.shape[1]} columns",
        )
        demand(bool(np.isfinite(predicted).all()), "its predictions are not finite")
        if task is not Task.VA:
            demand(
                bool(
                    (predicted >= -1e-9).all() and np.allclose(predicted.sum(axis=1), 1, atol=1e-5)
                ),
                "its rows are no probabilities",
            )
        return estimator, predicted

    memo: dict[int, tuple[Any, NDArray[np.float64]]] = {}

    def once() -> tuple[Any, NDArray[np.float64]]:
        if 1 not in memo:
            memo[1] = fitted()
        return memo[1]

    def twice() -> None:
        first = once()[1]
        with chance.disturbed():
            equal = np.array_equal(first, fitted()[1])
        why = "" if equal else chance.followed(lambda: fitted()[1])
        demand(equal, f"one seed gave two predictions{why}")

    def easy() -> str | None:
        if not kinds or model.baseline:
            return "skipped: it does not learn from the music"
        _, predicted = once()
        truth, constant = y[test], y[train].mean(axis=0)
        if task is Task.VA:
            predicted = np.concatenate([predicted[:, :2], np.abs(predicted[:, 2:])], axis=1)
        sizes = np.maximum(np.abs(predicted).mean(axis=0), 1e-9) / np.abs(truth).mean(axis=0)
        columns = task.columns if task is Task.VA else ()
        for column, size in zip(columns, sizes, strict=False):
            off = f"{size:.0f} times too large" if size > 1 else f"{1 / size:.0f} times too small"
            demand(
                1 / SCALE < size < SCALE,
                f"on easy data its {column} is about {off}; give labels back on [0, 1], as they "
                "came",
            )
        error = float(((predicted - truth) ** 2).mean() / ((constant - truth) ** 2).mean())
        demand(
            error < WORSE,
            f"on easy data its squared error is {error:.2g} times that of a constant; see that it "
            "learns the labels of the clips it is given, with `check_parameters` that suffice",
        )
        return f"squared error {error:.2f} times a constant's"

    def positive() -> None:
        _, predicted = once()
        for column, values in zip(task.columns[2:], predicted[:, 2:].T, strict=True):
            demand(
                float((values <= 0).mean()) <= 0.5,
                f"it predicts a {column} of {np.median(values):.3g}; a standard deviation is "
                "above 0",
            )

    def alone() -> str | None:
        if not kinds:
            return "skipped: it never looks at the music"
        estimator, together = once()
        singly = np.concatenate([estimator.predict(_take(x, [row])) for row in test])
        demand(
            np.allclose(together, singly, rtol=1e-3, atol=1e-4),
            "a test clip's prediction depends on the other test clips",
        )
        return None

    def clones() -> None:
        from sklearn.base import clone

        original = model.estimator(task=task, seed=1, device="cpu")
        try:
            estimator = clone(original)
        except (TypeError, RuntimeError):
            # What scikit-learn says of it has the object's address, and no line of the author's.
            has = hasattr(original, "get_params")
            lack = "keeps a parameter as another than it was given" if has else "has no get_params"
            raise BrokenError(
                f"scikit-learn cannot clone the estimator: {type(original).__name__} {lack}"
            ) from None
        fit(estimator, _take(x, train), y[train])
        same = np.array_equal(estimator.predict(_take(x, test)), once()[1])
        demand(same, "a clone fitted on the same clips predicts something else")

    def bad_labels() -> None:
        estimator = model.estimator(task=task, seed=1, device="cpu")
        _refused(
            "labels of another length", lambda: fit(estimator, _take(x, train), y[: N_TRAIN - 3])
        )
        broken = y[train].copy()
        broken[0, 0] = np.nan
        fresh = model.estimator(task=task, seed=1, device="cpu")
        _refused("a NaN label", lambda: fit(fresh, _take(x, train), broken))

    def bad_features() -> str | None:
        if kinds != (FeatureKind.VECTOR,):
            return "skipped: the framework refuses features that are not finite"
        broken = x.copy()
        broken[0, 0] = np.nan
        estimator = model.estimator(task=task, seed=1, device="cpu")
        _refused("a NaN feature", lambda: fit(estimator, broken[train], y[train]))
        return None

    def shared() -> None:
        fitted(target=votes(task, N_TRAIN))

    def absent() -> None:
        without = y[train].copy()
        without[without[:, 2] == 1] = y[3]
        estimator, _ = fitted(target=without)
        means = np.asarray(estimator.predict(_take(x, train))).mean(axis=0)
        demand(
            float(means[2]) <= float(np.delete(means, 2).min()),
            "it gives a class that no training clip is in more than one that has some; keep the "
            "columns in the order of the labels",
        )

    def single() -> str | None:
        one = np.tile(y[1], (N_TRAIN, 1))
        try:
            _, predicted = fitted(target=one)
        except (MerbenchError, ValueError) as error:
            return f"refused: {error}"
        demand(
            bool((predicted.argmax(axis=1) == 1).all()),
            "all training clips are in one class and it predicts another",
        )
        return None

    def alike() -> str | None:
        estimator = model.estimator(task=task, seed=1, device="cpu")
        if not asks_for(estimator):
            return "skipped: it does not ask for groups or copies"
        one = np.full(N_TRAIN, "one")
        try:
            fit_estimator(estimator, _take(x, train), y[train], groups=one, copy_of=copy_of)
            demand(
                bool(np.isfinite(estimator.predict(_take(x, test))).all()),
                "where all training clips are of one group its predictions are not finite",
            )
        except (MerbenchError, ValueError) as error:
            return f"refused: {error}"
        return None

    if of_clips:
        yield "leaves an input to augmented copies" + suffix, named
    yield "predicts finite rows" + suffix, once
    yield "meets clips of a single group with predictions or a clear error" + suffix, alike
    yield "is no worse than a constant on easy data" + suffix, easy
    if task is Task.VA:
        yield "predicts deviations above 0" + suffix, positive
    if task is not Task.VA:
        yield "takes shares of votes" + suffix, shared
        yield "knows that a class is absent" + suffix, absent
        yield "meets a single class with it or a clear error" + suffix, single
    yield "is deterministic under a seed" + suffix, twice
    yield "predicts each clip by itself" + suffix, alone
    yield "clones" + suffix, clones
    yield "refuses bad labels" + suffix, bad_labels
    yield "refuses NaN features" + suffix, bad_features


def _values(x: Any) -> list[NDArray[Any]]:
    """Return copies of the arrays behind features, to see whether they are changed."""
    if isinstance(x, tuple):
        return [values for part in x for values in _values(part)]
    if isinstance(x, assembling.ClipRows):
        return [np.array(row) for row in x]
    return [np.array(x)]


def _same(first: Sequence[NDArray[Any]], second: Sequence[NDArray[Any]]) -> bool:
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, second, strict=True))


def _refused(what: str, work: Callable[[], Any]) -> None:
    try:
        work()
    except (MerbenchError, ValueError):
        return
    raise BrokenError(f"it accepted {what}; raise a MerbenchError or ValueError")
