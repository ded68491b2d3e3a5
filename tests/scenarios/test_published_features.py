"""Features published with the clips, beside their audio or in place of it."""

from __future__ import annotations

import numpy as np
import pytest

from merbench.errors import MerbenchError
from merbench.steps.extracting import Extract
from tinybench import TinyBench

PLUGIN = """
import dataclasses
import sys
from merbench import FeatureExtractor, FeatureKind, hookimpl

tiny = [m for n, m in sys.modules.items() if n.startswith("merbench_plugin_tiny_")]
Noise = next(m.Noise for m in tiny if hasattr(m, "Noise"))

class Vectors(FeatureExtractor):
    "What came with the clip."
    name = "vectors"
    kind = FeatureKind.VECTOR
    needs_published = True
    def extract(self, waveform, sample_rate, *, device):
        assert waveform.shape == (1, 3) and sample_rate == 0
        return waveform[0]

class Described(Noise):
    "Clips with features."
    name = "described"
    def clips(self, root):
        return [
            dataclasses.replace(clip, features=(i, i * i, LAST))
            for i, clip in enumerate(super().clips(root))
        ]

class Silent(Described):
    "Features alone."
    name = "silent"
    has_audio = False
    def clips(self, root):
        table = root / "clips.csv"
        return [dataclasses.replace(clip, audio=table) for clip in super().clips(root)]
    def decode(self, clip):
        raise AssertionError("nothing may be decoded")

@hookimpl
def merbench_datasets():
    yield Described
    yield Silent

@hookimpl
def merbench_features():
    yield Vectors
"""


@pytest.fixture
def described(bench: TinyBench) -> TinyBench:
    bench.write_plugin("zplugin", PLUGIN.replace("LAST", "1.0"))
    return bench


def data(name: str) -> list[dict[str, dict[str, str]]]:
    return [{name: {"root": "data"}}]


def test_a_dataset_without_audio_runs_on_what_was_published(described):
    for sound in (described.folder / "data").glob("*.wav"):
        sound.unlink()
    run = described.run(datasets=data("silent"), features=["vectors", "levels"], models=["linear"])
    assert run.failed == []
    (row,) = run.leaderboard.to_dict("records")
    assert (row["separator"], row["features"]) == ("none", "vectors")
    # Every feature follows the clip's number, as the labels do.
    assert row["r2_valence_mean"] > 0.9
    assert {skip["reason"] for skip in run.manifest["skipped"]} == {
        "silent has no audio to extract levels from"
    }


def test_beside_audio_they_are_one_more_feature_and_no_separator_has_a_part_in_them(described):
    plan = described.plan(
        datasets=data("described"), features=["vectors", "levels"], models=["linear"]
    )
    systems = [(c.names["separator"], c.names["features"]) for c in plan.cells]
    assert systems == [("none", "vectors"), ("plain", "levels"), ("halves", "levels")]
    published = [w for w in plan.tasks.values() if isinstance(w, Extract) and not w.separator]
    assert len(published) == 8
    assert published[0].title == "clip c0 of described: vectors"
    assert all(work.needs == () for work in published)
    assert described.run().failed == []


def test_an_edited_vector_invalidates_what_depends_on_it(described):
    changes = {"datasets": data("described"), "features": ["vectors"], "models": ["linear"]}
    described.run(**changes)
    assert described.plan().tasks == {}
    described.write_plugin("zplugin", PLUGIN.replace("LAST", "float(i == 3)"))
    # A plugin file is imported once a process: another folder stands for another process.
    other = TinyBench(described.folder.rename(described.folder.with_name("moved")))
    other.home, other.store = other.folder / "home", type(other.store)(other.folder / "home/store")
    assert other.plan().to_do() == {"extract": 8, "assemble": 1, "fit": 3}


def test_a_model_of_two_inputs_may_take_them_beside_what_a_separator_gave(described):
    described.write_plugin(
        "two",
        """
from merbench import FeatureKind, Model, Task, hookimpl

class Two(Model):
    "Takes two vectors."
    name = "two"
    inputs = (FeatureKind.VECTOR, FeatureKind.VECTOR)
    tasks = frozenset({Task.VA})
    def estimator(self, *, task, seed, device):
        return self
    def fit(self, X, Y):
        assert [x.shape[1] for x in X] == [3, 8]
        object.__setattr__(self, "_mean", Y.mean(axis=0))
    def predict(self, X):
        import numpy as np
        return np.tile(self._mean, (len(X[0]), 1))

@hookimpl
def merbench_models():
    yield Two
""",
    )
    run = described.run(
        datasets=data("described"), features=[["vectors", "levels"]], models=["two"],
        separators=["halves"],
    )  # fmt: skip
    assert run.failed == []
    assert run.leaderboard["separator"].tolist() == ["halves"]


def test_what_is_not_published_is_skipped_with_the_reason(described):
    plan = described.plan(
        datasets=[*data("noise"), *data("described")], features=["vectors"], models=["linear"],
        augmentations=["none", "hiss"],
    )  # fmt: skip
    assert [c.data.name for c in plan.cells] == ["described"]
    assert {skip.reason for skip in plan.skipped} == {
        "vectors takes features published with clips, which noise has none of",
        "vectors takes features published with clips, of which there are no copies",
    }


def test_a_published_number_that_is_none_is_one_clear_error(described):
    described.write_plugin("zplugin", PLUGIN.replace("LAST", "float('nan')"))
    with pytest.raises(MerbenchError, match="clip c0: a number among its features is not finite"):
        described.plan(datasets=data("described"), features=["vectors"])


def test_vectors_of_different_lengths_are_one_clear_error(described):
    text = PLUGIN.replace("(i, i * i, LAST)", "(1.0,) * (3 + i // 7)")
    described.write_plugin("zplugin", text.replace("assert waveform", "assert True or waveform"))
    run = described.run(datasets=data("described"), features=["vectors"], models=["linear"])
    (failed,) = run.failed
    assert "clip c7 of described: vectors has features of shape (4,)" in failed["error"]
    assert np.isnan(failed["kl_mean"])
