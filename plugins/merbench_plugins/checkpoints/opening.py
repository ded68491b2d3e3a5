"""Checkpoints of any kind: TensorFlow's files, Keras's, safetensors, and torch's."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from merbench.bounds import json_document
from merbench.errors import MerbenchError
from merbench_plugins.checkpoints.keras import SUFFIXES as KERAS_SUFFIXES
from merbench_plugins.checkpoints.keras import KerasCheckpoint
from merbench_plugins.checkpoints.tensorflow import (
    INDEX_SUFFIX,
    TensorFlowCheckpoint,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DATA_MARK = ".data-"
_SAFETENSORS_SUFFIX = ".safetensors"
_TORCH_SUFFIXES = (".pt", ".pth", ".ckpt", ".bin")


class Checkpoint(Protocol):
    """Named arrays on disk."""

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Shape of every array."""

    def read(self, name: str) -> NDArray[np.generic]:
        """Return one array."""


def open_checkpoint(path: Path) -> Checkpoint:
    """Open a checkpoint, told by what the path names.

    Parameters
    ----------
    path
        The prefix of a TensorFlow checkpoint or one of its files, a safetensors file, weights
        that Keras saved as HDF5, a file written by torch, or a folder that holds one of these.

    Raises
    ------
    MerbenchError
        There is nothing there, or it is no checkpoint.
    """
    path = path.expanduser()
    if path.is_dir():
        path = _in_folder(path)
    index = path.with_name(path.name.rpartition(_DATA_MARK)[0] + INDEX_SUFFIX)
    if _DATA_MARK not in path.name:
        ends = path.name.endswith(INDEX_SUFFIX)
        index = path if ends else path.with_name(path.name + INDEX_SUFFIX)
    if index == path or _DATA_MARK in path.name or index.is_file():
        return TensorFlowCheckpoint(index)
    if not path.is_file():
        raise MerbenchError(
            f"{path} is no checkpoint: there is no such file, nor {path.name}{INDEX_SUFFIX}; "
            "give the path of a file, or the prefix of a TensorFlow checkpoint's files"
        )
    if path.suffix == _SAFETENSORS_SUFFIX:
        return SafetensorsCheckpoint(path)
    if path.suffix in KERAS_SUFFIXES:
        return KerasCheckpoint(path)
    return TorchCheckpoint(path)


def require(
    checkpoint: Checkpoint,
    expected: Mapping[str, tuple[int, ...]],
    where: Path,
    *,
    network: str,
    remedy: str,
) -> None:
    """Make sure that a checkpoint has the arrays of a network.

    Parameters
    ----------
    checkpoint, where
        An open checkpoint, and its path.
    expected
        Names and shapes of the arrays it must have; more may be there.
    network, remedy
        How an error names the network, and what it says can be done.

    Raises
    ------
    MerbenchError
        An array is missing, or has another shape.
    """
    shapes = checkpoint.shapes
    missing = [name for name in expected if name not in shapes]
    if missing:
        raise MerbenchError(
            f"{where} lacks {len(missing)} of the {len(expected)} variables of {network}, "
            f"the first {missing[0]}; {remedy}"
        )
    for name, shape in expected.items():
        if shapes[name] != shape:
            raise MerbenchError(
                f"{where}: {name} has shape {shapes[name]}, but {network} has {shape}; {remedy}"
            )


class SafetensorsCheckpoint:
    """A safetensors file: a JSON header behind its length, then the arrays' bytes.

    Parameters
    ----------
    path
        The file.
    """

    _DTYPES = ("F64", "F32", "F16", "I64", "I32", "I16", "I8", "U8")

    def __init__(self, path: Path) -> None:
        self.path = path
        size = path.stat().st_size
        try:
            with path.open("rb") as file:
                (length,) = struct.unpack("<Q", file.read(8))
                if 8 + length > size:
                    raise ValueError("its header reaches beyond the end")
                self._header: dict[str, Any] = json_document(file.read(length))
            self._start = 8 + length
            self._header.pop("__metadata__", None)
            for name, entry in self._header.items():
                self._check(name, entry, size - self._start)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, struct.error) as error:
            raise MerbenchError(
                f"{path} is no safetensors file or is damaged ({error}); restore it"
            ) from error

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every array."""
        return {name: tuple(entry["shape"]) for name, entry in self._header.items()}

    @staticmethod
    def _check(name: str, entry: Mapping[str, Any], size: int) -> None:
        """Raise where an array is not what its shape says, or does not lie in the file."""
        start, end = entry["data_offsets"]
        whole = [start, end, *entry["shape"]]
        if any(type(number) is not int or number < 0 for number in whole):
            raise ValueError(f"{name} has a shape or offsets that are no numbers of bytes")
        if end > size:
            raise ValueError("its arrays reach beyond the end")
        bits = re.fullmatch(r"[A-Z]+(\d+)(_.+)?", entry["dtype"])
        if bits and (end - start) * 8 != math.prod(entry["shape"]) * int(bits[1]):
            raise ValueError(f"{name} has {end - start} bytes, which is not what its shape says")

    def read(self, name: str) -> NDArray[np.generic]:
        """Return one array."""
        import numpy as np

        entry = self._header[name]
        kind, shape = entry["dtype"], entry["shape"]
        if kind not in self._DTYPES:
            raise MerbenchError(
                f"{self.path}: {name} is stored as {kind}, which is not supported; "
                f"save it as one of {', '.join(self._DTYPES)}"
            )
        dtype = np.dtype(f"<{kind[0].lower()}{int(kind[1:]) // 8}")
        array = np.fromfile(
            self.path, dtype, math.prod(shape), offset=self._start + entry["data_offsets"][0]
        )
        return array.reshape(shape)


class TorchCheckpoint:
    """A file written by `torch.save`: a dict of tensors, or one that holds it.

    Parameters
    ----------
    path
        The file. Only tensors and plain values are read from it, no code is run.
    """

    _KEYS = ("model_state_dict", "state_dict")
    _PARALLEL_PREFIX = "module."

    def __init__(self, path: Path) -> None:
        import torch

        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # What damaged bytes make a pickle reader raise is not defined.
            reason = str(error).strip().partition("\n")[0]
            raise MerbenchError(
                f"{path} cannot be read as a torch checkpoint ({reason}); "
                "give a file that holds a state dict"
            ) from error
        for key in self._KEYS:
            if isinstance(content, Mapping) and key in content:
                content = content[key]
        if not isinstance(content, Mapping):
            raise MerbenchError(
                f"{path} holds a {type(content).__name__}, no state dict; save the network's "
                "state_dict()"
            )
        self._tensors = {
            str(name).removeprefix(self._PARALLEL_PREFIX): value
            for name, value in content.items()
            if isinstance(value, torch.Tensor)
        }

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every tensor."""
        return {name: tuple(tensor.shape) for name, tensor in self._tensors.items()}

    def read(self, name: str) -> NDArray[np.generic]:
        """Return one tensor as an array."""
        tensor = self._tensors[name]
        # NumPy knows not all of torch's floats.
        array: NDArray[np.generic] = (
            tensor.float() if tensor.is_floating_point() else tensor
        ).numpy()
        return array


def _in_folder(folder: Path) -> Path:
    """Return the one checkpoint of a folder."""
    for pattern in (f"*{INDEX_SUFFIX}", f"*{_SAFETENSORS_SUFFIX}", "*"):
        found = sorted(
            file
            for file in folder.glob(pattern)
            if file.is_file() and (pattern != "*" or file.suffix in _TORCH_SUFFIXES)
        )
        if len(found) == 1:
            return found[0]
        if found:
            raise MerbenchError(
                f"{folder} holds {len(found)} checkpoints, {', '.join(f.name for f in found[:3])} "
                "among them; name one"
            )
    raise MerbenchError(
        f"{folder} holds no checkpoint; it should hold files ending in {INDEX_SUFFIX} and "
        f".data-00000-of-00001, in {_SAFETENSORS_SUFFIX}, or in {_TORCH_SUFFIXES[0]}"
    )
