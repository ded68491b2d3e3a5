"""Weights that Keras saved as HDF5: those of `save_weights`, or of a whole saved model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from merbench.errors import MerbenchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUFFIXES = (".h5", ".hdf5")

_WHOLE_MODEL = "model_weights"
_UNPACKED = 20
"""How many times the file's size its arrays may have: weights hardly compress."""


class KerasCheckpoint:
    """The weights of a network's layers, in the order in which Keras loads them.

    Arrays are named by their layer and what they are to it: `conv2d_1/kernel`. Keras numbers
    layers by how many a process had made before, so that a reader goes by their order.

    Parameters
    ----------
    path
        The file. Its arrays are read, and no code in it is run.

    Raises
    ------
    MerbenchError
        It cannot be read, or holds no weights of layers.
    """

    def __init__(self, path: Path) -> None:
        import h5py

        self.path = path
        self._arrays: dict[str, NDArray[np.generic]] = {}
        self.layers: dict[str, tuple[str, ...]] = {}
        """Of each layer that has weights, in order, the names of its arrays."""
        try:
            with h5py.File(path, "r") as file:
                root = file.get(_WHOLE_MODEL, file)
                for layer in map(_text, root.attrs["layer_names"]):
                    names = [_text(name) for name in root[layer].attrs["weight_names"]]
                    self._bound(sum(root[layer][name].nbytes for name in names))
                    arrays = {f"{layer}/{_role(name)}": root[layer][name][()] for name in names}
                    self._arrays |= arrays
                    if arrays:
                        self.layers[layer] = tuple(arrays)
        except (OSError, KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise MerbenchError(
                f"{path} holds no weights that Keras saved, or is damaged ({reason}); restore it"
            ) from error

    def _bound(self, size: int) -> None:
        if size > _UNPACKED * self.path.stat().st_size:
            raise ValueError(f"it would unpack to {size} bytes")

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every array."""
        return {name: tuple(array.shape) for name, array in self._arrays.items()}

    def read(self, name: str) -> NDArray[np.generic]:
        """Return one array."""
        return self._arrays[name]


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _role(name: str) -> str:
    """Return what an array is to its layer: `kernel` of `conv2d_1/kernel:0`."""
    return name.rpartition("/")[2].partition(":")[0]
