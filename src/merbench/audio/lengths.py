"""Whether a file holds as many bytes as its container states.

Decoders read a file that was cut without a word, so the headers are read here. Only what a header
states is a promise. Recorders that cannot seek back leave placeholders in the place of a size, and
some containers (IRCAM, PAF, PVF) state none: there, only a last sample that is not whole is told.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable
from typing import BinaryIO, Literal

__all__ = ["is_cut"]

Order = Literal["little", "big"]

_SLACK = 1 << 16
_PLACEHOLDERS = (0x7FFF_FFFF, 0xFFFF_FFFF)
"""Largest sizes of 32 bits, signed and unsigned. Recorders write one of them, less what headers
take or rounded to a block (0x7ffff000, 0xffffffdb), or one more (0x80000000)."""


def is_cut(handle: BinaryIO) -> bool:
    """Tell whether a file ends before its container says that it does.

    Parameters
    ----------
    handle
        Any file. Of containers that are not known here, nothing is told.
    """
    size = handle.seek(0, os.SEEK_END)
    handle.seek(0)
    head = handle.read(64)
    for magic, check in _CONTAINERS.items():
        if head.startswith(magic):
            try:
                return check(handle, size)
            except (struct.error, ValueError):  # the file ends in the midst of its header
                return True
    return False


def _numbers(handle: BinaryIO, position: int, layout: str) -> tuple[int, ...]:
    """Read numbers at a position; `struct.error` where the file ends before."""
    handle.seek(position)
    return struct.unpack(layout, handle.read(struct.calcsize(layout)))


def _chunk(handle: BinaryIO, position: int, layout: str) -> tuple[bytes, int]:
    """Read a chunk's name and length at a position."""
    handle.seek(position)
    name, length = struct.unpack(layout, handle.read(struct.calcsize(layout)))
    return name, length


def _is_placeholder(length: int) -> bool:
    return any(abs(length - largest) <= _SLACK for largest in _PLACEHOLDERS)


def _chunks(handle: BinaryIO, size: int, order: Order, *samples: bytes) -> bool:
    """Walk the chunks of a RIFF, RF64 or IFF file to its samples.

    The size of the whole is often wrong in streamed files; that of the samples is what counts.
    """
    mark = "<" if order == "little" else ">"
    position, long_size = 12, None
    while position + 8 <= size:
        name, length = _chunk(handle, position, f"{mark}4sI")
        if name == b"ds64":
            (long_size,) = _numbers(handle, position + 16, f"{mark}Q")
        if name in samples:
            if length == 0xFFFF_FFFF and long_size is not None:
                length = long_size
            return position + 8 + length > size and not _is_placeholder(length)
        position += 8 + length + (length & 1)
    return False


def _riff(handle: BinaryIO, size: int) -> bool:
    return _chunks(handle, size, "little", b"data")


def _rifx(handle: BinaryIO, size: int) -> bool:
    return _chunks(handle, size, "big", b"data")


def _iff(handle: BinaryIO, size: int) -> bool:
    return _chunks(handle, size, "big", b"SSND", b"BODY")


def _wave64(handle: BinaryIO, size: int) -> bool:
    """Sony Wave64: chunks are named by 16 bytes, and their 64-bit sizes count their heads."""
    position = 40
    while position + 24 <= size:
        name, length = _chunk(handle, position, "<4s12xQ")
        if name == b"data":
            return position + length > size and length < 1 << 62
        position += max(24, length + 7 & ~7)
    return False


def _core_audio(handle: BinaryIO, size: int) -> bool:
    position = 8
    while position + 12 <= size:
        name, length = _chunk(handle, position, ">4sq")
        if name == b"data":  # -1: to the end of the file
            return position + 12 + length > size
        position += 12 + max(0, length)
    return True


def _sun(handle: BinaryIO, size: int, mark: str = ">") -> bool:
    offset, length = _numbers(handle, 4, f"{mark}II")
    return offset + length > size and not _is_placeholder(length)


def _sun_swapped(handle: BinaryIO, size: int) -> bool:
    return _sun(handle, size, "<")


def _voc(handle: BinaryIO, size: int) -> bool:
    (position,) = _numbers(handle, 20, "<H")
    while position + 4 <= size:
        (head,) = _numbers(handle, position, "<I")
        kind, length = head & 0xFF, head >> 8
        if kind == 0:
            break
        position += 4 + length
    return position > size


def _nist(handle: BinaryIO, size: int) -> bool:
    handle.seek(0)
    header = handle.read(1024).decode("latin-1")
    fields = dict(re.findall(r"^(\w+) -\w+ (\S+)", header, re.MULTILINE))
    if "pcm" not in fields.get("sample_coding", "pcm") or "shorten" in header:
        return False
    names = ("sample_count", "channel_count", "sample_n_bytes")
    samples, channels, width = (int(fields.get(name, 1)) for name in names)
    offset = int(header.splitlines()[1])
    return "sample_count" in fields and offset + samples * channels * width > size


def _paf(handle: BinaryIO, size: int, mark: str = ">") -> bool:
    kind, channels = _numbers(handle, 16, f"{mark}II")
    # 24-bit samples come in blocks of ten to 32 bytes.
    return (size - 2048) % (channels * {0: 2, 1: 32, 2: 1}.get(kind, 1)) != 0


def _paf_swapped(handle: BinaryIO, size: int) -> bool:
    return _paf(handle, size, "<")


def _ircam(handle: BinaryIO, size: int) -> bool:
    channels, encoding = _numbers(handle, 8, "<II")
    if channels > 0xFFFF:  # the machine's kind, which the magic holds, was written by each its way
        channels, encoding = _numbers(handle, 8, ">II")
    return (size - 1024) % (channels * max(1, encoding & 0xF)) != 0


def _matlab_4(handle: BinaryIO, size: int) -> bool:
    position, widths = 0, (8, 4, 4, 2, 2, 1)
    while position + 20 <= size:
        (kind,) = _numbers(handle, position, "<I")
        mark = "<" if kind < 1000 else ">"
        kind, rows, columns, imaginary, name = _numbers(handle, position, f"{mark}5I")
        cells = rows * columns * (2 if imaginary else 1)
        position += 20 + name + cells * widths[kind // 10 % 10 % len(widths)]
    return position > size


def _matlab_5(handle: BinaryIO, size: int) -> bool:
    """Walk the elements; of matrices, the parts, as libsndfile states eight bytes too many."""
    handle.seek(126)
    mark = "<" if handle.read(2) == b"IM" else ">"
    matrix, position, end = 14, 128, 128
    while position + 8 <= size:
        kind, length = _numbers(handle, position, f"{mark}II")
        position += 8
        if kind != matrix and not kind >> 16:  # else four bytes or less stand within the head
            end = position + length
            position += length + 7 & ~7
    return end > size


def _avr(handle: BinaryIO, size: int) -> bool:
    stereo, bits = _numbers(handle, 12, ">HH")
    (frames,) = _numbers(handle, 26, ">I")
    return 128 + frames * (2 if stereo else 1) * (bits // 8) > size


def _psion(handle: BinaryIO, size: int) -> bool:
    (length,) = _numbers(handle, 18, ">I")
    return 32 + length > size


def _matroska(handle: BinaryIO, size: int) -> bool:
    """Read the size of the one segment that follows the head; all ones where it was streamed."""
    position = 0
    for _ in range(2):
        handle.seek(position)
        start = handle.read(12)
        name = 4
        width = 9 - start[name].bit_length() if len(start) > name else 0
        if not 1 <= width <= 8 or len(start) < name + width:
            return True
        length = int.from_bytes(start[name : name + width], "big") & ((1 << 7 * width) - 1)
        unknown = length == (1 << 7 * width) - 1
        position += name + width + length
    return not unknown and position > size


def _asf(handle: BinaryIO, size: int) -> bool:
    """Read the sizes of the header object and of the data object after it; 0: streamed."""
    (header,) = _numbers(handle, 16, "<Q")
    (data,) = _numbers(handle, header + 16, "<Q")
    return header + data > size


_CONTAINERS: dict[bytes, Callable[[BinaryIO, int], bool]] = {
    b"RIFF": _riff,
    b"RF64": _riff,
    b"BW64": _riff,
    b"RIFX": _rifx,
    b"FORM": _iff,
    b"riff": _wave64,
    b"caff": _core_audio,
    b".snd": _sun,
    b"dns.": _sun_swapped,
    b"Creative Voice File": _voc,
    b"NIST_1A": _nist,
    b" paf": _paf,
    b"fap ": _paf_swapped,
    b"\x64\xa3": _ircam,
    b"\x00\x01\xa3\x64": _ircam,
    b"\x00\x02\xa3\x64": _ircam,
    b"\x00\x03\xa3\x64": _ircam,
    b"MATLAB 5.0 MAT-file": _matlab_5,
    b"\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00": _matlab_4,
    b"\x00\x00\x03\xe8\x00\x00\x00\x01\x00\x00\x00\x01": _matlab_4,
    b"2BIT": _avr,
    b"ALawSoundFile**": _psion,
    b"\x1a\x45\xdf\xa3": _matroska,
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": _asf,
}
"""Which bytes a container begins with, and what reads its size."""
