"""The stages: contracts are held, stems and clips keep their order, and labels stay where allowed.

Plugins that break their contract are met twice: as classes, against the stage that must refuse
them, and as a file beside a benchmark, where they must become a failed row that names clip and
stem.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import textwrap
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from merbench import (
    CANONICAL_STEMS,
    AudioError,
    Clip,
    Dataset,
    FeatureExtractor,
    FeatureKind,
    Model,
    Separator,
    Task,
    audio,
    digests,
)
from merbench.components import Component
from merbench.errors import ChangedError, MerbenchError, PluginError
from merbench.identity import digest
from merbench.runs import execution
from merbench.steps.assembling import Assemble, ClipRows, open_rows
from merbench.steps.decoding import decode, decoding_key
from merbench.steps.extracting import Extract, extract, extraction_key
from merbench.steps.fitting import Fit, Prepare
from merbench.steps.measuring import StemLevels
from merbench.steps.separating import Separate, files_of, separate, separation_key, stems_key
from merbench.steps.store import Store
from tinybench import Here, TinyBench

LABEL = (0.5, 0.5, 0.1, 0.1)
RNG = np.random.default_rng(7)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.prepare()
    return made


class Files(Dataset):
    """Audio files."""

    name = "files"
    task = Task.VA
    has_true_stems = True


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    audio.write(tmp_path / "c.wav", 1.5 * RNG.uniform(-1, 1, (2, 300)).astype(np.float32), 8000)
    return Clip("c", "g", LABEL, tmp_path / "c.wav")


# --- decode and separate -------------------------------------------------------------------------


def test_decoding_clips_nothing(clip):
    waveform, rate = decode(Files(), clip)
    assert waveform.shape == (2, 300)
    assert waveform.dtype == np.float32
    assert rate == 8000
    assert np.abs(waveform).max() > 1.2


def test_a_decoder_that_returns_nan_is_refused_with_the_file(clip):
    class Broken(Files):
        """Decodes NaN."""

        def decode(self, clip):
            return np.full((1, 10), np.nan), 8000

    with pytest.raises(AudioError, match=r"c\.wav: 10 of 10 audio samples are NaN"):
        decode(Broken(), clip)


class TwoStems(Separator):
    """Declares two stems."""

    name = "two-stems"
    stems = ("bass", "vocals")


SEPARATIONS: dict[str, tuple[Any, str]] = {
    "a stem too few": (
        lambda w: {"bass": w},
        r"two-stems returned the stems bass where it declares bass, vocals",
    ),
    "a stem too many": (
        lambda w: {"bass": w, "drums": w, "vocals": w},
        r"returned the stems bass, drums, vocals where it declares bass, vocals",
    ),
    "a stem too short": (
        lambda w: {"bass": w, "vocals": w[:, :-1]},
        r"stem vocals: two-stems returned the shape \(2, 299\) for a clip of shape \(2, 300\)",
    ),
    "a stem without channels": (
        lambda w: {"bass": w[0], "vocals": w},
        r"stem bass: two-stems returned the shape \(300,\)",
    ),
    "NaN": (
        lambda w: {"bass": w, "vocals": w * np.nan},
        r"stem vocals: two-stems returned NaN or infinite samples",
    ),
    "infinity": (
        lambda w: {"bass": w / np.float32(0), "vocals": w},
        r"stem bass: two-stems returned NaN or infinite samples",
    ),
}


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize(("does", "says"), SEPARATIONS.values(), ids=SEPARATIONS.keys())
def test_a_separator_that_breaks_its_contract_is_refused(clip, does, says):
    class Broken(TwoStems):
        """Breaks it."""

        def separate(self, waveform, sample_rate, *, device):
            return does(waveform)

    with pytest.raises(PluginError, match=says):
        separate(Files(), clip, Broken())


def test_stems_come_in_the_separators_order_and_unclipped(clip):
    class Swapped(TwoStems):
        """Returns float64 in another order."""

        def separate(self, waveform, sample_rate, *, device):
            return {"vocals": waveform.astype(np.float64), "bass": 2 * waveform}

    stems, rate = separate(Files(), clip, Swapped())
    assert list(stems) == ["bass", "vocals"]
    assert {stem.dtype for stem in stems.values()} == {np.dtype(np.float32)}
    assert np.abs(stems["bass"]).max() > 2
    assert rate == 8000


class TrueStems(Separator):
    """Hands the true stems on."""

    name = "true-stems"
    needs_true_stems = True

    def separate(self, waveform, sample_rate, *, device):
        return dict(zip(CANONICAL_STEMS, waveform, strict=True))


def test_true_stems_are_stacked_in_canonical_order_and_one_that_lacks_is_silence(clip, tmp_path):
    waves = {stem: RNG.uniform(-1, 1, (1, 50)).astype(np.float32) for stem in ("vocals", "drums")}
    for stem, wave in waves.items():
        audio.write(tmp_path / f"{stem}.wav", wave, 8000)
    whole = dataclasses.replace(clip, stems={s: tmp_path / f"{s}.wav" for s in waves})
    stems, _ = separate(Files(), whole, TrueStems())
    assert list(stems) == list(CANONICAL_STEMS)
    for stem, wave in waves.items():
        np.testing.assert_array_equal(stems[stem], wave)
    assert not stems["bass"].any()
    assert not stems["other"].any()


@pytest.mark.parametrize(
    "stems",
    [
        {},
        {"piano": np.zeros((1, 50))},
        {"bass": np.zeros((1, 50)), "drums": np.zeros((1, 51))},
    ],
    ids=["none", "no canonical stem", "different lengths"],
)
def test_true_stems_that_do_not_fit_are_refused(clip, stems):
    class Odd(Files):
        """Has odd stems."""

        def true_stems(self, clip):
            return stems, 8000

    with pytest.raises(AudioError, match=r"the true stems \(.*\) must be among bass, drums"):
        separate(Odd(), clip, TrueStems())


def test_true_stems_of_nan_are_refused(clip):
    class Odd(Files):
        """Has NaN for a stem."""

        def true_stems(self, clip):
            return {"bass": np.full((1, 50), np.nan, np.float32)}, 8000

    with pytest.raises(AudioError, match="true stems: 50 of 200 audio samples are NaN"):
        separate(Odd(), clip, TrueStems())


# --- extract -------------------------------------------------------------------------------------

RETURNS: dict[str, tuple[FeatureKind, Any, str]] = {
    "a vector of NaN": (
        FeatureKind.VECTOR,
        np.array([1, np.nan, np.inf]),
        r"stem bass: broken returned 2 values that are NaN or infinite",
    ),
    "what float32 cannot hold": (
        FeatureKind.VECTOR,
        np.array([1e300]),
        r"stem bass: broken returned 1 values that are NaN or infinite",
    ),
    "an image for a vector": (
        FeatureKind.VECTOR,
        np.ones((2, 3)),
        r"stem bass: broken returned the shape \(2, 3\), which is no vector",
    ),
    "a vector for an image": (
        FeatureKind.IMAGE,
        np.ones(3),
        r"stem bass: broken returned the shape \(3,\), which is no image",
    ),
    "a vector for a sequence": (FeatureKind.SEQUENCE, np.ones(3), "which is no sequence"),
    "channels for a waveform": (FeatureKind.WAVEFORM, np.ones((1, 3)), "which is no waveform"),
    "a number": (FeatureKind.VECTOR, 3.0, r"the shape \(\), which is no vector"),
    "nothing": (FeatureKind.VECTOR, np.ones(0), r"the shape \(0,\), which is no vector"),
}


def returning(kind_: FeatureKind, value: Any) -> FeatureExtractor:
    class Broken(FeatureExtractor):
        """Returns what it is told to."""

        name = "broken"
        kind = kind_

        def extract(self, waveform, sample_rate, *, device):
            if isinstance(value, Exception):
                raise value
            return value

    return Broken()


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize(("kind", "value", "says"), RETURNS.values(), ids=RETURNS.keys())
def test_an_extractor_that_breaks_its_contract_is_refused(kind, value, says):
    with pytest.raises(PluginError, match=says):
        extract(returning(kind, value), np.ones((1, 8), np.float32), 8000, "stem bass")


def test_an_extractors_own_error_is_given_the_stem_and_keeps_its_type():
    broken = returning(FeatureKind.VECTOR, AudioError("too short"))
    with pytest.raises(AudioError, match=r"^stem bass: too short$"):
        extract(broken, np.ones((1, 8), np.float32), 8000, "stem bass")


# --- assemble and open ---------------------------------------------------------------------------


def assemble(
    store: Store, kind: FeatureKind, clips: list[dict[str, np.ndarray]], stems: tuple[str, ...]
) -> Assemble:
    """Put clips' arrays into the store and join them into one table."""
    keys = [f"{i:064x}" for i in range(len(clips))]
    for key, arrays in zip(keys, clips, strict=True):
        store.put(key, arrays, {})
    ids = tuple(f"c{i}" for i in range(len(clips)))
    work = Assemble("f" * 64, tuple(keys), ids, stems, kind, "files: two-stems x broken")
    work.run(store)
    return work


def arrays(*shapes: tuple[int, ...]) -> list[dict[str, np.ndarray]]:
    """One clip a shape, each with two stems that were stored in no canonical order."""
    return [
        {stem: RNG.standard_normal(shape).astype(np.float32) for stem in ("vocals", "bass")}
        for shape in shapes
    ]


STEMS = ("bass", "vocals")


def test_vectors_are_concatenated_in_canonical_order(store):
    clips = arrays((3,), (3,), (3,))
    work = assemble(store, FeatureKind.VECTOR, clips, STEMS)
    rows = open_rows(store, work.key, [2, 0])
    assert isinstance(rows, np.ndarray)
    assert rows.dtype == np.float32
    expected = [np.concatenate([clips[i]["bass"], clips[i]["vocals"]]) for i in (2, 0)]
    np.testing.assert_array_equal(rows, expected)


def assert_batches(rows: ClipRows, expected: list[np.ndarray], *, ragged: bool) -> None:
    """Every way of indexing gives the expected clips."""
    assert len(rows) == len(expected)
    batches = {
        "integers": (np.array([2, 0, 2]), [2, 0, 2]),
        "list": ([1, 2], [1, 2]),
        "slice": (slice(1, None), range(1, len(expected))),
        "reversed": (slice(None, None, -1), range(len(expected))[::-1]),
        "mask": (np.arange(len(expected)) % 2 == 0, range(0, len(expected), 2)),
        "none": (np.array([], dtype=int), []),
    }
    for index, positions in batches.values():
        batch = rows[index]
        assert isinstance(batch, list if ragged else np.ndarray)
        assert len(batch) == len(positions)
        for got, position in zip(batch, positions, strict=True):
            np.testing.assert_array_equal(got, expected[position])
    for position in (0, -1, np.int64(1)):
        np.testing.assert_array_equal(rows[position], expected[position])
    for got, array in zip(rows, expected, strict=True):
        np.testing.assert_array_equal(got, array)
    with pytest.raises(IndexError):
        rows[len(expected)]
    taken = rows.take([2, 1])
    assert len(taken) == 2
    np.testing.assert_array_equal(taken[0], expected[2])
    np.testing.assert_array_equal(taken[1], expected[1])


def test_images_are_stacked_and_stay_on_disk(store):
    clips = arrays(*[(4, 5)] * 4)
    work = assemble(store, FeatureKind.IMAGE, clips, STEMS)
    rows = open_rows(store, work.key, [3, 1, 0])
    assert isinstance(rows, ClipRows)
    assert isinstance(rows._table, np.memmap)
    assert rows.shape == (3, 2, 4, 5)
    assert rows.ndim == 4
    assert rows.dtype == np.float32
    expected = [np.stack([clips[i]["bass"], clips[i]["vocals"]]) for i in (3, 1, 0)]
    assert_batches(rows, expected, ragged=False)
    assert rows[[0, 1]].shape == (2, 2, 4, 5)


def test_sequences_of_different_length_are_joined_on_the_feature_axis(store):
    clips = arrays((7, 3), (1, 3), (12, 3), (5, 3))
    work = assemble(store, FeatureKind.SEQUENCE, clips, STEMS)
    rows = open_rows(store, work.key, [1, 3, 0])
    assert rows.shape == (3, 7, 6)
    assert isinstance(rows._table, np.memmap)
    expected = [np.hstack([clips[i]["bass"], clips[i]["vocals"]]) for i in (1, 3, 0)]
    assert_batches(rows, expected, ragged=True)
    assert open_rows(store, work.key, [2]).shape == (1, 12, 6)


def test_waveforms_of_different_length_are_stacked(store):
    clips = arrays((70,), (1,), (123,), (50,))
    work = assemble(store, FeatureKind.WAVEFORM, clips, STEMS)
    rows = open_rows(store, work.key, [1, 3, 0])
    assert rows.shape == (3, 2, 70)
    expected = [np.stack([clips[i]["bass"], clips[i]["vocals"]]) for i in (1, 3, 0)]
    assert_batches(rows, expected, ragged=True)


def test_a_single_stem_is_a_stack_of_one(store):
    clips = [{"mixed": row} for row in RNG.standard_normal((3, 9)).astype(np.float32)]
    rows = open_rows(store, assemble(store, FeatureKind.WAVEFORM, clips, ("mixed",)).key, [0, 1])
    assert rows[1].shape == (1, 9)
    np.testing.assert_array_equal(rows[1][0], clips[1]["mixed"])


@pytest.mark.parametrize(
    ("kind", "shapes", "says"),
    [
        (FeatureKind.VECTOR, [(3,), (3,), (4,)], r"shape \(8,\) where the first clip has \(6,\)"),
        (FeatureKind.IMAGE, [(2, 3), (2, 3), (2, 4)], r"\(2, 2, 4\) where .* \(2, 2, 3\)"),
        (FeatureKind.SEQUENCE, [(9, 3), (8, 3), (7, 4)], r"\(8,\) where .* \(6,\)"),
    ],
)
def test_clips_of_different_shape_are_refused_by_name(store, kind, shapes, says):
    with pytest.raises(PluginError, match=rf"clip c2 of files: two-stems x broken has .*{says}"):
        assemble(store, kind, arrays(*shapes), STEMS)
    assert not store.has("f" * 64)


@pytest.mark.parametrize("kind", list(FeatureKind))
def test_stems_of_different_shape_are_refused_by_name(store, kind):
    odd = np.ones((5, 3)[: kind.ndim], np.float32)
    clips = arrays(*[odd.shape] * 2)
    clips[1]["bass"] = odd[:-1]
    with pytest.raises(PluginError, match="clip c1 of files: two-stems x broken: its stems gave"):
        assemble(store, kind, clips, STEMS)


def test_a_table_is_written_clip_by_clip_and_never_stands_in_memory(store):
    """Sixteen clips of 4 MB: what the process holds must not grow by a quarter of them."""
    import tracemalloc

    keys = [f"{i:064x}" for i in range(16)]
    for position, key in enumerate(keys):
        store.put(key, {"mixed": np.full(10**6, position, np.float32)}, {})
    ids = tuple(keys)
    work = Assemble("f" * 64, ids, ids, ("mixed",), FeatureKind.WAVEFORM, "files")
    tracemalloc.start()
    try:
        work.run(store)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16e6
    assert open_rows(store, work.key, [15])[0][0, -1] == 15


# --- keys of stages ------------------------------------------------------------------------------


def test_the_key_of_a_clip_is_its_bytes_and_not_its_path_or_label(clip, tmp_path):
    moved = tmp_path / "elsewhere.wav"
    moved.write_bytes(clip.audio.read_bytes())
    other = Clip("another", "group", (0.1, 0.2, 0.3, 0.4), moved)
    assert decoding_key(Files(), clip) == decoding_key(Files(), other)
    moved.write_bytes(clip.audio.read_bytes() + b"\0")
    assert decoding_key(Files(), clip) != decoding_key(Files(), other)


def test_what_a_dataset_does_itself_is_in_the_keys_of_what_it_makes(clip):
    class Rendered(Files):
        """Renders what it decodes."""

        gain: float = 1.0

        def decode(self, clip):
            return np.ones((1, 9), np.float32) * self.gain, 8000

    class Dealt(Files):
        """Makes its true stems itself."""

        gain: float = 1.0

        def true_stems(self, clip):
            return {"bass": np.ones((1, 9), np.float32) * self.gain}, 8000

    plain = decoding_key(Files(), clip)
    assert decoding_key(Rendered(), clip) not in (plain, decoding_key(Rendered(gain=2.0), clip))
    assert decoding_key(Dealt(), clip) == decoding_key(Dealt(gain=2.0), clip) == plain

    class Named(Rendered):
        """Names what it looks at while it decodes."""

        decodes_by = frozenset({"gain"})
        labelled: str = "one way"

    named = decoding_key(Named(), clip)
    assert named == decoding_key(Named(labelled="another"), clip)
    assert named != decoding_key(Named(gain=2.0), clip)

    def key(separator, dataset):
        return separation_key(separator, dataset, clip, plain)

    assert key(TwoStems(), Dealt()) == key(TwoStems(), Files())
    assert len({key(TrueStems(), d) for d in (Files(), Dealt(), Dealt(gain=2.0))}) == 3


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


def test_audio_that_changed_since_the_plan_is_refused(clip, store, tmp_path):
    work = extraction(Files(), clip, Whole())
    rewrite(clip.audio)
    with pytest.raises(ChangedError, match=CHANGED.format(tmp_path, "c.wav")):
        work.run(store)
    assert not store.has(work.key)
    again = extraction(Files(), clip, Whole())
    again.run(store)
    assert again.key != work.key
    assert store.has(again.key)


def test_audio_that_changes_while_it_is_decoded_is_refused(clip, store, tmp_path):
    class Busy(Files):
        """Meets another program that writes its files."""

        decodes_by = frozenset()

        def decode(self, clip):
            decoded = super().decode(clip)
            rewrite(clip.audio)
            return decoded

    work = extraction(Busy(), clip, Whole())
    with pytest.raises(ChangedError, match=CHANGED.format(tmp_path, "c.wav")):
        work.run(store)
    assert not store.has(work.key)


@pytest.mark.parametrize("changed", ["c.wav", "bass.wav", "vocals.wav"])
def test_true_stems_and_their_mixture_are_held_to_the_key(clip, store, tmp_path, changed):
    stems = {stem: tmp_path / f"{stem}.wav" for stem in ("bass", "vocals")}
    for path in stems.values():
        shutil.copy(clip.audio, path)
    whole = dataclasses.replace(clip, stems=stems)
    files = files_of(whole, TrueStems())
    key = stems_key(TrueStems(), Files(), whole, None, files)
    work = Separate(key, Files(), whole, files, TrueStems())
    work.run(store)
    assert store.has(key)
    shutil.rmtree(store.path(key))
    rewrite(tmp_path / changed)
    with pytest.raises(ChangedError, match=CHANGED.format(tmp_path, changed)):
        work.run(store)
    assert not store.has(key)


def test_weights_that_changed_since_the_plan_are_refused(clip, store, tmp_path):
    (tmp_path / "w").write_bytes(b"weights")
    work = extraction(Files(), clip, Whole(), Mean(weights=tmp_path / "w"))
    (tmp_path / "w").write_bytes(b"weights, trained longer")
    with pytest.raises(
        ChangedError,
        match=r"^the source of files or whole or mean-magnitude, or a file that it names, changed",
    ):
        work.run(store)
    assert not store.has(work.key)


def test_a_source_that_is_not_the_plans_is_refused(clip, store, monkeypatch):
    work = extraction(Files(), clip, Whole())
    # As in a worker process that imported an edited file.
    monkeypatch.setitem(digests._imported, __name__, "another")
    with pytest.raises(ChangedError, match="the source of files or whole or mean-magnitude"):
        work.run(store)
    for task in (fit(recorder(GOOD)[0], ()), measured(clip)):
        monkeypatch.setitem(digests._imported, __name__, f"another than {task.key}")
        with pytest.raises(ChangedError, match=r"the source of .* changed after the plan"):
            task.run(store)


def measured(clip: Clip) -> StemLevels:
    files = files_of(clip, Whole())
    separation = stems_key(Whole(), Files(), clip, None, files)
    return StemLevels.of(Files(), clip, files, Whole(), separation)


def test_measured_stems_are_held_to_the_key(clip, store, tmp_path):
    work = measured(clip)
    rewrite(clip.audio)
    with pytest.raises(ChangedError, match=CHANGED.format(tmp_path, "c.wav")):
        work.run(store)
    assert not store.has(work.key)


def test_a_wrong_remembered_digest_costs_a_failed_row_once_and_never_a_wrong_number(
    bench, monkeypatch
):
    monkeypatch.setattr(digests, "_WORTH_BYTES", 1)
    monkeypatch.setattr(digests, "_SETTLED_NS", -(10**15))
    bench.plan()
    # As if a file system had shown another file of the same times and inode.
    (bench.folder / "data" / "c3.wav").unlink()
    shutil.copy(bench.folder / "data" / "c5.wav", bench.folder / "data" / "c3.wav")
    name, wrong = str((bench.folder / "data" / "c3.wav").absolute()), "f" * 64
    signature = digests._signature(Path(name))
    digests._append(bench.store.folder / "digests.txt", {name: (signature, wrong)})
    monkeypatch.setattr(digests, "_known", {})
    run = bench.run()
    errors = set(run.leaderboard["error"]) - {""}
    assert len(errors) == 2  # of two separators
    assert all(f"{name} changed after the plan was made; run again" in e for e in errors)
    again = bench.run()
    assert again.failed == []


def test_a_failed_row_names_the_clip_whose_file_changed(bench):
    plan = bench.plan()
    rewrite(bench.folder / "data" / "c3.wav")
    run = execution.execute(plan, bench.store, Here(bench.store))
    rows = run.leaderboard.set_index(["separator", "model"])
    name = bench.folder / "data" / "c3.wav"
    assert rows["error"]["plain", "linear"] == (
        f"clip c3 of noise: levels of plain: {name} changed after the plan was made; run again"
    )
    assert rows["error"]["halves", "linear"] == (
        f"clip c3 of noise: halves: {name} changed after the plan was made; run again"
    )
    assert rows["status"]["none", "average"] == "ok"
    assert bench.run().failed == []


# --- prepare and fit -----------------------------------------------------------------------------


def recorder(predicts: Any, prepares: Any = None) -> tuple[Model, dict[str, Any]]:
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

        def prepare(self, X):
            return prepares(X)

    return Recorder(), seen


def stated(component: Component) -> str:
    return digest(component.fingerprint())


def fit(model: Model, tables: tuple[str, ...], prepared: str | None = None) -> Fit:
    labels = ((0.1, 0.2, 0.3, 0.4), (0.5, 0.6, 0.7, 0.8))
    return Fit(
        "e" * 64, model, stated(model), Task.VA, 3, "cpu", tables, prepared, (3, 0), (1, 2), labels,
        ("Abba", "Abba"), (0, 0), ("c1", "c2"), "files: two-stems x broken x recorder", 0,
    )  # fmt: skip


GOOD = np.full((2, 4), 0.5)


def test_a_fit_sees_the_training_rows_and_labels_and_the_test_rows_without(store):
    table = np.arange(8, dtype=np.float32).reshape(4, 2)
    store.put("a" * 64, {"rows": table}, {"kind": "vector"})
    model, seen = recorder(GOOD)
    fit(model, ("a" * 64,)).run(store)
    np.testing.assert_array_equal(seen["train"], table[[3, 0]])
    np.testing.assert_array_equal(seen["test"], table[[1, 2]])
    np.testing.assert_array_equal(seen["labels"], [(0.1, 0.2, 0.3, 0.4), (0.5, 0.6, 0.7, 0.8)])
    assert seen["labels"].dtype == np.float64
    artifact = store.get("e" * 64)
    np.testing.assert_array_equal(artifact.arrays["predictions"], GOOD)
    assert artifact.info["curve"] == [{"loss": 0.5}, {"loss": 0.25}]
    assert artifact.info["peak_memory_mb"] > 1
    assert artifact.info["seconds"] >= artifact.info["fit_seconds"] >= 0


def test_the_time_of_a_row_is_fitting_and_predicting(store, monkeypatch):
    store.put("a" * 64, {"rows": np.ones((4, 2), np.float32)}, {"kind": "vector"})
    model, _ = recorder(GOOD)
    slow = Store.get

    def get(self, *arguments, **named):
        time.sleep(0.3)
        return slow(self, *arguments, **named)

    monkeypatch.setattr(Store, "get", get)
    work = fit(model, ("a" * 64,))
    work.run(store)
    info = store.info(work.key)
    assert info["seconds"] == info["fit_seconds"] + info["predict_seconds"] < 0.2
    assert info["cpu_seconds"] < 0.2


class Asking(Model):
    """Notes what it is told of its training rows, and leaves trials."""

    name = "asking"
    inputs = ()
    tasks = frozenset({Task.VA})
    told: ClassVar[dict[str, Any]] = {}

    def estimator(self, *, task, seed, device):
        return self

    def fit(self, X, Y, copy_of, groups):
        Asking.told = {"groups": groups, "copy_of": copy_of}

    def predict(self, X):
        return GOOD

    @property
    def trials_(self):
        first = {"C": np.float64(0.5), "layers": (64, np.int64(32)), "where": Path("a/b")}
        second = {"parameters": {"C": None}, "score": float("nan"), "state": "failed"}
        return [{"parameters": first, "score": np.float32(0.25), "chosen": np.True_}, second]


def test_a_fit_tells_of_its_training_rows_what_is_asked_for(store):
    fit(Asking(), ()).run(store)
    np.testing.assert_array_equal(Asking.told["groups"], ["Abba", "Abba"])
    np.testing.assert_array_equal(Asking.told["copy_of"], [0, 0])
    assert Asking.told["copy_of"].dtype == np.intp


def test_the_candidates_that_a_model_tried_are_kept_as_json(store):
    fit(Asking(), ()).run(store)
    first = {"C": 0.5, "layers": [64, 32], "where": str(Path("a/b"))}
    assert store.get("e" * 64).info["trials"] == [
        {"parameters": first, "score": 0.25, "chosen": True},
        {"parameters": {"C": None}, "score": None, "state": "failed"},
    ]


def test_a_model_with_several_inputs_gets_a_tuple(store):
    store.put("a" * 64, {"rows": np.ones((4, 2), np.float32)}, {"kind": "vector"})
    store.put("b" * 64, {"rows": np.ones((4, 1, 3, 5), np.float32)}, {"kind": "image"})
    model, seen = recorder(GOOD)
    fit(model, ("a" * 64, "b" * 64)).run(store)
    vectors, images = seen["train"]
    assert vectors.shape == (2, 2)
    assert images.shape == (2, 1, 3, 5)


def test_a_model_that_never_looks_at_the_music_gets_only_the_number_of_clips(store):
    model, seen = recorder(GOOD)
    fit(model, ()).run(store)
    assert seen["train"].shape == seen["test"].shape == (2, 0)


def test_what_was_prepared_comes_beside_the_rows(store):
    rows = np.arange(8, dtype=np.float32).reshape(4, 2)
    store.put("a" * 64, {"rows": rows}, {"kind": "vector"})
    model, seen = recorder(GOOD, lambda X: X.argsort(axis=0).astype(np.int32))
    Prepare("b" * 64, ("a" * 64,), model, stated(model), "plain x levels").run(store)
    fit(model, ("a" * 64,), "b" * 64).run(store)
    given, prepared = seen["train"]
    np.testing.assert_array_equal(given, rows[[3, 0]])
    np.testing.assert_array_equal(prepared, rows.argsort(axis=0)[[3, 0]])


def test_a_model_that_prepares_nothing_gets_the_rows_alone(store):
    store.put("a" * 64, {"rows": np.ones((4, 2), np.float32)}, {"kind": "vector"})
    model, seen = recorder(GOOD, lambda X: None)
    Prepare("b" * 64, ("a" * 64,), model, stated(model), "plain x levels").run(store)
    fit(model, ("a" * 64,), "b" * 64).run(store)
    assert seen["train"].shape == (2, 2)


def test_what_was_prepared_has_a_row_for_each_row(store):
    store.put("a" * 64, {"rows": np.ones((4, 2), np.float32)}, {"kind": "vector"})
    model, _ = recorder(GOOD, lambda X: X.T)
    with pytest.raises(PluginError, match="recorder prepared 2 rows from 4"):
        Prepare("b" * 64, ("a" * 64,), model, stated(model), "plain x levels").run(store)


BAD = np.full((2, 4), 0.5)
BAD[1, 3] = np.nan
PREDICTIONS: dict[str, tuple[Any, str]] = {
    "NaN": (BAD, r"predicted NaN or infinite values for 1 of 2 clips \(c2\)"),
    "a column too few": (GOOD[:, :3], r"shape \(2, 3\) for 2 clips and 4 columns"),
    "a clip too few": (GOOD[:1], r"shape \(1, 4\) for 2 clips and 4 columns"),
    "a flat row": (GOOD.ravel(), r"shape \(8,\) for 2 clips and 4 columns"),
}


NO_NUMBERS = {
    "complex": (GOOD * (1 + 1j), "the predictions of recorder are complex numbers"),
    "masked": (np.ma.array(GOOD, mask=np.eye(2, 4)), "of recorder are a masked array"),
    "texts": (GOOD.astype(str), "the predictions of recorder are texts"),
    "beyond all scales": (GOOD * 1e99, "recorder predicted 5e\\+98 for clip c., and predictions"),
}


@pytest.mark.parametrize(("predicts", "says"), NO_NUMBERS.values(), ids=NO_NUMBERS.keys())
def test_predictions_that_float64_would_falsify_are_refused(store, predicts, says):
    with pytest.raises(PluginError, match=f"{says}.*; correct the plugin"):
        fit(recorder(predicts)[0], ()).run(store)
    assert not store.has("e" * 64)


@pytest.mark.parametrize(("predicts", "says"), PREDICTIONS.values(), ids=PREDICTIONS.keys())
def test_a_model_that_breaks_its_contract_is_refused(store, predicts, says):
    with pytest.raises(PluginError, match=f"^recorder .*{says}"):
        fit(recorder(predicts)[0], ()).run(store)
    assert not store.has("e" * 64)


# --- as plugins of a benchmark -------------------------------------------------------------------

HOSTILE = """
import numpy as np
from merbench import FeatureExtractor, FeatureKind, Model, Separator, Task, hookimpl

class Half(Separator):
    "Loses half of every second clip's vocals."
    name = "half"
    stems = ("bass", "vocals")
    def separate(self, waveform, sample_rate, *, device):
        vocals = waveform if waveform.shape[1] % 40 == 0 else waveform[:, ::2]
        return {"bass": waveform, "vocals": vocals}

class Holes(FeatureExtractor):
    "NaN for loud clips."
    name = "holes"
    kind = FeatureKind.VECTOR
    def extract(self, waveform, sample_rate, *, device):
        loud = np.abs(waveform).max()
        return np.array([loud, np.nan if loud > 0.85 else 0.0])

class Growing(FeatureExtractor):
    "As long as the clip."
    name = "growing"
    kind = FeatureKind.VECTOR
    def extract(self, waveform, sample_rate, *, device):
        return waveform[0]

class Crash(FeatureExtractor):
    "Raises."
    name = "crash"
    kind = FeatureKind.VECTOR
    def extract(self, waveform, sample_rate, *, device):
        raise KeyError("no such thing")

class Lost(Model):
    "NaN for a clip."
    name = "lost"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    def estimator(self, *, task, seed, device):
        return self
    def fit(self, X, Y):
        return self
    def predict(self, X):
        return np.full((len(X), 4), np.nan)

@hookimpl
def merbench_separators():
    yield Half

@hookimpl
def merbench_features():
    yield from (Holes, Growing, Crash)

@hookimpl
def merbench_models():
    yield Lost
"""


def test_a_plugin_that_breaks_its_contract_is_a_failed_row_that_names_clip_and_stem(bench):
    bench.write_plugin("hostile", textwrap.dedent(HOSTILE))
    run = bench.run(
        separators=["plain", "halves", "half"],
        features=["levels", "holes", "growing", "crash"],
        models=["linear", "lost"],
    )
    rows = run.leaderboard.set_index(["separator", "features", "model"])
    errors = rows["error"]
    assert errors["half", "levels", "linear"] == (
        "clip c1 of noise: half: stem vocals: half returned the shape (1, 210) for a clip of "
        "shape (1, 420); correct the plugin"
    )
    assert errors["plain", "holes", "linear"].startswith(
        "clip c7 of noise: holes of plain: stem mixed: holes returned 1 values that are NaN"
    )
    assert errors["plain", "growing", "linear"].startswith(
        "table of noise: plain x growing: clip c1 of noise: plain x growing has features of shape "
        "(420,) where the first clip has (400,)"
    )
    assert errors["plain", "crash", "linear"].startswith("clip c0 of noise: crash of plain: ")
    assert "KeyError: 'no such thing'" in errors["plain", "crash", "linear"]
    assert (
        "lost predicted NaN or infinite values for 2 of 2 clips (c"
        in (errors["plain", "levels", "lost"])
    )
    # Everything that does not depend on a broken plugin is as it should be.
    good = rows[rows["status"] == "ok"]
    assert set(good.index) == {(s, f, "linear") for s, f in [
        ("plain", "levels"), ("halves", "levels"), ("halves", "holes"),
    ]}  # fmt: skip
    assert good["kl_mean"].notna().all()
    assert rows.loc[rows["status"] == "failed", "kl_mean"].isna().all()


def test_no_task_carries_a_label_of_a_clip_it_is_tested_on(bench: TinyBench):
    plan = bench.plan()
    labels = {clip.label: clip.id for clip in plan.datasets[0].clips}
    fits = [work for work in plan.tasks.values() if isinstance(work, Fit)]
    assert len(fits) == 9
    for work in fits:
        assert len(work.labels) == len(work.train) == 6
        assert not {labels[label] for label in work.labels} & set(work.clip_ids)
        assert not set(work.train) & set(work.test)


def test_a_failing_stage_is_an_error_a_user_can_read(clip, store):
    """A missing file, met by the task itself after the plan had seen it."""
    clip.audio.unlink()
    with pytest.raises(MerbenchError, match=r"c\.wav cannot be opened .* restore the file"):
        decode(Files(), clip)


@pytest.mark.parametrize("error", [KeyError("surprise"), MemoryError(), UnicodeError("odd")])
def test_whatever_decoding_raises_names_the_file(clip, error):
    class Faulty(Files):
        def decode(self, clip):
            raise error

    reason = rf"cannot be decoded \({type(error).__name__}: |needs more memory"
    with pytest.raises(AudioError, match=rf"{clip.audio.name} ({reason})"):
        decode(Faulty(), clip)


def test_a_sample_rate_beyond_belief_is_refused(clip):
    class Fast(Files):
        def decode(self, clip):
            return super().decode(clip)[0], 2_000_000_000

    with pytest.raises(AudioError, match="its sample rate is 2,000,000,000 Hz"):
        decode(Fast(), clip)


def test_what_files_decode_by_another_version_is_not_reused(clip, monkeypatch):
    class Made(Files):
        synthetic = True

        def decode(self, clip):
            return np.ones((1, 10), np.float32), 8_000

    class Halved(Files):
        def decode(self, clip):
            return super().decode(clip)

    before = {cls: decoding_key(cls(), clip) for cls in (Files, Halved, Made)}
    monkeypatch.setattr(audio, "VERSION", audio.VERSION + 1)
    changed = {cls for cls, key in before.items() if decoding_key(cls(), clip) != key}
    assert changed == {Files, Halved}
