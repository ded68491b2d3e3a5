"""A model that cuts clips into pieces of two seconds, whatever their features' frame rate."""

from __future__ import annotations

import json

import numpy as np
import soundfile

from tinybench import TinyBench

PLUGIN = """
import numpy as np
from merbench import FeatureKind, Model, Task, hookimpl

class Cut:
    def fit(self, X, Y):
        pieces, owner = self._cut(X)
        self.weights = np.linalg.lstsq(pieces, Y[owner], rcond=None)[0]
        self.curve_ = [{"pieces": len(pieces), "frames": self.frames}]
    def predict(self, X):
        pieces, owner = self._cut(X)
        return np.stack([(pieces[owner == i] @ self.weights).mean(axis=0) for i in range(len(X))])
    def _cut(self, X):
        found = []
        for i, (clip, rate) in enumerate(zip(X, X.rates)):
            step = round(2 * rate)
            found += [(i, np.abs(clip[s : s + step])) for s in range(0, len(clip) - step + 1, step)]
        self.frames = sum(len(piece) for _, piece in found)
        return np.array([[1, p.mean()] for _, p in found]), np.array([i for i, _ in found])

class TwoSeconds(Model):
    "A line through the loudness of every two seconds."
    name = "two-seconds"
    inputs = FeatureKind.SEQUENCE
    tasks = frozenset({Task.VA})
    def estimator(self, *, task, seed, device):
        return Cut()

@hookimpl
def merbench_models():
    yield TwoSeconds
"""


def test_clips_of_two_sample_rates_are_cut_into_pieces_of_two_seconds(bench: TinyBench) -> None:
    rng = np.random.default_rng(0)
    for index in range(8):
        rate = 8_000 if index % 2 else 4_000
        noise = (index + 1) / 9 * rng.uniform(-1, 1, 5 * rate)
        soundfile.write(bench.folder / "data" / f"c{index}.wav", noise, rate, subtype="PCM_16")
    bench.write_plugin("cut", PLUGIN)
    changes = {"separators": ["plain"], "features": ["pieces"], "models": ["two-seconds"]}
    run = bench.run(**changes)
    assert run.failed == []
    assert run.leaderboard["r2_valence_mean"].item() > 0.9
    for fold in run.folds.to_dict("records"):
        (epoch,) = json.loads(fold["curve"])
        # Five seconds are two pieces and a rest, of 400 or 800 frames a second.
        assert epoch["pieces"] == 2 * fold["n_train"]
        assert 4 * 400 * fold["n_train"] < epoch["frames"] < 4 * 800 * fold["n_train"]
    # The table is there already, and knows the rates as well.
    again = bench.run(**changes, seed=5)
    assert again.failed == []


def test_what_states_no_rate_is_an_error_of_the_model_that_needs_one(bench: TinyBench) -> None:
    shapes = bench.folder / "plugins" / "tiny" / "shapes.py"
    shapes.write_text(shapes.read_text().replace("def frame_rate", "def other"))
    bench.write_plugin("cut", PLUGIN)
    run = bench.run(separators=["plain"], features=["pieces"], models=["two-seconds"])
    assert ["NoneType" in row["error"] for row in run.failed] == [True]
