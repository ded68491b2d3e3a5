from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from merbench.errors import MerbenchError, StoreError
from merbench.steps import uses
from merbench.steps.inventory import Inventory, Wanted, age_in_seconds, prune_store
from merbench.steps.store import Store

KEYS = {name: name * 64 for name in "abcd"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.prepare()
    contents = {
        "a": ({"bass": np.zeros(8)}, {"component": "hpss", "sample_rate": 8_000}),
        "b": ({"mixed": np.zeros(4)}, {"component": "levels", "frame_rate": None}),
        "c": ({"rows": np.zeros((2, 2))}, {"kind": "vector"}),
        "d": ({"predictions": np.zeros((2, 4))}, {"component": "ridge"}),
    }
    for name, (arrays, info) in contents.items():
        made.put(KEYS[name], arrays, info)
    return made


def finished(store: Store, folder: Path, names: str, dataset: str = "demo") -> Path:
    """Have a run of these artifacts be known to the store."""
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"run": folder.name}))
    use = uses.begin_use(store.folder, "a run")
    use = uses.with_keys(use, {dataset: {KEYS[name] for name in names}}, folder)
    uses.end_use(use, folder.name)
    return folder


def left(store: Store) -> str:
    return "".join(name for name, key in KEYS.items() if store.has(key))


def pruned(store: Store, now: float | None = None, **wanted: object) -> str:
    taken = prune_store(store, Wanted(**wanted), time.time() if now is None else now)
    return "".join(sorted(artifact.key[0] for artifact in taken))


def test_sizes(store: Store, tmp_path: Path) -> None:
    finished(store, tmp_path / "one", "abd")
    inventory = Inventory.of(store.folder)
    sizes = inventory.sizes("stage")
    assert {name: count for name, (count, _) in sizes.items()} == {
        "separate": 1, "extract": 1, "assemble": 1, "fit": 1,
    }  # fmt: skip
    size = (store.path(KEYS["a"]) / "bass.npy").stat().st_size
    assert sizes["separate"] == (1, size)
    counts = {name: count for name, (count, _) in inventory.sizes("dataset").items()}
    assert counts == {"demo": 3, "(no run)": 1}
    assert inventory.sizes("plugin")["hpss"] == (1, size)
    used = inventory.used_by(tmp_path / "one").all_keys
    assert sum(count for count, _ in inventory.sizes("stage", used).values()) == 3


def test_prune_by_run_leaves_what_others_use(store: Store, tmp_path: Path) -> None:
    one, two = finished(store, tmp_path / "one", "abc"), finished(store, tmp_path / "two", "bd")
    assert pruned(store, runs=(one,)) == "ac"
    assert left(store) == "bd"
    assert pruned(store, keep_runs=(two,)) == ""


def test_prune_unreferenced(store: Store, tmp_path: Path) -> None:
    one = finished(store, tmp_path / "one", "ab")
    finished(store, tmp_path / "two", "bc")
    (one / "manifest.json").unlink()
    assert pruned(store, unreferenced=True) == "ad"
    assert left(store) == "bc"


def test_prune_by_age_counts_from_the_last_run(store: Store, tmp_path: Path) -> None:
    now = time.time()
    assert pruned(store, now + 3600, older_than=7200.0) == ""
    one = finished(store, tmp_path / "one", "ab")
    (use,) = uses.uses(store.folder)
    use.file.write_text(json.dumps(json.loads(use.file.read_text()) | {"ended": now + 7200}))
    assert pruned(store, now + 8000, older_than=7200.0) == "cd"
    assert one.is_dir()


def test_a_dry_run_takes_nothing(store: Store) -> None:
    assert len(prune_store(store, Wanted(older_than=0.0), time.time() + 9, dry=True)) == 4
    assert left(store) == "abcd"


def test_what_is_in_use_stays(store: Store, tmp_path: Path) -> None:
    use = uses.begin_use(store.folder, "a run")
    with pytest.raises(StoreError, match="is in use by a run"):
        pruned(store, unreferenced=True)
    uses.with_keys(use, {"demo": {KEYS["b"]}}, tmp_path / "going-on")
    # A process that began long ago: what it made since may be its own.
    assert pruned(store, unreferenced=True) == ""
    document = json.loads(use.file.read_text())
    store.put("e" * 64, {}, {})
    for name in "abcd":
        os.utime(store.path(KEYS[name]), (1, 1))
    assert document["process"]
    assert pruned(store, unreferenced=True) == "acd"
    uses.end_use(use)
    assert pruned(store, unreferenced=True) == "be"


def test_a_damaged_artifact_counts(store: Store) -> None:
    (store.path(KEYS["a"]) / "artifact.json").write_text("{")
    assert Inventory.of(store.folder).sizes("stage")["damaged"][0] == 1


def test_an_artifact_that_lost_its_index_counts_and_goes(store: Store) -> None:
    (store.path(KEYS["a"]) / "artifact.json").unlink()
    assert Inventory.of(store.folder).sizes("stage")["damaged"][0] == 1
    assert pruned(store, now=time.time() + 9, older_than=1.0) == "abcd"
    assert not store.path(KEYS["a"]).exists()


def test_what_is_no_artifact_is_left_alone(store: Store) -> None:
    (store.folder / "aa" / "notes.txt").write_text("mine")
    (store.folder / "aa" / "my-folder").mkdir()
    (store.folder / "aa" / "aa-file").write_text("mine")
    assert len(prune_store(store, Wanted(older_than=-9.0), time.time())) == 4
    assert (store.folder / "aa" / "notes.txt").exists()
    assert (store.folder / "aa" / "aa-file").exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"keys": {"demo": 5}}',
        '{"keys": {"demo": [["x"]]}}',
        '{"keys": null, "process": "x"}',
        '{"keys": null, "ended": "today"}',
        '{"keys": {}, "folder": 7, "run": "r"}',
        '{"keys": null, "host": null}',
    ],
)
def test_a_damaged_use_says_nothing(store: Store, tmp_path: Path, text: str) -> None:
    finished(store, tmp_path / "first", "ab")
    (store.folder / "uses" / f"{'0' * 32}.json").write_text(text)
    assert len(Inventory.of(store.folder).uses) == 1
    assert pruned(store, unreferenced=True) == "cd"


def test_a_store_that_cannot_be_written_is_one_sentence_and_may_be_looked_at(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "store")
    assert prune_store(store, Wanted(unreferenced=True), time.time(), dry=True) == []
    with pytest.raises(StoreError, match=r"cannot be written .*; make it writable"):
        prune_store(store, Wanted(unreferenced=True), time.time())


def test_a_dry_run_makes_no_folder(tmp_path: Path) -> None:
    store = Store(tmp_path / "home" / "store")
    assert prune_store(store, Wanted(unreferenced=True), time.time(), dry=True) == []
    assert not store.folder.exists()


def test_an_unknown_run(store: Store, tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match=r"there is no run in .*never"):
        pruned(store, runs=(tmp_path / "never",))
    with pytest.raises(MerbenchError, match="does not know what"):
        pruned(store, runs=(tmp_path,))


@pytest.mark.parametrize(
    ("text", "seconds"), [("30d", 2_592_000), ("12h", 43_200), ("2w", 1_209_600)]
)
def test_ages(text: str, seconds: float) -> None:
    assert age_in_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "-3d", "3 months"])
def test_what_is_no_age(text: str) -> None:
    with pytest.raises(MerbenchError, match="is no age"):
        age_in_seconds(text)
