from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from keras_files import write_keras

from merbench import MerbenchError
from merbench_plugins.checkpoints import open_checkpoint
from merbench_plugins.checkpoints.keras import KerasCheckpoint

pytest.importorskip("h5py")

# Names sort otherwise than layers stand.
LAYERS = [
    ("input_3", {}),
    ("conv2d_12", {"kernel": np.arange(18.0).reshape(3, 3, 1, 2), "bias": np.ones(2)}),
    ("batch_normalization_7", {"gamma": np.full(2, 3.0), "beta": np.zeros(2)}),
]


@pytest.mark.parametrize("model", [False, True])
def test_reads_layers_in_their_order(tmp_path: Path, model: bool) -> None:
    checkpoint = open_checkpoint(write_keras(tmp_path / "weights.h5", LAYERS, model=model))
    assert isinstance(checkpoint, KerasCheckpoint)
    assert checkpoint.layers == {
        "conv2d_12": ("conv2d_12/kernel", "conv2d_12/bias"),
        "batch_normalization_7": ("batch_normalization_7/gamma", "batch_normalization_7/beta"),
    }
    assert checkpoint.shapes["conv2d_12/kernel"] == (3, 3, 1, 2)
    np.testing.assert_array_equal(checkpoint.read("conv2d_12/kernel"), LAYERS[1][1]["kernel"])


def test_a_model_that_was_published(shared: Path) -> None:
    checkpoint = KerasCheckpoint(shared / "data/weights/artist_siamese_10000.h5")
    assert checkpoint.shapes["conv1d_1/kernel"] == (4, 128, 128)
    assert len(checkpoint.layers) == 10
    assert not any("optimizer" in name for name in checkpoint.shapes)


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all", b"\x89HDF\r\n\x1a\n" + b"\0" * 100])
def test_what_is_no_file_of_weights(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(MerbenchError, match=r"a\.h5 holds no weights that Keras saved"):
        KerasCheckpoint(tmp_path / "a.h5")


def test_hdf5_of_something_else(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.ones(3)
    with pytest.raises(MerbenchError, match="holds no weights that Keras saved"):
        KerasCheckpoint(tmp_path / "a.h5")


def test_arrays_that_unpack_to_far_more_than_the_file(tmp_path: Path) -> None:
    import h5py

    path = write_keras(tmp_path / "a.h5", [("dense", {"bias": np.ones(2)})])
    with h5py.File(path, "a") as file:
        del file["dense/dense/bias:0"]
        file.create_dataset("dense/dense/bias:0", (10**12,), "f4", chunks=(10**6,))
    with pytest.raises(MerbenchError, match=r"it would unpack to 4000000000000 bytes"):
        KerasCheckpoint(path)
