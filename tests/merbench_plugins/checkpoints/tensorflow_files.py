"""Writes checkpoints as TensorFlow does, for tests to read back."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

MAGIC = 0xDB4775248B80FB57
RESTART_INTERVAL = 16
FLOAT = 1
DTYPES = {np.dtype(np.float32): 1, np.dtype(np.int64): 9, np.dtype(np.float16): 19}


def crc32c(data: bytes) -> int:
    """The checksum bit by bit, as its definition reads."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _crc_of_byte(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    return value


CRC_TABLE = [_crc_of_byte(value) for value in range(256)]


def masked(crc: int) -> int:
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def varint(value: int) -> bytes:
    encoded = b""
    while value >= 0x80:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value) if value else b""


def message(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def entry(array: np.ndarray, shard: int, offset: int, *, sliced: bool = False) -> bytes:
    """A BundleEntryProto."""
    content = array.tobytes()
    shape = b"".join(message(2, number(1, size)) for size in array.shape)
    return (
        number(1, DTYPES[array.dtype])
        + message(2, shape)
        + number(3, shard)
        + number(4, offset)
        + number(5, len(content))
        + varint(6 << 3 | 5)
        + struct.pack("<I", masked(crc32c(content)))
        + (message(7, b"") if sliced else b"")
    )


def block(entries: list[tuple[bytes, bytes]], *, snappy: bool) -> bytes:
    """Entries with shared prefixes, restarts, and the trailer."""
    content, restarts, previous = b"", [], b""
    for i, (key, value) in enumerate(entries):
        shared = 0
        if i % RESTART_INTERVAL == 0:
            restarts.append(len(content))
        else:
            while shared < min(len(key), len(previous)) and key[shared] == previous[shared]:
                shared += 1
        content += varint(shared) + varint(len(key) - shared) + varint(len(value))
        content += key[shared:] + value
        previous = key
    content += struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))
    if snappy:
        import pyarrow as pa

        content = pa.compress(content, codec="snappy", asbytes=True)
    stored = content + bytes([int(snappy)])
    return stored + struct.pack("<I", masked(crc32c(stored)))


def write_table(
    path: Path, entries: Mapping[bytes, bytes], *, block_entries: int = 1000, snappy: bool = False
) -> None:
    """A sorted table with an index of its blocks."""
    table = b""

    def add(rows: list[tuple[bytes, bytes]]) -> bytes:
        nonlocal table
        written = block(rows, snappy=snappy)
        handle = varint(len(table)) + varint(len(written) - 5)
        table += written
        return handle

    rows = sorted(entries.items())
    index = [
        (rows[min(i + block_entries, len(rows)) - 1][0], add(rows[i : i + block_entries]))
        for i in range(0, len(rows), block_entries)
    ]
    footer = add([]) + add(index)
    table += footer.ljust(40, b"\0") + struct.pack("<Q", MAGIC)
    path.write_bytes(table)


def write_checkpoint(
    prefix: Path,
    variables: Mapping[str, np.ndarray],
    *,
    shards: int = 1,
    sliced: str = "",
    **table: object,
) -> None:
    """A checkpoint's index and data files."""
    entries = {b"": number(1, shards) + message(3, number(1, 1))}
    data = [b""] * shards
    for i, (name, array) in enumerate(sorted(variables.items())):
        shard = i % shards
        entries[name.encode()] = entry(array, shard, len(data[shard]), sliced=name == sliced)
        data[shard] += array.tobytes()
    write_table(prefix.with_name(prefix.name + ".index"), entries, **table)  # type: ignore[arg-type]
    for i, content in enumerate(data):
        prefix.with_name(f"{prefix.name}.data-{i:05d}-of-{shards:05d}").write_bytes(content)


def write_graph(path: Path, pools: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> Path:
    """The graph beside a checkpoint: a node that is none of them, then poolings of maxima."""

    def attribute(name: str, window: tuple[int, int]) -> bytes:
        packed = b"".join(varint(length) for length in (1, *window, 1))
        return message(5, message(1, name.encode()) + message(2, message(1, message(3, packed))))

    nodes = message(1, message(1, b"x") + message(2, b"Placeholder"))
    for count, (size, stride) in enumerate(pools):
        content = message(1, f"pool_{count}".encode()) + message(2, b"MaxPool")
        nodes += message(1, content + attribute("ksize", size) + attribute("strides", stride))
    path.write_bytes(message(2, nodes))
    return path
