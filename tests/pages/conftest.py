"""A run that pages are written of."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from merbench.leaderboard import run_results
from tinybench import TinyBench

FAILING = """
from merbench import FeatureKind, Model, Task, hookimpl
class Failing(Model):
    name = 'failing'
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    def estimator(self, *, task, seed, device):
        raise ValueError('it <cannot> be done')
@hookimpl
def merbench_models():
    return [Failing]
"""
CURVES = [
    {"epoch": 1.0, "train_loss": 0.5, "train_accuracy": 0.25, "validation_accuracy": 0.3},
    {"epoch": 2.0, "train_loss": 0.25, "train_accuracy": 0.5, "validation_accuracy": 0.4},
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyBench]:
    """The tiny benchmark, once for all tests here: none of them changes it."""
    with pytest.MonkeyPatch.context() as patch:
        made = TinyBench.make(tmp_path_factory.mktemp("report") / "bench", clips=16)
        patch.setenv("MERBENCH_HOME", str(made.home))
        patch.setenv("TINY_TRACE", str(made.trace))
        yield made


@pytest.fixture(scope="module")
def run(bench: TinyBench) -> run_results.RunResults:
    """Two separators, a model that learns, one that does not, and one that fails."""
    bench.write_plugin("failing", FAILING)
    bench.run(models=["average", "linear", "failing"])
    finished = bench.run(models=["average", "linear", "failing"])
    finished.folds.loc[finished.folds["model"] == "linear", "curve"] = json.dumps(CURVES)
    return finished
