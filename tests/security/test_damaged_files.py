"""Damaged archives, weights and tables: one sentence that names the file."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

import pytest

from merbench.errors import MerbenchError
from merbench_plugins.checkpoints.opening import SafetensorsCheckpoint
from merbench_plugins.datasets.archives import unpacked


def safetensors(path: Path, header: object, body: bytes = b"\0" * 16) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


WRONG = {
    "a negative offset": {"a": {"dtype": "F32", "shape": [4], "data_offsets": [-8, 8]}},
    "offsets backwards": {"a": {"dtype": "F32", "shape": [2], "data_offsets": [16, 8]}},
    "beyond the end": {"a": {"dtype": "F32", "shape": [99], "data_offsets": [0, 396]}},
    "a negative shape": {"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 16]}},
    "another shape": {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 16]}},
    "a shape of halves": {"a": {"dtype": "F32", "shape": [2.0, 2], "data_offsets": [0, 16]}},
    "a shape that is true": {"a": {"dtype": "U8", "shape": [True, 16], "data_offsets": [0, 16]}},
    "three offsets": {"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16, 16]}},
    "no offsets": {"a": {"dtype": "F32", "shape": [4]}},
    "a number for an array": {"a": 3},
    "a list": [],
    "nothing": b"",
    "nested": b'{"a":' + b"[" * 100_000,
    "no text": b"\xff\xfe{",
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_safetensors_are_one_sentence(tmp_path, kind):
    path = safetensors(tmp_path / "w.safetensors", WRONG[kind])
    with pytest.raises(MerbenchError, match=r"w\.safetensors is no safetensors file or is damaged"):
        SafetensorsCheckpoint(path)


def test_right_safetensors_are_read(tmp_path):
    header = {"a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}
    assert SafetensorsCheckpoint(safetensors(tmp_path / "w", header)).read("a").shape == (2, 2)


@pytest.mark.parametrize("length", [0, 2**63, 2**64 - 1])
def test_a_header_of_any_length_is_one_sentence(tmp_path, length):
    (tmp_path / "w").write_bytes(struct.pack("<Q", length) + b"{}")
    with pytest.raises(MerbenchError, match="is no safetensors file or is damaged"):
        SafetensorsCheckpoint(tmp_path / "w")


def archive(path: Path, **named: bytes) -> bytes:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
        for name, data in named.items():
            content.writestr(name, data)
    return path.read_bytes()


DAMAGES = {
    "cut short": lambda data: data[:-30],
    "no archive": lambda data: b"PK" + b"\0" * 50,
    "empty": lambda data: b"",
    "its content": lambda data: data[:45] + bytes(255 - b for b in data[45:60]) + data[60:],
    "an unknown compression": lambda data: data.replace(b"\x08\x00", b"\x63\x00"),
    "encrypted": lambda data: data.replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
    ),
    "an offset before the file": lambda data: data[:-6] + b"\xff\xff\xff\x7f\0\0",
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_archive_is_one_sentence(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("MERBENCH_HOME", str(tmp_path / "home"))
    path = tmp_path / "data.zip"
    data = archive(path, labels=bytes(range(256)) * 40)
    damaged = DAMAGES[kind](data)
    assert damaged != data
    path.write_bytes(damaged)
    with pytest.raises(MerbenchError, match=r"^[^\n]*data\.zip: it cannot be unpacked [^\n]*$"):
        unpacked(path)


def test_an_archive_reaches_nothing_outside_its_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MERBENCH_HOME", str(tmp_path / "home"))
    archive(tmp_path / "data.zip", **{"../../../evil": b"x", "/evil": b"x", "fine": b"x"})
    folder = unpacked(tmp_path / "data.zip")
    assert sorted(path.name for path in folder.rglob("*")) == ["evil", "fine"] or folder.is_dir()
    assert not list(tmp_path.glob("evil"))
    assert not list((tmp_path / "home").glob("evil"))
