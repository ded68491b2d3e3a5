"""Augmentation through the whole framework: copies of training clips, and of no others."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from merbench import Augmentation, Clip
from merbench.benchmark.protocols import MonteCarlo, StratifiedKFold
from merbench.cli import app
from merbench.errors import MerbenchError, PluginError
from merbench.planning.plan import Plan
from merbench.steps.assembling import Assemble
from merbench.steps.decoding import AugmentedCopy, augment, augmentation_key
from merbench.steps.extracting import Extract
from merbench.steps.fitting import Fit
from tinybench import TinyBench

CLIPS, FOLDS, TEST = 8, 3, 2
HISS = {"hiss": {"copies": 2}}


def fits(plan: Plan) -> list[Fit]:
    return [work for work in plan.tasks.values() if isinstance(work, Fit)]


def augmented(bench: TinyBench, **changes) -> Plan:
    base = {"separators": ["plain"], "models": ["linear"], "augmentations": [HISS]}
    return bench.plan(**(base | changes))


# --- choices of the axis -------------------------------------------------------------------------


def test_an_entry_is_none_or_one_or_several_together(bench):
    plan = augmented(
        bench,
        augmentations=["none", {"hiss": {"level": [0.1, 0.2]}}, ["hiss", "longer"]],
        models=["linear", "average"],
    )
    names = [(cell.names["augmentation"], cell.names["model"]) for cell in plan.cells]
    assert names == [
        ("none", "linear"),
        ("hiss", "linear"),
        ("hiss", "linear"),
        ("hiss + longer", "linear"),
        ("none", "average"),
    ]
    assert plan.cells[2].settings == {"augmentation": {"hiss": {"level": 0.2}}}
    assert plan.cells[3].label == "noise: hiss + longer x plain x levels x linear"


def test_what_is_not_augmented_keeps_its_identity_and_seeds(bench):
    (plain,) = bench.plan(separators=["plain"], models=["linear"]).cells
    (same, other) = augmented(bench, augmentations=["none", HISS]).cells
    assert "augmentations" not in plain.identity
    assert plain.id == same.id != other.id
    assert plain.fold_seed(0) == same.fold_seed(0) != other.fold_seed(0)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("his", "there is no augmentation 'his'; did you mean 'hiss'"),
        ({"hiss": {"copies": 0}}, "augmentations.0.hiss.copies: input should be greater"),
        (["hiss", "none"], "there is no augmentation 'none'"),
        (["hiss", {"hiss": {"level": 3}}], "names hiss twice"),
        ([], "is an empty list"),
    ],
)
def test_a_wrong_entry_is_named(bench, entry, says):
    with pytest.raises(MerbenchError, match=says):
        augmented(bench, augmentations=[entry])


def test_filters_and_exclusions_know_the_axis(bench):
    both = ["none", ["hiss", "longer"]]
    plan = augmented(bench, augmentations=both, exclude=[{"augmentation": "none"}])
    assert [cell.names["augmentation"] for cell in plan.cells] == ["hiss + longer"]
    with pytest.raises(MerbenchError, match="has no augmentation 'hiss'"):
        augmented(bench, augmentations=both, exclude=[{"augmentation": "hiss"}])
    bench.write_spec(augmentations=both, separators=["plain"])
    plan = bench.plan("augmentation=hiss + longer")
    assert [cell.names["augmentation"] for cell in plan.cells] == ["hiss + longer"]


def test_true_stems_have_no_augmented_copies(bench):
    bench.write_plugin(
        "oracle",
        """
from merbench import Separator, hookimpl

class Oracle(Separator):
    "True stems."
    name = "true-stems"
    stems = ("bass",)
    needs_true_stems = True

    def separate(self, waveform, sample_rate, *, device):
        return {"bass": waveform[0]}

@hookimpl
def merbench_separators():
    yield Oracle
""",
    )
    for i in range(CLIPS):
        shutil.copy(bench.folder / f"data/c{i}.wav", bench.folder / f"data/c{i}.bass.wav")
    plan = augmented(bench, augmentations=["none", "hiss"], separators=["true-stems"])
    assert [cell.names["augmentation"] for cell in plan.cells] == ["none"]
    (skip,) = plan.skipped
    assert skip.names["augmentation"] == "hiss"
    assert skip.reason == "true-stems needs true stems, which augmented copies do not have"


# --- which clips are copied, and where the copies go ---------------------------------------------


def test_a_fold_is_trained_on_its_clips_and_their_copies_and_tested_on_originals(bench):
    plan = augmented(bench)
    (cell,) = plan.cells
    (table,) = [work for work in plan.tasks.values() if isinstance(work, Assemble)]
    assert len(table.needs) == len(cell.rows) == 3 * CLIPS
    assert table.clip_ids[:CLIPS] == tuple(f"c{i}" for i in range(CLIPS))
    assert table.clip_ids[CLIPS] == "c0 (hiss 1)"
    assert table.clip_ids[2 * CLIPS] == "c0 (hiss 2)"
    label = {clip.id: clip.label for clip in cell.data.clips}
    for fit, split in zip(fits(plan), cell.data.splits, strict=True):
        assert fit.train[: len(split.train)] == split.train
        assert len(fit.train) == len(set(fit.train)) == 3 * len(split.train)
        assert fit.test == split.test
        trained = {cell.rows[row][0].id for row in fit.train}
        assert trained == {cell.data.clips[i].id for i in split.train}
        assert fit.labels == tuple(label[cell.rows[row][0].id] for row in fit.train)


def test_clips_that_no_fold_trains_on_are_not_copied(bench):
    bench.write_plugin(
        "parts",
        """
import dataclasses
import sys
from merbench import hookimpl

tiny = [m for n, m in sys.modules.items() if n.startswith("merbench_plugin_tiny_")]
Noise = next(m.Noise for m in tiny if hasattr(m, "Noise"))

class Parts(Noise):
    "With a published split."
    name = "parts"
    def clips(self, root):
        return [
            dataclasses.replace(clip, split="test" if i < 3 else "train")
            for i, clip in enumerate(super().clips(root))
        ]

@hookimpl
def merbench_datasets():
    yield Parts
""",
    )
    plan = augmented(bench, datasets=[{"parts": {"root": "data"}}], protocol="published")
    assert plan.to_do()["extract"] == CLIPS + 2 * (CLIPS - 3)
    (fit,) = fits(plan)
    assert fit.train == (3, 4, 5, 6, 7, *range(CLIPS, CLIPS + 10))
    assert bench.run().failed == []


def test_copies_are_cached_and_more_of_them_change_none(bench):
    assert augmented(bench).to_do()["extract"] == 3 * CLIPS
    first = bench.run()
    assert first.failed == []
    assert bench.stages()["augment"] == 2 * CLIPS
    more = augmented(bench, augmentations=["none", {"hiss": {"copies": 3}}, ["hiss", "longer"]])
    # One copy more of each clip; of the third choice only what `longer` makes.
    assert more.to_do()["extract"] == 2 * CLIPS
    assert bench.run().failed == []
    assert bench.stages()["augment"] == 3 * CLIPS


def test_an_edited_augmentation_invalidates_its_copies_alone(bench):
    augmented(bench, augmentations=["none", HISS])
    bench.run()
    # Elsewhere, for a process keeps the source that it imported, whatever becomes of the file.
    other = TinyBench(shutil.copytree(bench.folder, bench.folder.with_name("edited")))
    edited = other.folder / "plugins" / "tiny" / "hiss.py"
    edited.write_text(edited.read_text() + "\n# edited\n")
    assert other.plan().to_do() == {"extract": 2 * CLIPS, "assemble": 1, "fit": FOLDS}


def test_two_stores_come_to_the_same_numbers(bench):
    augmented(bench, separators=["halves"])
    first, second = bench.run(), bench.with_home("other").run()
    assert first.predictions["kl"].tolist() == second.predictions["kl"].tolist()
    bench.write_spec(separators=["halves"], models=["linear"])
    assert bench.run().predictions["kl"].tolist() != first.predictions["kl"].tolist()


def test_every_copy_of_every_clip_has_a_chance_of_its_own(bench):
    augmented(bench)
    bench.run()
    traced = [line for line in bench.traced() if line.startswith("augment")]
    assert len(set(traced)) == len(traced) == 2 * CLIPS


# --- rows that a run leaves ----------------------------------------------------------------------


def test_the_axis_stands_in_every_table_and_can_be_compared_across(bench):
    augmented(bench, augmentations=["none", HISS], compare=[{"across": "augmentation"}])
    run = bench.run()
    for table in (run.folds, run.predictions, run.leaderboard):
        assert set(table["augmentation"]) == {"none", "hiss"}
    assert run.folds["n_train"].tolist() == [CLIPS - TEST] * 2 * FOLDS
    (row,) = run.comparisons.to_dict("records")
    assert row["across"] == "augmentation"
    assert {row["a"], row["b"]} == {
        "plain x levels x linear", "hiss x plain x levels x linear (copies=2)",
    }  # fmt: skip
    assert run.manifest["cells"][1]["parameters"] == {"augmentation": {"hiss": {"copies": 2}}}
    assert "hiss" in run.manifest["cells"][1]["sources"]


def test_a_table_shows_the_axis_only_where_something_is_augmented(bench, monkeypatch):
    from typer.testing import CliRunner

    monkeypatch.setenv("MERBENCH_HOME", str(bench.home))
    plain = CliRunner().invoke(app, ["plan", str(bench.spec)])
    assert "augmentation" not in plain.stdout
    bench.write_spec(augmentations=[["hiss", "longer"]])
    shown = CliRunner().invoke(app, ["plan", str(bench.spec)])
    assert "augmentation" in shown.stdout
    assert "hiss + longer" in shown.stdout


# --- split after augmenting ----------------------------------------------------------------------

LEAKY = {"folds": FOLDS, "test_fraction": 0.25, "grouped": False, "split_after_augmenting": True}


def test_splitting_after_augmenting_deals_copies_out_as_clips(bench):
    plan = augmented(
        bench, augmentations=["none", HISS], protocol={"monte-carlo": LEAKY},
        models=["linear", "average"],
    )  # fmt: skip
    sound, leaking = plan.datasets
    assert (len(sound.clips), len(leaking.clips)) == (CLIPS, 3 * CLIPS)
    assert sound.split_hash != leaking.split_hash
    assert sound.data_hash != leaking.data_hash
    assert sound.provenance == ""
    assert leaking.provenance == (
        "split after augmenting, so that copies of one clip stand on both sides (24 clips)"
    )
    cells = [(c.data is leaking, c.names["augmentation"], c.names["model"]) for c in plan.cells]
    assert cells == [
        (False, "none", "linear"), (False, "none", "average"),
        (True, "hiss", "linear"), (True, "none", "average"),
    ]  # fmt: skip
    for split in leaking.splits:
        train, test = (
            {leaking.origins[i][0].id for i in side} for side in (split.train, split.test)
        )
        assert train & test  # the leak
        assert len(split.test) == 3 * TEST


def test_what_leaks_never_shares_a_table_with_what_is_sound(bench):
    augmented(
        bench, augmentations=["none", HISS], protocol={"monte-carlo": LEAKY},
        models=["linear", "average"], compare=[{"across": "augmentation"}, {"across": "model"}],
    )  # fmt: skip
    run = bench.run()
    assert run.failed == []
    assert run.leaderboard["split_hash"].nunique() == 2
    leaking = run.leaderboard[run.leaderboard["provenance"] != ""]
    assert set(leaking["model"]) == {"linear", "average"}
    assert set(leaking["n_clips"]) == {3 * CLIPS}
    assert set(run.comparisons["across"]) == {"model"}
    cell = leaking.loc[leaking["model"] == "linear", "cell"].iloc[0]
    clips = run.predictions.loc[run.predictions["cell"] == cell, "clip"]
    assert clips.str.contains("(hiss 1)", regex=False).any()


def test_splitting_after_augmenting_must_say_that_groups_are_not_kept(bench):
    message = "split_after_augmenting puts copies of one clip on both sides"
    protocol = {"monte-carlo": LEAKY | {"grouped": True}}
    with pytest.raises(MerbenchError, match=message):
        augmented(bench, protocol=protocol)
    assert "split_after_augmenting" not in MonteCarlo(grouped=False).identity()["parameters"]
    leaky = StratifiedKFold(grouped=False, split_after_augmenting=True)
    assert leaky.identity()["parameters"]["split_after_augmenting"] is True


# --- scaled before splitting ---------------------------------------------------------------------

ECHO = """
from merbench import FeatureKind, Model, Task, hookimpl

class Echo(Model):
    "Predicts what it is given."
    name = "echo"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    def estimator(self, *, task, seed, device):
        return self

    def fit(self, X, Y):
        pass

    def predict(self, X):
        import numpy as np
        return np.column_stack([X[:, 0], X[:, 1], np.ones((len(X), 2))])

@hookimpl
def merbench_models():
    yield Echo
"""


def test_features_scaled_before_the_split_know_of_the_clips_to_be_tested(bench):
    bench.write_plugin("echo", ECHO)
    folds = {"folds": 4, "stratified": False}
    sound = bench.run(separators=["plain"], models=["echo"], protocol={"stratified-k-fold": folds})
    folds |= {"scale_before_splitting": True}
    leaking = bench.run(
        separators=["plain"], models=["echo"], protocol={"stratified-k-fold": folds}
    )
    columns = ["predicted_valence_mean", "predicted_arousal_mean"]
    raw, scaled = (run.predictions.sort_values("clip")[columns] for run in (sound, leaking))
    standardised = (raw.to_numpy() - raw.to_numpy().mean(axis=0)) / raw.to_numpy().std(axis=0)
    np.testing.assert_allclose(scaled.to_numpy(), standardised, atol=1e-5)
    assert sound.leaderboard["split_hash"].tolist() == leaking.leaderboard["split_hash"].tolist()
    assert set(sound.leaderboard["table"]).isdisjoint(leaking.leaderboard["table"])
    assert leaking.leaderboard["provenance"].tolist() == [
        "feature vectors scaled by all clips before they are split, test clips among them (8 clips)"
    ]


PREPARED = """
from merbench import FeatureKind, Model, Task, hookimpl

class Prepared(Model):
    "Predicts the mean label of all clips that it is shown before it is fitted, or of its own."
    name = "prepared"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})

    def estimator(self, *, task, seed, device):
        return self

    def fit(self, X, Y, every_clip=None):
        import numpy as np
        seen, labels = (X, Y) if every_clip is None else every_clip
        type(self).mean = np.concatenate([labels.mean(axis=0)[:2], [len(seen), 1.0]])

    def predict(self, X):
        import numpy as np
        return np.tile(self.mean, (len(X), 1))

@hookimpl
def merbench_models():
    yield Prepared
"""


def test_what_is_prepared_before_the_split_knows_of_the_clips_to_be_tested(bench):
    bench.write_plugin("prepared", PREPARED)
    folds = {"folds": 4, "stratified": False}
    grid = {"separators": ["plain"], "models": ["prepared"]}
    sound = bench.run(**grid, protocol={"stratified-k-fold": folds})
    leaking = bench.run(
        **grid, protocol={"stratified-k-fold": folds | {"prepare_before_splitting": True}}
    )
    assert set(sound.predictions["predicted_valence_std"]) == {6.0}  # training clips
    assert set(leaking.predictions["predicted_valence_std"]) == {8.0}  # all clips
    assert leaking.predictions["predicted_valence_mean"].nunique() == 1
    assert set(sound.leaderboard["table"]).isdisjoint(leaking.leaderboard["table"])
    assert leaking.leaderboard["provenance"].tolist() == [
        "models prepared by all clips before they are split, test clips among them (8 clips)"
    ]


def test_an_option_that_is_not_taken_changes_no_identity():
    assert "scale_before_splitting" not in MonteCarlo().identity()["parameters"]
    assert MonteCarlo(scale_before_splitting=True).identity() != MonteCarlo().identity()


# --- one copy ------------------------------------------------------------------------------------


class Given(Augmentation):
    """Returns what it is given by the test."""

    name = "given"

    def augment(self, waveform, sample_rate, rng):
        return RETURNS(waveform, rng)


def RETURNS(waveform, rng):  # noqa: N802 - replaced by tests
    return waveform * 2 + rng.standard_normal()


def test_a_copy_depends_on_clip_augmentation_and_number_alone():
    waveform = np.ones((2, 10), np.float32)

    def made(copies: int, number: int, decoding: str = "k") -> bytes:
        return augment(
            waveform, 8_000, AugmentedCopy(Given(copies=copies), number), decoding
        ).tobytes()

    assert made(1, 0) == made(5, 0) != made(5, 1)
    assert made(1, 0, "another clip") != made(1, 0)
    assert (waveform == 1).all()
    first, second = (augmentation_key(AugmentedCopy(Given(copies=n), 0), "k") for n in (1, 5))
    assert first == second != augmentation_key(AugmentedCopy(Given(), 1), "k")
    assert augmentation_key(None, "k") == "k"


@pytest.mark.parametrize(
    ("work", "says"),
    [
        (lambda w, rng: w[0], r"given 1: it returned the shape \(10,\) for a clip of shape \(2"),
        (lambda w, rng: w[:1], r"it returned the shape \(1, 10\)"),
        (lambda w, rng: w[:, :0], r"it returned the shape \(2, 0\)"),
        (lambda w, rng: w * np.nan, "it returned NaN or infinite samples"),
    ],
    ids=["no channels", "a channel lost", "nothing", "NaN"],
)
def test_an_augmentation_is_held_to_its_contract(monkeypatch, work, says):
    monkeypatch.setitem(globals(), "RETURNS", work)
    with pytest.raises(PluginError, match=says):
        augment(np.ones((2, 10), np.float32), 8_000, AugmentedCopy(Given(), 0), "k")


def test_a_copy_may_be_longer_than_its_clip_and_is_named_in_what_fails(bench):
    run_of = augmented(bench, augmentations=["longer"], features=["pieces", "samples", "levels"])
    assert {w.copy.title for w in run_of.tasks.values() if isinstance(w, Extract) and w.copy} == {
        "longer 1"
    }
    titles = {w.title for w in run_of.tasks.values() if isinstance(w, Extract) and w.copy}
    assert "clip c0 of noise (longer 1): levels of plain" in titles
    assert bench.run().failed == []
    assert isinstance(run_of.cells[0].rows[0][0], Clip)


def test_features_that_are_joined_are_each_of_the_same_rows(bench):
    plan = augmented(bench, features=[["levels", {"levels": {"n": 5}}]])
    (cell,) = plan.cells
    tables = [work for work in plan.tasks.values() if isinstance(work, Assemble)]
    assert [len(table.needs) for table in tables] == [len(cell.rows)] * 2
    assert [table.clip_ids for table in tables] == [tables[0].clip_ids] * 2
    run = bench.run(
        features=[["levels", {"levels": {"n": 5}}]],
        separators=["plain"], models=["linear"], augmentations=[HISS],
    )  # fmt: skip
    assert run.failed == []
