"""Arrays as files: written so that a full disk is an error, and a change in one shows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from merbench.home import home as home

if TYPE_CHECKING:
    from numpy.typing import NDArray


@contextmanager
def appending(path: Path) -> Iterator[Callable[[NDArray[Any]], None]]:
    """Hand out a function that appends rows to a float32 `.npy` file.

    The file never stands in memory, and is written plainly: where the disk is full, touching a
    mapped page would kill the process.
    """
    import numpy as np
    from numpy.lib import format as npy

    count, shape = 0, None

    def write_header() -> None:
        # numpy leaves room for the first axis to grow, so that the header keeps its length.
        description = npy.dtype_to_descr(np.dtype(np.float32))
        handle.seek(0)
        npy.write_array_header_1_0(
            handle, {"descr": description, "fortran_order": False, "shape": (count, *(shape or ()))}
        )

    def append(rows: NDArray[Any]) -> None:
        nonlocal count, shape
        if shape is None:
            shape = rows.shape[1:]
            write_header()
        handle.write(np.ascontiguousarray(rows, dtype=np.float32).data)
        count += len(rows)

    with path.open("wb") as handle:
        yield append
        write_header()


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array to a `.npy` file, and raise where the disk is full."""
    import numpy as np

    # Given a real file, numpy writes past Python and cannot say that it was the disk that filled.
    with path.open("wb") as handle:
        plain = SimpleNamespace(write=handle.write)
        np.lib.format.write_array(plain, np.asanyarray(array), allow_pickle=False)


def file_checksum(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
