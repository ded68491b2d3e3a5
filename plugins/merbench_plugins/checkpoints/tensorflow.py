"""TensorFlow checkpoints (version 2), read without TensorFlow.

All its files' names begin alike. `<prefix>.index` is a sorted table in LevelDB's format: blocks of
entries whose keys leave out what they share with the key before, and a footer that says where the
blocks are. The values are protocol buffers that say which bytes of `<prefix>.data-SSSSS-of-NNNNN`
are the variable.

The prefix may be no name at all: the files of some are `.index` and `.data-00000-of-00001`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from merbench.errors import MerbenchError
from merbench_plugins.checkpoints.protocol_buffers import (
    MalformedError,
    fields,
    integer,
    message,
    varint,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INDEX_SUFFIX = ".index"

_MAGIC = 0xDB4775248B80FB57
_FOOTER_BYTES = 48
_MOST_UNPACKED = 100
"""Times its size that a block of Snappy can unpack to; the format reaches 64."""
_BLOCK_TRAILER_BYTES = 5
_DTYPES = {1: "f4", 2: "f8", 3: "i4", 9: "i8", 19: "f2"}


class _Entry(NamedTuple):
    """Where one variable lies."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    crc: int
    sliced: bool


class TensorFlowCheckpoint:
    """The variables of a checkpoint.

    Parameters
    ----------
    index
        Path of the file whose name ends in ".index". The data files lie beside it.

    Raises
    ------
    MerbenchError
        The index is missing or damaged, or a data file is missing or too short.
    """

    def __init__(self, index: Path) -> None:
        self.index = index
        try:
            content = index.read_bytes()
        except OSError as error:
            raise MerbenchError(
                f"{index} cannot be read ({error.strerror}); restore the checkpoint"
            ) from error
        try:
            entries = dict(_table_entries(content))
            self._shards, self._order = _header(entries.pop(b"", b""))
            self._entries = {
                key.decode(): _entry(value)
                for key, value in entries.items()
                # Slices of partitioned variables have keys that are no text, behind a zero byte.
                if not key.startswith(b"\0")
            }
        except (MalformedError, struct.error, IndexError, UnicodeDecodeError) as error:
            raise MerbenchError(
                f"{index} is no TensorFlow checkpoint index or is damaged ({error}); restore it"
            ) from error
        self._check_shards()

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every variable, among them those of the optimiser."""
        return {name: entry.shape for name, entry in self._entries.items()}

    def read(self, name: str) -> NDArray[np.generic]:
        """Return a variable.

        Raises
        ------
        MerbenchError
            Its type is not supported, or its bytes do not have the checksum the index gives.
        """
        import numpy as np

        from merbench_plugins.checkpoints.crc32c import masked_crc32c

        entry = self._entries[name]
        if entry.dtype not in _DTYPES or entry.sliced:
            reason = "in slices" if entry.sliced else f"as TensorFlow data type {entry.dtype}"
            raise MerbenchError(
                f"{self.index}: {name} is stored {reason}, which is not supported; "
                "save the checkpoint with whole float variables"
            )
        shard = self._shard(entry.shard)
        with shard.open("rb") as file:
            file.seek(entry.offset)
            content = file.read(entry.size)
        dtype = np.dtype(self._order + _DTYPES[entry.dtype])
        if masked_crc32c(content) != entry.crc or len(content) != dtype.itemsize * math.prod(
            entry.shape
        ):
            raise MerbenchError(
                f"{shard} is damaged: the bytes of {name} do not have the checksum the index "
                "gives; restore the checkpoint"
            )
        return np.frombuffer(content, dtype).reshape(entry.shape)

    def _shard(self, number: int) -> Path:
        name = self.index.name.removesuffix(INDEX_SUFFIX)
        return self.index.with_name(f"{name}.data-{number:05d}-of-{self._shards:05d}")

    def _check_shards(self) -> None:
        needed: dict[int, int] = {}
        for entry in self._entries.values():
            needed[entry.shard] = max(needed.get(entry.shard, 0), entry.offset + entry.size)
        for number, size in sorted(needed.items()):
            shard = self._shard(number)
            if not shard.is_file():
                raise MerbenchError(
                    f"{shard} is missing, which the checkpoint's index refers to; restore it"
                )
            if shard.stat().st_size < size:
                raise MerbenchError(
                    f"{shard} is cut short: {shard.stat().st_size} bytes of at least {size}; "
                    "restore it"
                )


def _table_entries(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values of a sorted table, in order."""
    if len(content) < _FOOTER_BYTES:
        raise MalformedError(f"only {len(content)} bytes")
    footer = content[-_FOOTER_BYTES:]
    if struct.unpack("<Q", footer[-8:])[0] != _MAGIC:
        raise MalformedError("its last bytes are not those of a table")
    position = 0
    for _ in range(2):  # Over the handle of the block of metadata, which is empty.
        _, position = varint(footer, position)
    for _, handle in _block_entries(_block(content, *_handle(footer, position))):
        yield from _block_entries(_block(content, *_handle(handle, 0)))


def _handle(data: bytes, position: int) -> tuple[int, int]:
    offset, position = varint(data, position)
    size, _ = varint(data, position)
    return offset, size


def _block(content: bytes, offset: int, size: int) -> bytes:
    from merbench_plugins.checkpoints.crc32c import masked_crc32c

    stored = content[offset : offset + size + _BLOCK_TRAILER_BYTES]
    if len(stored) != size + _BLOCK_TRAILER_BYTES:
        raise MalformedError("a block reaches beyond the end")
    if struct.unpack("<I", stored[-4:])[0] != masked_crc32c(stored[:-4]):
        raise MalformedError("a block does not have its checksum")
    block, compression = stored[:size], stored[size]
    if compression == 0:
        return block
    if compression == 1:
        return _decompress(block)
    raise MalformedError(f"compression {compression} is unknown")


def _decompress(block: bytes) -> bytes:
    import pyarrow as pa

    length, _ = varint(block, 0)
    if length > _MOST_UNPACKED * len(block):
        raise MalformedError(f"a block of {len(block)} bytes says that it unpacks to {length:,}")
    try:
        return bytes(pa.decompress(block, length, codec="snappy", asbytes=True))
    except (OSError, ValueError, MemoryError) as error:
        raise MalformedError("a compressed block cannot be unpacked") from error


def _block_entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    (restarts,) = struct.unpack("<I", block[-4:])
    end = len(block) - 4 * (restarts + 1)
    position, key = 0, b""
    while position < end:
        shared, position = varint(block, position)
        unshared, position = varint(block, position)
        size, position = varint(block, position)
        key = key[:shared] + block[position : position + unshared]
        position += unshared
        yield key, block[position : position + size]
        position += size
    if position != end:
        raise MalformedError("a block's entries do not end where they should")


def _header(content: bytes) -> tuple[int, str]:
    """Return the number of data files and NumPy's sign of their byte order."""
    found = dict(fields(content))
    shards = integer(found, 1)
    if shards < 1:
        raise MalformedError("it has no header")
    return shards, ">" if integer(found, 2) == 1 else "<"


def _entry(content: bytes) -> _Entry:
    found = dict(fields(content))
    dimensions = [dict(fields(message(d))) for n, d in fields(message(found.get(2, b""))) if n == 2]
    return _Entry(
        dtype=integer(found, 1),
        shape=tuple(integer(dimension, 1) for dimension in dimensions),
        shard=integer(found, 3),
        offset=integer(found, 4),
        size=integer(found, 5),
        crc=integer(found, 6),
        sliced=7 in found,
    )
