"""Fitting a model on one fold's training clips and predicting its test clips."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from merbench import machine, memory, threads
from merbench.components import Component, Model, fit_estimator
from merbench.components.base import UNIT_CLIPS
from merbench.errors import MerbenchError, PluginError
from merbench.identity import digest
from merbench.numerals import LARGEST, real_numbers
from merbench.steps.assembling import open_rows
from merbench.steps.step import Step
from merbench.steps.store import Store
from merbench.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Fit(Step):
    """Fit one model on one fold's training clips and predict its test clips.

    It carries the training clips' labels and no others, and what else is known of their rows, for
    estimators that ask for it: see `Estimator`. Only where a paper's leak is repeated
    (`Cell.prepared`) it carries the labels of all clips.
    """

    stage: ClassVar[str] = "fit"
    key: str
    model: Model
    fingerprint: str
    task: Task
    seed: int
    device: str
    tables: tuple[str, ...]
    train: tuple[int, ...]
    test: tuple[int, ...]
    labels: tuple[tuple[float, ...], ...]
    groups: tuple[str, ...]
    copy_of: tuple[int, ...]
    clip_ids: tuple[str, ...]
    label: str
    fold: int
    scaled: bool = False
    labels_of_all: tuple[tuple[float, ...], ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.tables

    @property
    def title(self) -> str:
        return f"{self.label}, fold {self.fold}"

    @property
    def component(self) -> Component:
        return self.model

    @property
    def occupies(self) -> str:
        return self.model.device_for(self.device)

    def units(self, clip_seconds: float) -> float:
        return len(self.train) / UNIT_CLIPS

    def run(self, store: Store) -> None:
        with self.as_planned(store), memory.watch() as watched:
            estimator, fitting = self.fitted(store)
            test = self.inputs(store, self.test)
            with _timed() as predicting:
                predicted = estimator.predict(test)
        predictions = self._examined(predicted)
        info = {
            "component": self.model.name,
            "seconds": fitting.seconds + predicting.seconds,
            "fit_seconds": fitting.seconds,
            "predict_seconds": predicting.seconds,
            "cpu_seconds": fitting.cpu_seconds + predicting.cpu_seconds,
            "peak_memory_mb": watched.peak / 1e6,
            "threads": threads.available(),
            "host": machine.host_kind(),
            "curve": [
                {name: float(value) for name, value in epoch.items()}
                for epoch in getattr(estimator, "curve_", [])
            ],
            "trials": [_as_json(dict(trial)) for trial in getattr(estimator, "trials_", [])],
        }
        store.put(self.key, {"predictions": predictions}, info)

    def fitted(self, store: Store) -> tuple[Any, Spent]:
        """Return an estimator fitted on the training rows, and what time that took."""
        import numpy as np

        estimator = self.model.estimator(task=self.task, seed=self.seed, device=self.occupies)
        train = self.inputs(store, self.train)
        with _timed() as fitting:
            fit_estimator(
                estimator,
                train,
                np.asarray(self.labels, dtype=np.float64),
                groups=np.asarray(self.groups),
                copy_of=np.asarray(self.copy_of, dtype=np.intp),
                every_clip=self._every_clip(store),
            )
        return estimator, fitting

    def _every_clip(self, store: Store) -> tuple[Any, NDArray[np.float64]] | None:
        import numpy as np

        count = len(self.labels_of_all)  # originals are a table's first rows
        if not count:
            return None
        return self.inputs(store, range(count)), np.asarray(self.labels_of_all, dtype=np.float64)

    def _planned(self) -> bool:
        return digest(self.model.fingerprint()) == self.fingerprint

    def inputs(self, store: Store, indices: Sequence[int]) -> Any:
        """Return some rows of the tables as an estimator is given them: see `Estimator`."""
        import numpy as np

        if not self.tables:
            return np.empty((len(indices), 0), dtype=np.float32)
        rows = [open_rows(store, t, indices, scaled=self.scaled) for t in self.tables]
        return rows[0] if len(rows) == 1 else tuple(rows)

    def _examined(self, predicted: Any) -> NDArray[np.float64]:
        """Return predictions as float64, held to the contract."""
        import numpy as np

        try:
            predictions = real_numbers(predicted, f"the predictions of {self.model.title}")
        except MerbenchError as error:
            raise PluginError(f"{error}; correct the plugin") from None
        expected = (len(self.test), len(self.labels[0]))
        if predictions.shape != expected:
            raise PluginError(
                f"{self.model.title} predicted an array of shape {predictions.shape} for "
                f"{expected[0]} clips and {expected[1]} columns; correct the plugin"
            )
        bad = np.flatnonzero(~np.isfinite(predictions).all(axis=1))
        if len(bad):
            ids = ", ".join(self.clip_ids[i] for i in bad[:5])
            raise PluginError(
                f"{self.model.title} predicted NaN or infinite values for {len(bad)} of "
                f"{expected[0]} clips ({ids}{', …' if len(bad) > 5 else ''}); correct the plugin"
            )
        huge = np.argwhere(np.abs(predictions) > LARGEST)
        if len(huge):
            row, column = huge[0]
            raise PluginError(
                f"{self.model.title} predicted {predictions[row, column]:g} for clip "
                f"{self.clip_ids[row]}, and predictions must be below {LARGEST:g} in magnitude; "
                "correct the plugin or its parameters"
            )
        return predictions


@dataclass
class Spent:
    """The time that a block of code took, in seconds."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0


@contextmanager
def _timed() -> Iterator[Spent]:
    spent = Spent()
    wall, cpu = time.perf_counter(), time.process_time()
    yield spent
    spent.seconds, spent.cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu


def _as_json(value: Any) -> Any:
    """Turn what an estimator left into JSON values; numbers that are not finite become null."""
    if isinstance(value, Mapping):
        return {str(key): _as_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(inner) for inner in value]
    if hasattr(value, "tolist"):  # of NumPy
        return _as_json(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
