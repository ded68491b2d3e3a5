"""The contract checks that every plugin must pass, ours and anyone's.

`merbench plugins check NAME` runs them; a plugin's own tests can call `check` the same way.
"""

from __future__ import annotations

import json
import math
import pickle
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from merbench import pipeline
from merbench.components import (
    CANONICAL_STEMS,
    Augmentation,
    Component,
    Dataset,
    FeatureExtractor,
    FeatureKind,
    Model,
    Separator,
    Task,
)
from merbench.errors import MerbenchError
from merbench.loading import check_clips
from merbench.plugins import Entry, Registry

SAMPLE_RATE = 22_050
N_TRAIN, N_TEST = 24, 6

Waveform = NDArray[np.float32]


class Result(NamedTuple):
    """How one check ended."""

    check: str
    status: str
    """"passed", "failed" or "skipped"."""
    detail: str = ""


class _BrokenError(Exception):
    """A contract is not kept; its text says how."""


def check(
    entry: Entry, registry: Registry, parameters: Mapping[str, Any] | None = None
) -> list[Result]:
    """Run every check of an entry's kind.

    Parameters
    ----------
    entry
        The plugin, from a registry.
    registry
        Where models that are parameters of models are looked up.
    parameters
        To build it with, over the class's `check_parameters`.

    Returns
    -------
    list of Result
        One a check, in order. Checks that need what is not here (weights, data) are skipped with
        the reason.
    """
    cls = entry.cls
    given = {**_required(cls, registry), **cls.check_parameters, **(parameters or {})}
    results = [
        _attempt("has a summary", lambda: _has_summary(entry)),
        _attempt("documents its parameters", lambda: _documents_parameters(cls)),
    ]
    try:
        component = registry.build(entry.kind, entry.name, given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return [*results, Result("can be built", "failed", f"{where}: {first['msg']}")]
    again = registry.build(entry.kind, entry.name, given)
    results += [
        _attempt("refuses unknown parameters", lambda: _refuses(registry, entry, given)),
        _attempt("has a stable identity", lambda: _stable(component, again)),
        _attempt("pickles", lambda: _pickles(component)),
    ]
    try:
        component.ready()
    except MerbenchError as error:
        return [*results, Result("does its work", "skipped", str(error))]
    except Exception as error:
        return [*results, Result("does its work", "failed", f"ready: {_named(error)}")]
    for name, work in _checks(component):
        results.append(_attempt(name, work))
    return results


def _attempt(name: str, work: Callable[[], object]) -> Result:
    try:
        detail = work()
    except _BrokenError as broken:
        return Result(name, "failed", str(broken))
    except Exception as error:
        return Result(name, "failed", _named(error))
    text = detail if isinstance(detail, str) else ""
    if text.startswith("skipped: "):
        return Result(name, "skipped", text.removeprefix("skipped: "))
    return Result(name, "passed", text)


def _checks(component: Component) -> Iterator[tuple[str, Callable[[], object]]]:
    if isinstance(component, Separator):
        yield from _separator_checks(component)
    elif isinstance(component, FeatureExtractor):
        checks = _published_checks if component.needs_published else _feature_checks
        yield from checks(component)
    elif isinstance(component, Augmentation):
        yield from _augmentation_checks(component)
    elif isinstance(component, Model):
        for task in sorted(component.tasks):
            yield from _model_checks(component, task)
    elif isinstance(component, Dataset):
        yield from _dataset_checks(component)


# --- every kind -----------------------------------------------------------------------------------


def _required(cls: type[Component], registry: Registry) -> dict[str, Any]:
    """Fill in required parameters that are models, so that wrappers can be checked at all."""
    return {
        name: _plain_model(registry)
        for name, info in cls.model_fields.items()
        if info.is_required() and info.annotation is Model
    }


def _plain_model(registry: Registry) -> str:
    """Name the quickest model that can be wrapped, of those for the most tasks."""
    rank = {
        entry.name: (
            -len(getattr(entry.cls, "tasks", ())),
            entry.cls.typical_cost.seconds if entry.cls.typical_cost else math.inf,
        )
        for entry in registry.of_kind("model")
        if getattr(entry.cls, "inputs", None) is FeatureKind.VECTOR
        and not any(info.is_required() for info in entry.cls.model_fields.values())
    }
    if not rank:
        raise MerbenchError("no model of vectors is registered that a wrapper can be checked with")
    return min(rank, key=lambda name: rank[name])


def _has_summary(entry: Entry) -> None:
    _demand(bool(entry.summary), "the class has no docstring; its first line is shown to users")


def _documents_parameters(cls: type[Component]) -> None:
    json.dumps(cls.model_json_schema())
    bare = [name for name, info in cls.model_fields.items() if not info.description]
    _demand(not bare, f"no description for {', '.join(bare)}; give each a Field(description=…)")


def _refuses(registry: Registry, entry: Entry, given: Mapping[str, Any]) -> None:
    for name, info in entry.cls.model_fields.items():
        for part in (info.annotation, *get_args(info.annotation)):
            lax = isinstance(part, type) and issubclass(part, BaseModel)
            _demand(
                not lax or part.model_config.get("extra") == "forbid",
                f"parameter {name} accepts keys that {getattr(part, '__name__', part)} does not "
                "have; set extra='forbid' in its model_config",
            )
    try:
        registry.build(entry.kind, entry.name, {**given, "no_such_parameter": 1})
    except ValidationError:
        return
    raise _BrokenError("a parameter it does not have was accepted; do not set extra='allow'")


def _stable(component: Component, again: Component) -> None:
    first = json.dumps(component.fingerprint(), sort_keys=True, allow_nan=False)
    second = json.dumps(again.fingerprint(), sort_keys=True, allow_nan=False)
    _demand(first == second, "built twice with the same parameters it has two identities")


def _pickles(component: Component) -> None:
    copy = pickle.loads(pickle.dumps(component))
    _demand(copy.identity() == component.identity(), "its pickle has another identity")


# --- separators and feature extractors ------------------------------------------------------------


def music(seconds: float, channels: int = 2, *, seed: int = 0) -> Waveform:
    """Return something like music: a bass, a chord, a melody and beats.

    Parameters
    ----------
    seconds
        Length, at `SAMPLE_RATE`.
    channels
        1 or 2.
    seed
        Of the noise.

    Returns
    -------
    ndarray
        Shape (channels, samples), float32.
    """
    rng = np.random.default_rng(seed)
    t = np.arange(max(1, round(seconds * SAMPLE_RATE))) / SAMPLE_RATE
    bass = 0.3 * np.sin(2 * np.pi * 82.4 * t)
    chord = sum(0.08 * np.sin(2 * np.pi * f * t) for f in (329.6, 415.3, 493.9))
    melody = 0.2 * np.sin(2 * np.pi * 659.3 * t + 4 * np.sin(2 * np.pi * 5 * t))
    beats = 0.3 * rng.standard_normal(len(t)) * np.exp(-30 * (t % 0.5))
    mono = bass + chord + melody + beats
    side = 0.1 * rng.standard_normal(len(t))
    both = np.stack([mono + side, mono - side])[:channels]
    return np.ascontiguousarray(both, dtype=np.float32)


def _separator_checks(separator: Separator) -> Iterator[tuple[str, Callable[[], object]]]:
    def separate(waveform: Waveform) -> dict[str, Waveform]:
        given = (
            np.stack([waveform] * len(CANONICAL_STEMS))
            if separator.needs_true_stems
            else (waveform)
        )
        before = given.copy()
        with _untouched_chance():
            stems = separator.separate(given, SAMPLE_RATE)
        _demand(np.array_equal(before, given), "it changed the waveform it was given")
        _demand(
            set(stems) == set(separator.stems),
            f"it returned {sorted(stems)} where it declares {list(separator.stems)}",
        )
        for stem, array in stems.items():
            _demand(
                array.shape == waveform.shape,
                f"stem {stem} has shape {array.shape} for a clip of {waveform.shape}",
            )
            _demand(bool(np.isfinite(array).all()), f"stem {stem} is not finite")
        return stems

    def stereo() -> None:
        separate(music(2.0))

    def twice() -> None:
        first, second = separate(music(1.5)), separate(music(1.5))
        same = all(np.array_equal(first[stem], second[stem]) for stem in first)
        _demand(same, "two runs on one clip differ")

    def silence() -> None:
        stems = separate(np.zeros((2, SAMPLE_RATE), dtype=np.float32))
        loudest = max(float(np.abs(stem).max()) for stem in stems.values())
        _demand(loudest < 0.1, f"a silent clip gave a stem of peak {loudest:.2f}")

    def short_and_odd() -> None:
        for samples in (1, 1_103, 12_347):
            separate(music(samples / SAMPLE_RATE))

    yield "yields its stems, in shape and finite", stereo
    yield "separates mono", lambda: separate(music(1.0, channels=1))
    yield "separates silence", silence
    yield "separates short clips and odd lengths", short_and_odd
    yield "is deterministic", twice


def _feature_checks(extractor: FeatureExtractor) -> Iterator[tuple[str, Callable[[], object]]]:
    def extract(waveform: Waveform) -> NDArray[np.float32]:
        before = waveform.copy()
        with _untouched_chance():
            array = pipeline.extract(extractor, waveform, SAMPLE_RATE, "the check's clip")
        _demand(np.array_equal(before, waveform), "it changed the waveform it was given")
        return array

    def shapes() -> None:
        short, long = extract(music(2.0)), extract(music(3.3, channels=1))
        fixed = extractor.kind in (FeatureKind.VECTOR, FeatureKind.IMAGE)
        _demand(
            not fixed or short.shape == long.shape,
            f"clips of different length gave {short.shape} and {long.shape}; every "
            f"{extractor.kind.value} must have one shape",
        )

    def twice() -> None:
        _demand(np.array_equal(extract(music(2.0)), extract(music(2.0))), "two runs differ")

    def listens() -> None:
        first, second = extract(music(2.0)), extract(music(2.0)[:, ::-1].copy() * 0.3)
        _demand(not np.array_equal(first, second), "two different clips gave the same feature")

    def too_short() -> str | None:
        try:
            extract(music(0.01))
        except MerbenchError as error:
            return f"refused: {error}"
        return "extracted"

    silence = np.zeros((2, 2 * SAMPLE_RATE), dtype=np.float32)
    yield "gives finite arrays of its kind's shape", shapes
    yield (
        "extracts from silence",
        lambda: extract(silence),
    )
    yield "meets a clip too short with a feature or a clear error", too_short
    yield "hears a difference", listens
    yield "is deterministic", twice


def _published_checks(extractor: FeatureExtractor) -> Iterator[tuple[str, Callable[[], object]]]:
    rows = np.random.default_rng(0).standard_normal((2, 1, 40)).astype(np.float32)

    def extract(row: NDArray[np.float32]) -> NDArray[np.float32]:
        before = row.copy()
        with _untouched_chance():
            array = pipeline.extract(extractor, row, 0, "the check's clip")
        _demand(np.array_equal(before, row), "it changed the vector it was given")
        return array

    def differs() -> None:
        _demand(not np.array_equal(extract(rows[0]), extract(rows[1])), "two clips gave the same")

    def twice() -> None:
        _demand(np.array_equal(extract(rows[0]), extract(rows[0])), "two runs differ")

    yield "gives finite arrays of its kind's shape", lambda: extract(rows[0])
    yield "tells clips apart", differs
    yield "is deterministic", twice


def _augmentation_checks(
    augmentation: Augmentation,
) -> Iterator[tuple[str, Callable[[], object]]]:
    def augment(waveform: Waveform, seed: int = 0) -> Waveform:
        before = waveform.copy()
        with _untouched_chance():
            copy = augmentation.augment(waveform, SAMPLE_RATE, np.random.default_rng(seed))
        _demand(np.array_equal(before, waveform), "it changed the waveform it was given")
        channels = len(waveform)
        _demand(
            copy.ndim == 2 and copy.shape[0] == channels and copy.shape[1] > 0,
            f"it returned the shape {copy.shape} for {channels} channels",
        )
        _demand(bool(np.isfinite(copy).all()), "it returned values that are not finite")
        return copy

    def twice() -> None:
        same = np.array_equal(augment(music(1.0), 1), augment(music(1.0), 1))
        _demand(same, "one seed gave two results")

    def changes() -> None:
        waveform = music(1.0)
        _demand(
            any(not np.array_equal(augment(waveform, seed), waveform) for seed in range(5)),
            "with five seeds it changed nothing",
        )

    def loud() -> None:
        peak = max(float(np.abs(augment(40 * music(1.0), seed)).max()) for seed in range(5))
        _demand(peak > 1.5, f"a clip of peak 40 came back with peak {peak:.2f}; do not clip")

    def short_and_odd() -> None:
        for samples in (1_103, 12_347):
            augment(music(samples / SAMPLE_RATE))

    yield "keeps channels and stays finite", lambda: augment(music(1.0))
    yield "augments mono", lambda: augment(music(1.0, channels=1))
    yield "augments silence", lambda: augment(np.zeros((2, SAMPLE_RATE), dtype=np.float32))
    yield "augments short clips and odd lengths", short_and_odd
    yield "changes the clip", changes
    yield "does not clip", loud
    yield "is deterministic under a seed", twice


# --- models ---------------------------------------------------------------------------------------


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
        return pipeline.ClipRows(images, np.arange(n))
    lengths = 40 + rng.integers(0, 20, n)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    flat = rng.standard_normal((offsets[-1], 12 if kind is FeatureKind.SEQUENCE else 1))
    flat *= np.repeat(signal, lengths, axis=0)
    waveform = kind is FeatureKind.WAVEFORM
    return pipeline.ClipRows(flat.astype(np.float32), np.arange(n), offsets, transposed=waveform)


def _take(x: Any, rows: Sequence[int]) -> Any:
    if isinstance(x, tuple):
        return tuple(_take(part, rows) for part in x)
    if isinstance(x, pipeline.ClipRows):
        return x.take(rows)
    return x[np.asarray(rows)]


def _model_checks(model: Model, task: Task) -> Iterator[tuple[str, Callable[[], object]]]:
    n = N_TRAIN + N_TEST
    y = labels(task, n)
    kinds = model.input_kinds
    parts = tuple(features(kind, y, seed=i) for i, kind in enumerate(kinds))
    x: Any = np.empty((n, 0), np.float32) if not parts else parts[0] if len(parts) == 1 else parts
    train, test = list(range(N_TRAIN)), list(range(N_TRAIN, n))
    suffix = f" ({task})"

    def fitted(
        seed: int = 1, given: Any = None, target: NDArray[np.float64] | None = None
    ) -> tuple[Any, NDArray[np.float64]]:
        given = x if given is None else given
        target = y[train] if target is None else target
        before = target.copy()
        with _untouched_chance():
            estimator = model.estimator(task=task, seed=seed, device="cpu")
            estimator.fit(_take(given, train), target)
            predicted = np.asarray(estimator.predict(_take(given, test)))
        _demand(np.array_equal(before, target), "it changed the labels it was given")
        _demand(
            predicted.shape == (N_TEST, y.shape[1]),
            f"it predicted the shape {predicted.shape} for {N_TEST} clips and {y.shape[1]} columns",
        )
        _demand(bool(np.isfinite(predicted).all()), "its predictions are not finite")
        if task is not Task.VA:
            _demand(
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
        _demand(np.array_equal(once()[1], fitted()[1]), "one seed gave two predictions")

    def alone() -> str | None:
        if not kinds:
            return "skipped: it never looks at the music"
        estimator, together = once()
        singly = np.concatenate([estimator.predict(_take(x, [row])) for row in test])
        _demand(
            np.allclose(together, singly, rtol=1e-3, atol=1e-4),
            "a test clip's prediction depends on the other test clips",
        )
        return None

    def clones() -> None:
        from sklearn.base import clone

        estimator = clone(model.estimator(task=task, seed=1, device="cpu"))
        estimator.fit(_take(x, train), y[train])
        same = np.array_equal(estimator.predict(_take(x, test)), once()[1])
        _demand(same, "a clone fitted on the same clips predicts something else")

    def pickled() -> None:
        estimator, predicted = once()
        copy = pickle.loads(pickle.dumps(estimator))
        same = np.array_equal(copy.predict(_take(x, test)), predicted)
        _demand(same, "its pickle predicts something else")

    def bad_labels() -> None:
        estimator = model.estimator(task=task, seed=1, device="cpu")
        _refused(
            "labels of another length", lambda: estimator.fit(_take(x, train), y[: N_TRAIN - 3])
        )
        broken = y[train].copy()
        broken[0, 0] = np.nan
        fresh = model.estimator(task=task, seed=1, device="cpu")
        _refused("a NaN label", lambda: fresh.fit(_take(x, train), broken))

    def bad_features() -> str | None:
        if kinds != (FeatureKind.VECTOR,):
            return "skipped: the framework refuses features that are not finite"
        broken = x.copy()
        broken[0, 0] = np.nan
        estimator = model.estimator(task=task, seed=1, device="cpu")
        _refused("a NaN feature", lambda: estimator.fit(broken[train], y[train]))
        return None

    def prepared() -> str | None:
        rows = model.prepare(x) if kinds == (FeatureKind.VECTOR,) else None
        if rows is None:
            return "skipped: it prepares nothing"
        _demand(len(rows) == n, f"it prepared {len(rows)} rows for {n} clips")
        same = np.array_equal(fitted(given=(x, rows))[1], once()[1])
        _demand(same, "it learns something else from prepared rows")
        return None

    def shared() -> None:
        fitted(target=votes(task, N_TRAIN))

    def absent() -> None:
        without = y[train].copy()
        without[without[:, 2] == 1] = y[3]
        estimator, _ = fitted(target=without)
        means = np.asarray(estimator.predict(_take(x, train))).mean(axis=0)
        _demand(
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
        _demand(
            bool((predicted.argmax(axis=1) == 1).all()),
            "all training clips are in one class and it predicts another",
        )
        return None

    yield "predicts finite rows" + suffix, once
    if task is not Task.VA:
        yield "takes shares of votes" + suffix, shared
        yield "knows that a class is absent" + suffix, absent
        yield "meets a single class with it or a clear error" + suffix, single
    yield "is deterministic under a seed" + suffix, twice
    yield "predicts each clip by itself" + suffix, alone
    yield "learns the same from prepared rows" + suffix, prepared
    yield "clones" + suffix, clones
    yield "pickles when fitted" + suffix, pickled
    yield "refuses bad labels" + suffix, bad_labels
    yield "refuses NaN features" + suffix, bad_features


def _refused(what: str, work: Callable[[], Any]) -> None:
    try:
        work()
    except (MerbenchError, ValueError):
        return
    raise _BrokenError(f"{what} was accepted; raise a MerbenchError or ValueError")


# --- datasets -------------------------------------------------------------------------------------


def _dataset_checks(dataset: Dataset) -> Iterator[tuple[str, Callable[[], object]]]:
    def missing() -> str | None:
        if not dataset.needs_root:
            return "skipped: it needs no folder"
        with tempfile.TemporaryDirectory() as folder:
            try:
                dataset.clips(Path(folder))
            except MerbenchError as error:
                return f"refused: {error}"
        raise _BrokenError(
            "an empty folder was accepted; raise a MerbenchError that says what to get"
        )

    def findings() -> str | None:
        if not dataset.needs_root:
            return "skipped: it needs no folder"
        with tempfile.TemporaryDirectory() as folder:
            found = dataset.check(Path(folder))
        _demand(
            any(finding.level == "error" for finding in found),
            "check() finds nothing wrong with an empty folder",
        )
        return None

    def clips() -> str | None:
        if dataset.needs_root:
            return "skipped: it needs its folder; see `merbench data check`"
        with tempfile.TemporaryDirectory() as folder:
            found, again = dataset.clips(Path(folder)), dataset.clips(Path(folder))
            check_clips(dataset, found)
            _demand(list(found) == list(again), "two readings give different clips")
            _demand(len({clip.group for clip in found}) > 1, "all clips are of one group")
            pickle.dumps(found)
            for clip in found[:2]:
                with _untouched_chance():
                    waveform, rate = pipeline.decode(dataset, clip)
                same = np.array_equal(waveform, pipeline.decode(dataset, clip)[0])
                _demand(same, f"clip {clip.id} decodes differently twice")
                if dataset.has_true_stems:
                    stems, stem_rate = dataset.true_stems(clip)
                    total = np.sum([stems[s] for s in sorted(stems)], axis=0)
                    _demand(
                        stem_rate == rate and np.allclose(total, waveform, atol=1e-3),
                        f"the stems of clip {clip.id} do not sum to it",
                    )
        return None

    yield "says what is missing from an empty folder", missing
    yield "checks an empty folder", findings
    yield "yields sound clips", clips


# --- tools ----------------------------------------------------------------------------------------


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _demand(kept: bool, otherwise: str) -> None:
    if not kept:
        raise _BrokenError(otherwise)


@contextmanager
def _untouched_chance() -> Iterator[None]:
    """See that global random state is what it was before."""
    # Imported by libraries that a plugin imports, it draws a number, which is not the plugin's.
    import rich.style  # noqa: F401

    before = _chance()
    yield
    if "torch" in sys.modules and "torch" not in before:  # first imported just now
        torch = sys.modules["torch"]
        fresh = torch.Generator().manual_seed(torch.initial_seed())
        before["torch"] = fresh.get_state().numpy().tobytes()
    for name, state in _chance().items():
        if before[name] != state:
            raise _BrokenError(
                f"it used the global random state of {name}; use the seed it is given"
            )


def _chance() -> dict[str, Any]:
    legacy = np.random.get_state(legacy=False)  # noqa: NPY002
    states = {"random": random.getstate(), "numpy": repr(legacy)}
    if "torch" in sys.modules:
        states["torch"] = sys.modules["torch"].random.get_rng_state().numpy().tobytes()
    return states
