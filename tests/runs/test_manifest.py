"""What a manifest says, and that it follows from nothing but itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from merbench import evaluation
from merbench.evaluation import versions
from merbench.identity import spec_hash, truth_hash
from merbench.verification.manifest_check import manifest_differences
from tinybench import Here, TinyBench


def test_a_manifest_can_be_checked_alone(bench: TinyBench) -> None:
    manifest = json.loads(json.dumps(bench.run().manifest))
    assert manifest_differences(manifest) == []
    (entry,) = manifest["datasets"]
    assert entry["clips"]["id"] == [f"c{i}" for i in range(8)]
    assert entry["clips"]["group"] == [f"g{i}" for i in range(8)]
    assert not entry["labels_public"]
    assert "audio" not in entry["clips"]
    assert [len(side) for side in entry["sides"]] == [8, 8, 8]
    assert all(side.count("t") == 2 and side.count("r") == 6 for side in entry["sides"])
    assert manifest["evaluator"] == {
        "version": evaluation.VERSION, "hash": evaluation.source_hash(),
    }  # fmt: skip
    assert manifest["spec_hash"] == spec_hash(manifest["spec"])
    assert Path(manifest["base"]) == bench.folder


def test_a_truth_hash_needs_the_file(bench: TinyBench) -> None:
    import hashlib

    manifest = bench.run().manifest
    audio = hashlib.sha256((bench.folder / "data" / "c0.wav").read_bytes()).hexdigest()
    line = (bench.folder / "data" / "clips.csv").read_text().splitlines()[1].split(",")
    label = [float(number) for number in line[2:]]
    assert manifest["datasets"][0]["clips"]["truth"][0] == truth_hash("c0", label, audio)


def test_the_data_hash_follows_labels_files_and_groups(bench: TinyBench) -> None:
    found = {bench.run().manifest["datasets"][0]["data_hash"]}
    labels = bench.folder / "data" / "clips.csv"
    for old, new in (("c0,g0", "c0,g9"), ("0.12", "0.13")):
        labels.write_text(labels.read_text().replace(old, new, 1))
        found.add(bench.run().manifest["datasets"][0]["data_hash"])
    (bench.folder / "data" / "c0.wav").write_bytes((bench.folder / "data" / "c1.wav").read_bytes())
    found.add(bench.run().manifest["datasets"][0]["data_hash"])
    assert len(found) == 4


def test_where_relative_paths_of_assignments_start_is_kept(
    bench: TinyBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from merbench.benchmark.document import read_document
    from merbench.benchmark.resolving import resolve
    from merbench.benchmark.schema import parse
    from merbench.planning.planner import make_plan
    from merbench.runs import execution

    (bench.folder / "data").rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    document = read_document(bench.spec, ["datasets.noise.root=moved"])
    planned = make_plan(resolve(document, parse(document), bench.registry()), bench.store)

    manifest = execution.execute_plan(planned, bench.store, Here(bench.store)).manifest
    assert manifest["bases"] == [
        {"at": ["datasets", 0, "noise", "root"], "base": str(tmp_path)},
    ]


def test_the_engine_is_named_without_the_folder_of_its_store(bench: TinyBench) -> None:
    from merbench.engines.dask_engine import Dask
    from merbench.runs import execution

    engine = Dask.model_validate({"batch": 7, "store": "/shared/somebody"})
    planned = bench.plan()
    manifest = execution.execute_plan(
        planned, bench.store, Here(bench.store), engine=engine.described
    ).manifest
    assert manifest["engine"] == {"name": "dask", "parameters": {"batch": 7}}


# --- the evaluator's version ---------------------------------------------------------------------


def test_an_evaluator_gives_the_same_scores_as_itself_and_as_those_that_are_listed(monkeypatch):
    assert versions.same_scores(versions.VERSION, versions.source_hash())
    assert not versions.same_scores(versions.VERSION, "other")
    assert not versions.same_scores("0", versions.source_hash())
    monkeypatch.setattr(versions, "_EARLIER", {versions.VERSION: ("earlier",)})
    assert versions.same_scores(versions.VERSION, "earlier")


def test_line_ends_do_not_make_another_evaluator(tmp_path, monkeypatch):
    own = Path(versions.__file__).parent
    for name in versions.SOURCES:
        text = (own / name).read_bytes()
        (tmp_path / name).write_bytes(text.replace(b"\n", b"\r\n"))
    expected = versions.source_hash()
    monkeypatch.setattr(versions, "__file__", str(tmp_path / "versions.py"))
    assert versions.source_hash() == expected
    with (tmp_path / versions.SOURCES[0]).open("a") as handle:
        handle.write("# more")
    assert versions.source_hash() != expected


def test_the_manifest_says_what_was_run_with_what_on_what(written):
    run, folder = written
    manifest = run.manifest
    assert manifest["spec"]["models"][2] == {"linear": {"penalty": 3.0}}
    assert manifest["protocol"]["parameters"]["folds"] == 3
    assert manifest["packages"]["numpy"] == np.__version__
    assert manifest["hardware"]["cores"] >= 1
    assert manifest["tasks"]["done"] > 0
    assert {entry["name"] for entry in manifest["datasets"]} == {"noise", "rated"}
    for cell in manifest["cells"]:
        rows = run.folds[run.folds["cell"] == cell["id"]]
        assert rows["seed"].tolist() == cell["seeds"]
    for data in manifest["datasets"]:
        rows = run.folds[run.folds["dataset"] == data["name"]]
        assert set(rows["split_hash"]) == {data["split_hash"]}
        assert set(rows["data_hash"]) == {data["data_hash"]}
    assert "NaN" not in (folder / "manifest.json").read_text()
