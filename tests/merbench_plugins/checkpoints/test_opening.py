"""Checkpoints of every kind are read, and none of them runs code."""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_networks import checkpoint, noise, reduced
from tensorflow_files import write_checkpoint
from tensorflow_graph import random_variables

from merbench import MerbenchError
from merbench_plugins.checkpoints import open_checkpoint
from merbench_plugins.separators.wave_u_net import load_network
from merbench_plugins.separators.wave_u_net.configuration import from_mapping
from merbench_plugins.separators.wave_u_net.reimplementation import ReimplementedWaveUNet


def write_safetensors(path: Path, arrays: dict[str, np.ndarray]) -> None:
    kinds = {"float32": "F32", "float16": "F16", "int64": "I64", "bool": "BOOL"}
    header, content = {}, b""
    for name, array in arrays.items():
        end = len(content) + array.nbytes
        header[name] = {
            "dtype": kinds[array.dtype.name],
            "shape": array.shape,
            "data_offsets": [len(content), end],
        }
        content += array.tobytes()
    text = json.dumps(header | {"__metadata__": {"format": "pt"}}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content)


@pytest.mark.parametrize("named", ["ckpt", "ckpt.index", "ckpt.data-00000-of-00001", ""])
def test_a_tensorflow_checkpoint_has_many_names(tmp_path: Path, named: str) -> None:
    config = reduced("m4")
    checkpoint(tmp_path, config)
    mix = torch.from_numpy(noise(1, 2, 900))
    expected = load_network(tmp_path / "ckpt", config)(mix)
    assert torch.equal(load_network(str(tmp_path / named), config)(mix), expected)


@pytest.mark.parametrize("named", ["", ".index", ".data-00000-of-00001"])
def test_files_of_a_checkpoint_may_have_no_name(tmp_path: Path, named: str) -> None:
    """The `musicnn` distribution has folders of `.index` and `.data-00000-of-00001`."""
    write_checkpoint(tmp_path / "ckpt", {"a": np.ones(2, np.float32)})
    for part in ("index", "data-00000-of-00001"):
        (tmp_path / f"ckpt.{part}").rename(tmp_path / f".{part}")
    assert open_checkpoint(tmp_path / named).shapes == {"a": (2,)}


def test_the_original_from_half_precision_safetensors(tmp_path: Path) -> None:
    config = reduced("m6")
    arrays = random_variables(config, 0)
    write_safetensors(
        tmp_path / "model.safetensors", {n: a.astype(np.float16) for n, a in arrays.items()}
    )
    mix = torch.from_numpy(noise(1, 2, 900))
    halved = load_network(tmp_path, config)(mix)
    assert (
        halved - load_network(checkpoint(tmp_path / "..", config), config)(mix)
    ).abs().max() < 0.02


@pytest.mark.parametrize("suffix", [".pt", ""])
@pytest.mark.parametrize("wrapped", [True, False])
def test_torch_checkpoints(tmp_path: Path, suffix: str, wrapped: bool) -> None:
    config = {"levels": 2, "features": 8, "conv_type": "bn", "output_size": 0.01}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        state = ReimplementedWaveUNet(from_mapping(config)).state_dict()  # type: ignore[arg-type]
    write_safetensors(
        tmp_path / "state.safetensors", {name: tensor.numpy() for name, tensor in state.items()}
    )
    content = {f"module.{name}": tensor for name, tensor in state.items()} if wrapped else state
    path = tmp_path / f"model{suffix}"
    torch.save({"model_state_dict": content, "state": {"step": 3}} if wrapped else content, path)
    mix = torch.from_numpy(noise(1, 2, 700))
    expected = load_network(tmp_path / "state.safetensors", config)(mix)
    assert torch.equal(load_network(path, config)(mix), expected)


def test_a_torch_checkpoint_runs_no_code(tmp_path: Path) -> None:
    marker = tmp_path / "marker"

    class Malicious:
        def __reduce__(self) -> tuple[Any, ...]:
            return (marker.touch, ())

    torch.save({"weight": Malicious()}, tmp_path / "model.pt")
    with pytest.raises(MerbenchError, match="cannot be read as a torch checkpoint"):
        open_checkpoint(tmp_path / "model.pt")
    assert not marker.exists()


@pytest.mark.parametrize("name", ["model.pt", "model.safetensors"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"plain text",
        struct.pack("<Q", 3) + b"{}",
        struct.pack("<Q", 2**60),
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 14) + b'{"a":{"b":[1]}',
        struct.pack("<Q", 65)
        + b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8000]}}  ',
        pickle.dumps([1, 2]),
    ],
)
def test_files_that_are_no_checkpoints(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MerbenchError, match=name):
        open_checkpoint(path)


def test_a_torch_file_without_a_state_dict(tmp_path: Path) -> None:
    torch.save(torch.zeros(3), tmp_path / "model.pt")
    with pytest.raises(MerbenchError, match="holds a Tensor, no state dict"):
        open_checkpoint(tmp_path / "model.pt")


def test_safetensors_of_an_unknown_type(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "a.safetensors", {"a": np.ones(3, bool)})
    with pytest.raises(MerbenchError, match="a is stored as BOOL"):
        open_checkpoint(tmp_path / "a.safetensors").read("a")


def test_paths_that_name_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match="nowhere is no checkpoint"):
        open_checkpoint(tmp_path / "nowhere")
    with pytest.raises(MerbenchError, match="holds no checkpoint"):
        open_checkpoint(tmp_path)
    for name in ("a", "b"):
        write_checkpoint(tmp_path / name, {"x": np.ones(1, np.float32)})
    with pytest.raises(MerbenchError, match=r"holds 2 checkpoints, a\.index, b\.index"):
        open_checkpoint(tmp_path)
