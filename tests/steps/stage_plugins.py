"""Plugins that the tests of several steps use, and steps made of them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from merbench import Clip, Dataset, FeatureExtractor, FeatureKind, Model, Separator, Task, audio
from merbench.components import Component
from merbench.identity import digest
from merbench.steps.extracting import Extract, extraction_key
from merbench.steps.fitting import Fit
from merbench.steps.measuring import StemLevels
from merbench.steps.separating import files_of, stems_key

LABEL = (0.5, 0.5, 0.1, 0.1)
RNG = np.random.default_rng(7)


class Files(Dataset):
    """Audio files."""

    name = "files"
    task = Task.VA
    has_true_stems = True


# --- held to the key -----------------------------------------------------------------------------


class Mean(FeatureExtractor):
    """The mean magnitude."""

    name = "mean-magnitude"
    kind = FeatureKind.VECTOR
    weights: Path | None = None

    def extract(self, waveform, sample_rate, *, device):
        return np.abs(waveform).mean(axis=1)


class Whole(Separator):
    """The clip as it is."""

    name = "whole"
    stems = ("mixed",)
    stored = False

    def separate(self, waveform, sample_rate, *, device):
        return {"mixed": waveform}


def extraction(
    dataset: Dataset, clip: Clip, separator: Separator, extractor: FeatureExtractor | None = None
) -> Extract:
    """Return the task as a plan makes it."""
    extractor = extractor or Mean()
    files = files_of(clip, separator)
    separation = stems_key(separator, dataset, clip, None, files)
    key = extraction_key(extractor, separation)
    return Extract(key, dataset, clip, files, separator, separation, extractor)


def rewrite(path: Path) -> None:
    """Write other audio of the same length and size, and put the file's time back."""
    times = path.stat()
    waveform, rate = audio.read(path)
    time.sleep(0.02)  # more than a tick of the file system's clock
    audio.write(path, waveform[:, ::-1] / 2, rate)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


CHANGED = r"^{}/{} changed after the plan was made; run again$"


def measured(clip: Clip) -> StemLevels:
    files = files_of(clip, Whole())
    separation = stems_key(Whole(), Files(), clip, None, files)
    return StemLevels.of(Files(), clip, files, Whole(), separation)


def recorder(predicts: Any) -> tuple[Model, dict[str, Any]]:
    """Return a model that predicts what it is told, and where it notes what it is given."""
    seen: dict[str, Any] = {}

    class Estimator:
        def fit(self, X, Y):
            seen["train"], seen["labels"] = X, Y
            self.curve_ = [{"loss": np.float32(0.5)}, {"loss": np.float32(0.25)}]

        def predict(self, X):
            seen["test"] = X
            return predicts

    class Recorder(Model):
        """Notes what it is given."""

        name = "recorder"
        inputs = FeatureKind.VECTOR
        tasks = frozenset({Task.VA})

        def estimator(self, *, task, seed, device):
            return Estimator()

    return Recorder(), seen


def stated(component: Component) -> str:
    return digest(component.fingerprint())


def fit(model: Model, tables: tuple[str, ...]) -> Fit:
    labels = ((0.1, 0.2, 0.3, 0.4), (0.5, 0.6, 0.7, 0.8))
    return Fit(
        "e" * 64, model, stated(model), Task.VA, 3, "cpu", tables, (3, 0), (1, 2), labels,
        ("Abba", "Abba"), (0, 0), ("c1", "c2"), "files: two-stems x broken x recorder", 0,
    )  # fmt: skip


GOOD = np.full((2, 4), 0.5)
