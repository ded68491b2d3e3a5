"""A benchmark with everything in it: raters, a cell that fails and one that is not ready."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

RATED = """
import sys
from dataclasses import replace
from merbench import Model, Task, hookimpl

modules = [m for name, m in sys.modules.items() if name.endswith(".noise")]
noise = next(m for m in modules if PLACE in m.__file__)

class Rated(noise.Noise):
    "The same, with its raters."
    name = "rated"
    synthetic = True

    def clips(self, root):
        def ratings(clip):
            v, a = clip.label[:2]
            return tuple((v + d * d / 500, a - d / 100) for d in range(-6, 7))
        return [
            replace(clip, ratings=ratings(clip), provenance="rated anew" if i < 3 else "")
            for i, clip in enumerate(super().clips(root))
        ]

class Bad(Model):
    "Raises in its second fold."
    name = "bad"
    inputs = ()
    tasks = frozenset({Task.VA})

    def estimator(self, *, task, seed, device):
        return self

    def fit(self, X, Y):
        if abs(Y[0, 1] - 0.1 - 0.8 / 9) > 1e-6:
            raise ValueError("the first clip is not there")
        object.__setattr__(self, "_mean", Y.mean(axis=0))

    def predict(self, X):
        return [self._mean] * len(X)

class Unready(Bad):
    "Lacks a package."
    name = "unready"
    requires = ("no-such-distribution",)

@hookimpl
def merbench_datasets():
    yield Rated

@hookimpl
def merbench_models():
    yield Bad
    yield Unready
"""


def parquet(name: str) -> Callable[[Callable[[pd.DataFrame], pd.DataFrame | None]], Callable]:
    """Make a way of tampering with one of the tables."""

    def tamper(change):
        def do(folder: Path) -> None:
            table = pd.read_parquet(folder / f"{name}.parquet")
            changed = change(table)
            result = table if changed is None else changed
            assert not result.equals(pd.read_parquet(folder / f"{name}.parquet"))
            result.to_parquet(folder / f"{name}.parquet", index=False)

        return do

    return tamper


def add(column: str, row: int, amount: float) -> Callable[[pd.DataFrame], None]:
    def change(table: pd.DataFrame) -> None:
        table.loc[row, column] += amount

    return change


def ceiling(table: pd.DataFrame) -> pd.Series:
    return table["model"].str.startswith("human")
