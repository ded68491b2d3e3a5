"""Features published with the clips, beside their audio or in place of it."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from merbench.errors import MerbenchError
from merbench.steps.extracting import Extract
from merbench.verification.run_check import recorded_differences
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
    assert failed["kl_mean"] is None


# --- beside augmented copies ----------------------------------------------------------------------

BESIDE = """
import numpy as np
from merbench import FeatureKind, Model, Task, hookimpl

class Seen:
    def fit(self, X, Y, copy_of=None):
        for row, original in enumerate(copy_of):
            assert (X[SECOND][row] == X[SECOND][original]).all()
            assert (row == original) == (X[1 - SECOND][row] == X[1 - SECOND][original]).all()
        self.mean = Y.mean(axis=0)
        self.curve_ = [{"rows": len(Y), "originals": len(set(copy_of))}]
        return self
    def predict(self, X):
        return np.tile(self.mean, (len(X[0]), 1))

class Beside(Model):
    "Takes two vectors, one of which is that of the original in every copy."
    name = "beside"
    inputs = (FeatureKind.VECTOR, FeatureKind.VECTOR)
    tasks = frozenset({Task.VA})
    originals_only = ONLY
    def estimator(self, *, task, seed, device):
        return Seen()

@hookimpl
def merbench_models():
    yield Beside
"""


def beside(bench: TinyBench, second: int, only: tuple[bool, ...] = ()) -> None:
    text = BESIDE.replace("SECOND", str(second)).replace("ONLY", repr(only))
    bench.write_plugin("beside", text)


def rows_and_originals(run) -> list[tuple[float, float]]:
    curves = [json.loads(curve) for curve in run.folds["curve"]]
    return [(curve[0]["rows"], curve[0]["originals"]) for curve in curves]


SHARED = "augmented copies share vectors with their clips"


def test_a_copy_has_its_clips_vector_beside_the_audio_of_its_own(described):
    beside(described, second=0)
    changes = {
        "datasets": data("described"), "features": [["vectors", "levels"]], "models": ["beside"],
        "separators": ["halves"], "augmentations": ["none", {"hiss": {"copies": 2}}],
    }  # fmt: skip
    plan = described.plan(**changes, exclude=[{"augmentation": "none"}])
    extracted = [work for work in plan.tasks.values() if isinstance(work, Extract)]
    # Eight clips' vectors, and the levels of them and of two copies each.
    assert Counter(work.extractor.name for work in extracted) == {"vectors": 8, "levels": 24}
    run = described.run(exclude=[{"augmentation": "none"}], **changes)
    assert run.failed == []
    assert rows_and_originals(run) == [(18, 6)] * 3
    assert set(run.folds["provenance"]) == {SHARED}
    assert [cell["provenance"] for cell in run.manifest["cells"]] == [SHARED]
    assert recorded_differences(run) == []


def test_published_vectors_alone_are_not_combined_with_augmentations(described):
    beside(described, second=0)
    plan = described.plan(
        datasets=data("described"), features=["vectors"], models=["linear"],
        augmentations=["hiss"],
    )  # fmt: skip
    assert plan.cells == []
    assert [skip.reason for skip in plan.skipped] == [
        "vectors takes features published with clips, of which there are no copies"
    ]


ONE_OF_TWO = {
    "features": [["levels", {"levels": {"n": 3}}]], "models": ["beside"], "separators": ["halves"],
    "augmentations": [{"hiss": {"copies": 2}}],
}  # fmt: skip


def test_a_model_may_take_originals_alone_for_one_of_its_inputs(bench):
    beside(bench, second=1, only=(False, True))
    plan = bench.plan(**ONE_OF_TWO)
    extracted = [work for work in plan.tasks.values() if isinstance(work, Extract)]
    assert Counter((work.extractor.n, work.copy is None) for work in extracted) == {
        (4, True): 8, (4, False): 16, (3, True): 8,
    }  # fmt: skip
    run = bench.run()
    assert run.failed == []
    assert rows_and_originals(run) == [(18, 6)] * 3
    assert set(run.folds["provenance"]) == {"augmented copies share levels with their clips"}


def test_originals_are_those_of_copies_that_are_dealt_out_as_clips(bench):
    beside(bench, second=1, only=(False, True))
    leak = {"folds": 2, "test_fraction": 0.25, "split_after_augmenting": True, "grouped": False}
    plan = bench.plan(**ONE_OF_TWO, protocol={"monte-carlo": leak})
    extracted = [work for work in plan.tasks.values() if isinstance(work, Extract)]
    assert {work.copy for work in extracted if work.extractor.n == 3} == {None}
    assert bench.run().failed == []


@pytest.mark.parametrize(
    ("only", "says"),
    [
        ((True, True), "beside takes levels + levels of clips alone, and of no copies"),
        ((True,), "beside has 1 entries in `originals_only` and 2 inputs; correct its plugin"),
    ],
)
def test_a_model_with_no_input_for_copies_is_not_combined_with_augmentations(bench, only, says):
    beside(bench, second=1, only=only)
    plan = bench.plan(**ONE_OF_TWO)
    assert [skip.reason for skip in plan.skipped] == [says]
