"""HDF5 files of weights, laid out as Keras lays them out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np


def write_keras(
    path: Path, layers: Sequence[tuple[str, dict[str, np.ndarray]]], *, model: bool = False
) -> Path:
    """Write layers, each with its arrays; with `model`, as a whole saved model has them."""
    import h5py

    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if model else file
        root.attrs["layer_names"] = [name.encode() for name, _ in layers]
        root.attrs["backend"] = b"tensorflow"
        for layer, arrays in layers:
            group = root.create_group(layer)
            names = [f"{layer}/{role}:0" for role in arrays]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, array in zip(names, arrays.values(), strict=True):
                group.create_dataset(name, data=array)
    return path
