"""Assembling: clips and stems are joined in order, into tables that stay on disk."""

from __future__ import annotations

import numpy as np
import pytest
from stage_plugins import RNG

from merbench import FeatureKind
from merbench.errors import PluginError
from merbench.steps.assembling import Assemble, ClipRows, JoinTables, joined_key, open_rows
from merbench.steps.store import Store


def assemble(
    store: Store,
    kind: FeatureKind,
    clips: list[dict[str, np.ndarray]],
    stems: tuple[str, ...],
    rates: list[float | None] | None = None,
) -> Assemble:
    """Put clips' arrays into the store and join them into one table."""
    keys = [f"{i:064x}" for i in range(len(clips))]
    for i, (key, arrays) in enumerate(zip(keys, clips, strict=True)):
        store.put(key, arrays, {"frame_rate": rates[i]} if rates else {})
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


TIMED = {
    FeatureKind.IMAGE: (4, 5), FeatureKind.SEQUENCE: (5, 3), FeatureKind.WAVEFORM: (9,)
}  # fmt: skip


@pytest.mark.parametrize("kind", TIMED)
def test_rows_know_the_frame_rate_of_each_clip(store, kind):
    work = assemble(store, kind, arrays(*[TIMED[kind]] * 3), STEMS, [43.0, 86.0, 43.5])
    rows = open_rows(Store(store.folder), work.key, [2, 0, 1])
    np.testing.assert_array_equal(rows.rates, [43.5, 43.0, 86.0])
    np.testing.assert_array_equal(rows.take([2, 0]).rates, [86.0, 43.5])


@pytest.mark.parametrize("rates", [None, [43.0, None, 43.0]])
def test_rows_whose_frame_rates_are_not_all_stated_know_none(store, rates):
    work = assemble(store, FeatureKind.SEQUENCE, arrays(*[(5, 3)] * 3), STEMS, rates)
    assert open_rows(store, work.key, [0, 2]).rates is None
    assert open_rows(store, work.key, [0, 2]).take([1]).rates is None


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


def test_tables_of_vectors_are_joined_clip_by_clip(store):
    tables = [RNG.standard_normal((300, width)).astype(np.float32) for width in (3, 1, 4)]
    keys = tuple(f"{i:064x}" for i in range(3))
    for key, table in zip(keys, tables, strict=True):
        store.put(key, {"rows": table}, {"kind": "vector"})
    work = JoinTables(joined_key(keys), keys, "plain x levels + hums")
    assert work.key != joined_key(keys[::-1])
    assert work.title == "table of plain x levels + hums"
    work.run(store)
    rows = open_rows(store, work.key, [299, 0])
    np.testing.assert_array_equal(rows, np.concatenate(tables, axis=1)[[299, 0]])
