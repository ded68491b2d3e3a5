from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorflow_files import entry, message, number, write_checkpoint, write_table

from merbench.errors import MerbenchError
from merbench_plugins.checkpoints.tensorflow import TensorFlowCheckpoint


@pytest.fixture
def variables() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    names = [f"separator/conv1d_{i}/{part}" for i in range(30) for part in ("kernel", "bias")]
    arrays = {
        name: rng.normal(size=(3, 2, i % 5 + 1)).astype(np.float32) for i, name in enumerate(names)
    }
    arrays |= {f"{name}/Adam": np.zeros_like(value) for name, value in arrays.items()}
    return arrays | {"global_step": np.array(134067, np.int64)}


@pytest.mark.parametrize("snappy", [False, True])
@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("block_entries", [7, 1000])
def test_reads_what_was_written(
    tmp_path: Path,
    variables: dict[str, np.ndarray],
    snappy: bool,
    shards: int,
    block_entries: int,
) -> None:
    prefix = tmp_path / "full_multi_instrument-134067"
    write_checkpoint(prefix, variables, shards=shards, snappy=snappy, block_entries=block_entries)
    checkpoint = TensorFlowCheckpoint(tmp_path / f"{prefix.name}.index")
    assert checkpoint.shapes == {name: array.shape for name, array in variables.items()}
    for name, array in variables.items():
        np.testing.assert_array_equal(checkpoint.read(name), array)
        assert checkpoint.read(name).dtype == array.dtype


def test_half_precision(tmp_path: Path) -> None:
    array = np.array([0.5, -2.0], np.float16)
    write_checkpoint(tmp_path / "ckpt", {"a": array})
    np.testing.assert_array_equal(TensorFlowCheckpoint(tmp_path / "ckpt.index").read("a"), array)


def test_files_whose_names_begin_with_their_dot(tmp_path: Path) -> None:
    array = np.array([1.5, 2.5], np.float32)
    write_checkpoint(tmp_path / "ckpt", {"a": array})
    for part in ("index", "data-00000-of-00001"):
        (tmp_path / f"ckpt.{part}").rename(tmp_path / f".{part}")
    np.testing.assert_array_equal(TensorFlowCheckpoint(tmp_path / ".index").read("a"), array)


def test_missing_index(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match=r"ckpt\.index cannot be read"):
        TensorFlowCheckpoint(tmp_path / "ckpt.index")


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 500])
def test_index_that_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ckpt.index").write_bytes(content)
    with pytest.raises(MerbenchError, match=r"ckpt\.index is no TensorFlow checkpoint index"):
        TensorFlowCheckpoint(tmp_path / "ckpt.index")


def test_index_without_header(tmp_path: Path) -> None:
    write_table(tmp_path / "ckpt.index", {b"a": entry(np.ones(2, np.float32), 0, 0)})
    with pytest.raises(MerbenchError, match="it has no header"):
        TensorFlowCheckpoint(tmp_path / "ckpt.index")


def test_index_whose_messages_are_damaged(tmp_path: Path) -> None:
    header = number(1, 1)
    for broken in (message(4, b"abc"), b"\xff\xff", b"\x12\xff\x01", b"\x13", number(2, 5)):
        write_table(tmp_path / "ckpt.index", {b"": header, b"a": broken})
        with pytest.raises(MerbenchError, match="is damaged"):
            TensorFlowCheckpoint(tmp_path / "ckpt.index")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_damaged_index_is_an_error_or_harmless(
    tmp_path: Path, variables: dict[str, np.ndarray], data: st.DataObject
) -> None:
    prefix = tmp_path / "ckpt"
    write_checkpoint(prefix, dict(list(variables.items())[:9]))
    index = tmp_path / "ckpt.index"
    content = bytearray(index.read_bytes())
    whole = TensorFlowCheckpoint(tmp_path / f"{prefix.name}.index").shapes
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    index.write_bytes(content)
    try:
        shapes = TensorFlowCheckpoint(tmp_path / f"{prefix.name}.index").shapes
    except MerbenchError:
        return
    # Nothing says anything about the padding of the footer and the empty block of metadata.
    assert shapes == whole


def test_damaged_data_names_the_variable(tmp_path: Path, variables: dict[str, np.ndarray]) -> None:
    prefix = tmp_path / "ckpt"
    write_checkpoint(prefix, variables)
    data = tmp_path / "ckpt.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    content[-1] ^= 1
    data.write_bytes(content)
    checkpoint = TensorFlowCheckpoint(tmp_path / f"{prefix.name}.index")
    last = max(variables)
    with pytest.raises(MerbenchError, match=f"the bytes of {last} do not have the checksum"):
        checkpoint.read(last)
    checkpoint.read(min(variables))


def test_data_cut_short(tmp_path: Path, variables: dict[str, np.ndarray]) -> None:
    write_checkpoint(tmp_path / "ckpt", variables)
    data = tmp_path / "ckpt.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(MerbenchError, match="is cut short"):
        TensorFlowCheckpoint(tmp_path / "ckpt.index")


def test_missing_shard(tmp_path: Path, variables: dict[str, np.ndarray]) -> None:
    write_checkpoint(tmp_path / "ckpt", variables, shards=2)
    (tmp_path / "ckpt.data-00001-of-00002").unlink()
    with pytest.raises(MerbenchError, match="data-00001-of-00002 is missing"):
        TensorFlowCheckpoint(tmp_path / "ckpt.index")


def test_partitioned_variable(tmp_path: Path, variables: dict[str, np.ndarray]) -> None:
    name = min(variables)
    write_checkpoint(tmp_path / "ckpt", variables, sliced=name)
    with pytest.raises(MerbenchError, match=f"{name} is stored in slices"):
        TensorFlowCheckpoint(tmp_path / "ckpt.index").read(name)
