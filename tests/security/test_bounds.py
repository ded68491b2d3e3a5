"""A few kilobytes that stand for gigabytes or hours are counted first, and refused."""

from __future__ import annotations

import json
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hostile import edit
from tampered import submission

from merbench import bounds
from merbench.benchmark.document import Document, read_document
from merbench.benchmark.resolving import Benchmark, resolve
from merbench.benchmark.schema import parse
from merbench.errors import MerbenchError
from merbench.plugins import discovery
from merbench.plugins.registry import Registry
from merbench.runs import record
from merbench.scoring.wide_table import read_table
from merbench.verification.board_check import verify_board
from merbench_plugins.datasets.archives import unpacked

MOST_SECONDS = 5.0
"""Of processor time; each was hours, or gigabytes, before anything was counted."""


@pytest.fixture(autouse=True)
def soon():
    started = time.process_time()
    yield
    assert time.process_time() - started < MOST_SECONDS


def aliases(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]")
    return "\n".join(lines) + "\n"


def test_aliases_that_multiply_are_counted_before_they_are_written_out(tmp_path):
    (tmp_path / "b.yaml").write_text(aliases(9))
    with pytest.raises(MerbenchError, match=r"b\.yaml:1: its aliases come to \d{3},\d{3},\d{3} v"):
        read_document(tmp_path / "b.yaml")
    (tmp_path / "b.yaml").write_text(aliases(3))
    assert len(read_document(tmp_path / "b.yaml").data["a2"]) == 9


def test_merged_keys_that_multiply_are_counted_as_well(tmp_path):
    lines = ["a0: &a0 {k: v}"]
    for level in range(1, 10):
        lines.append(f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 9)}]}}")
    (tmp_path / "b.yaml").write_text("\n".join(lines))
    with pytest.raises(MerbenchError, match="its aliases come to"):
        read_document(tmp_path / "b.yaml")


def test_an_alias_in_a_setting_is_counted(tmp_path):
    (tmp_path / "b.yaml").write_text("name: x\n")
    with pytest.raises(MerbenchError, match=r"--set .* come to"):
        read_document(tmp_path / "b.yaml", [f"x={{{aliases(9).replace(chr(10), ', ')}}}"])


@pytest.mark.parametrize("text", ["1:" * 200_000 + "1", "9" * 100_000, "1" * 5000 + ".5"])
def test_numbers_of_any_length_are_no_work(tmp_path, text):
    (tmp_path / "b.yaml").write_text(f"seed: {text}\n")
    with pytest.raises(MerbenchError, match=r"b\.yaml:1: .* is no (int|float)") as raised:
        read_document(tmp_path / "b.yaml")
    assert len(str(raised.value)) < 300


def test_a_file_of_any_size_is_not_read(tmp_path):
    with (tmp_path / "b.yaml").open("wb") as handle:
        handle.truncate(10**9)
    with pytest.raises(MerbenchError, match=r"has 1,000,000,000 bytes; 16,777,216 are the most"):
        read_document(tmp_path / "b.yaml")


@pytest.fixture(scope="module")
def installed() -> Registry:
    return discovery.load_plugins()


def resolved(folder: Path, registry: Registry, **data: object) -> Benchmark:
    known = {"name": "b", "datasets": ["demo"], "features": ["egemaps"], "models": ["ridge"]}
    document = Document("b.yaml", folder, known | data)
    return resolve(document, parse(document), registry)


def test_a_grid_is_counted_before_it_is_made(tmp_path, installed):
    thousand = [i + 0.5 for i in range(1000)]
    grid = {"svr": {"C": thousand, "epsilon": thousand}}
    with pytest.raises(
        MerbenchError, match="the grid of svr has 1,000,000 combinations; 100,000 a"
    ):
        resolved(tmp_path, installed, models=[grid])
    nested = [{"calibrated": {"model": [grid]}}]
    with pytest.raises(MerbenchError, match="the grid of calibrated has 1,000,000 combinations"):
        resolved(tmp_path, installed, models=nested)


def test_combinations_of_axes_are_counted_before_they_are_made(tmp_path, installed):
    grid = {"svr": {"C": [i + 0.5 for i in range(600)], "epsilon": [0.1, 0.2]}}
    with pytest.raises(
        MerbenchError, match=r"x 1,2\d\d models are 1\d\d,\d{3} combinations; 100,000"
    ):
        resolved(
            tmp_path,
            installed,
            models=[grid],
            separators=["mixed", "hpss"],
            augmentations=["none", {"gain": {"copies": list(range(1, 60))}}],
        )


@pytest.mark.parametrize(
    "protocol", [{"monte-carlo": {"folds": 100_000_000}}, {"stratified-k-fold": {"folds": 10**9}}]
)
def test_folds_are_counted_before_they_are_drawn(bench, protocol):
    with pytest.raises(MerbenchError, match=r"folds.*10000"):
        bench.plan(protocol=protocol)


def test_repeats_of_folds_are_counted_before_they_are_drawn(bench):
    with pytest.raises(MerbenchError, match=r"2 folds cut 9,000 times are 18,000; 10,000 are the"):
        bench.plan(protocol={"stratified-k-fold": {"folds": 2, "repeats": 9_000}})


@pytest.fixture(scope="module")
def bomb(tmp_path_factory) -> Path:
    """A table of ten million equal rows in less than 200 kilobytes."""
    path = tmp_path_factory.mktemp("bomb") / "predictions.parquet"
    rows = 10_000_000
    repeated = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int8), ["x" * 100])
    table = pa.table({"cell": repeated, "fold": np.zeros(rows, np.int8)})
    pq.write_table(table, path, compression="zstd", row_group_size=rows)
    assert path.stat().st_size < 200_000
    return path


def test_a_table_that_unpacks_to_gigabytes_is_not_unpacked(folder, bomb, monkeypatch):
    assert bounds._TABLE_BYTES == 2 * 2**30
    monkeypatch.setattr(bounds, "_TABLE_BYTES", 10**8)
    (folder / "predictions.parquet").write_bytes(bomb.read_bytes())
    with pytest.raises(MerbenchError, match=r"bytes and unpacks to 160,000,000 \(10,000,000 rows"):
        record.read_record(folder)


def test_a_table_to_be_scored_that_unpacks_to_gigabytes_is_not_unpacked(bomb, monkeypatch):
    monkeypatch.setattr(bounds, "_TABLE_BYTES", 10**8)
    with pytest.raises(MerbenchError, match="bytes and unpacks to 160,000,000"):
        read_table(bomb)


def varint(number: int, length: int = 0) -> bytes:
    """A number as Thrift's compact protocol writes it, with zeros in front up to a length."""
    left, written = number * 2, []
    while left > 127 or len(written) + 1 < length:
        written.append(left & 127 | 128)
        left >>= 7
    return bytes([*written, left])


def test_a_table_whose_pages_hold_more_than_its_footer_says_is_not_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    zeros = pa.table({"kl": np.zeros(1_000_000)})
    pq.write_table(zeros, path, compression="zstd", use_dictionary=False)
    footer = pq.read_metadata(path).row_group(0)
    data = path.read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    said = data[start:]
    for number in (footer.total_byte_size, footer.num_rows):
        assert varint(number) in said
        said = said.replace(varint(number), varint(100, len(varint(number))))
    path.write_bytes(data[:start] + said)
    assert pq.read_metadata(path).row_group(0).total_byte_size == 100
    monkeypatch.setattr(bounds, "_TABLE_BYTES", 10**6)
    with pytest.raises(MerbenchError, match=r"unpacks to 8,\d{3},\d{3} \(100 rows of 1 columns"):
        bounds.parquet_table(path)


def test_a_long_text_that_stands_in_every_row_is_counted_as_often(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "_TABLE_BYTES", 10**7)
    folds = pd.DataFrame({"error": ["x" * 10**5] * 1000})
    record.write_parquet([folds], folder / "folds.parquet")
    assert (folder / "folds.parquet").stat().st_size < 10**5
    with pytest.raises(MerbenchError, match="and unpacks to 100,000,000"):
        record.read_run_table(folder / "folds.parquet")
    (tmp_path / "t.parquet").write_bytes((folder / "folds.parquet").read_bytes())
    with pytest.raises(MerbenchError, match="and unpacks to 100,000,000"):
        read_table(tmp_path / "t.parquet")


def test_texts_that_are_written_as_differences_are_not_unpacked(tmp_path):
    table = pa.table({"id": [f"{'x' * 1000}{i}" for i in range(100)]})
    encoding = {"use_dictionary": False, "column_encoding": {"id": "DELTA_BYTE_ARRAY"}}
    pq.write_table(table, tmp_path / "t.parquet", **encoding)
    with pytest.raises(ValueError, match=r"encoded as differences \(DELTA_BYTE_ARRAY\)"):
        bounds.parquet_table(tmp_path / "t.parquet")


def test_lists_in_cells_are_refused(tmp_path):
    pq.write_table(pa.table({"id": [["a"] * 3]}), tmp_path / "t.parquet")
    with pytest.raises(MerbenchError, match="the column id holds lists or structures"):
        bounds.parquet_table(tmp_path / "t.parquet")


def test_whoever_trusts_a_table_says_so(folder, monkeypatch):
    monkeypatch.setenv("MERBENCH_TABLE_BYTES", "100")
    with pytest.raises(MerbenchError, match="100 are the most: if you trust it, set MERBENCH_TABL"):
        record.read_record(folder)


def test_an_archive_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setenv("MERBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("merbench_plugins.datasets.archives._ALWAYS", 2**20)
    with zipfile.ZipFile(tmp_path / "labels.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.csv", b"\0" * 10**7)
    with pytest.raises(MerbenchError, match=r"unpacks to 10,000,000 in 1 files, which no archive"):
        unpacked(tmp_path / "labels.zip")
    assert not list((tmp_path / "home").rglob("*.csv"))


@pytest.mark.parametrize("depth", [100, 100_000])
def test_a_manifest_nested_deeply_is_one_sentence(board, depth):
    path = submission(board) / "manifest.json"
    path.write_text('{"evaluator": ' + "[" * depth + "]" * depth + "}")
    (found, *_) = verify_board(board, pages=False).differences
    assert "nested more than 60 deep" in found


def test_a_column_of_json_nested_deeply_is_one_sentence(folder):
    folds = record.read_run_table(folder / "folds.parquet")
    folds["parameters"] = "[" * 100_000
    record.write_parquet([folds], folder / "folds.parquet")
    with pytest.raises(MerbenchError, match=r"parameters .* is no JSON \(it is nested more than"):
        record.read_record(folder)


def test_counts_that_a_manifest_states_are_not_counted_up_to(board):
    folder = submission(board)
    edit(folder, lambda m: [entry.update(n_folds=10**12) for entry in m["datasets"]])
    found = verify_board(board, pages=False).differences
    assert any("n_folds is 1000000000000 where 3 are listed" in line for line in found)


def test_names_that_would_be_tried_in_every_combination_are_not(board):
    folder = submission(board)
    cell = json.loads((folder / "manifest.json").read_text())["cells"][0]
    features = [{"name": "a"}] * 12
    title = "a (" + "a) + a (" * 180
    edit(
        folder,
        lambda m: m["cells"][0].update(
            features=title, identity=cell["identity"] | {"features": features}
        ),
    )
    found = verify_board(board, pages=False).differences
    assert any("which its identity is not" in line for line in found)
