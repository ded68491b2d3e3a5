"""Pages of Ogg files (RFC 3533): checked one by one, and put together to streams.

A decoder leaves out a page whose checksum fails without a word, and reads the first of several
chained streams only.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

from merbench.errors import AudioError

__all__ = ["streams"]

_HEADER = 27
_FIRST, _LAST = 2, 4
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class _Page(NamedTuple):
    start: int
    end: int
    flags: int
    serial: int
    number: int


def streams(data: bytes, where: str) -> list[bytes]:
    """Return the chained streams of an Ogg file, each a file of its own.

    Parameters
    ----------
    data
        The whole file.
    where
        The file, for messages.

    Raises
    ------
    AudioError
        A page is damaged or missing, or the last stream does not end.
    """
    starts: list[int] = []
    numbers: dict[int, int] = {}
    within = False
    position = data.find(b"OggS")
    while position >= 0:
        page = _page(data, position, where)
        if page.flags & _FIRST:
            if within or not starts:
                starts.append(position)
                numbers.clear()
                within = False
            numbers[page.serial] = page.number
        else:
            within = True
            if page.number != numbers.get(page.serial, -2) + 1:
                raise AudioError(
                    f"{where} is damaged: pages are missing before byte {position:,}; replace it"
                )
            numbers[page.serial] = page.number
        if page.flags & _LAST:
            del numbers[page.serial]
        # What stands behind the last page (tags, zeros) is no sound.
        position = data.find(b"OggS", page.end)
    if numbers or not within:
        raise AudioError(f"{where} is cut short: its last page is missing; replace it")
    if len(starts) == 1:
        return [data]
    return [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)], strict=True)]


def _page(data: bytes, start: int, where: str) -> _Page:
    head = data[start : start + _HEADER]
    sizes = data[start + _HEADER : start + _HEADER + head[26]] if len(head) == _HEADER else b""
    end = start + _HEADER + len(sizes) + sum(sizes)
    if len(head) < _HEADER or len(sizes) < head[26] or end > len(data):
        raise AudioError(f"{where} is cut short: it ends in the midst of a page; replace it")
    page = _Page(
        start,
        end,
        head[5],
        int.from_bytes(head[14:18], "little"),
        int.from_bytes(head[18:22], "little"),
    )
    whole = data[start : start + 22] + bytes(4) + data[start + 26 : end]
    if _checksum(whole) != int.from_bytes(head[22:26], "little"):
        raise AudioError(
            f"{where} is damaged: the checksum of the page at byte {start:,} fails; replace it"
        )
    return page


def _checksum(page: bytes) -> int:
    """Return Ogg's CRC: zlib's polynomial with the bits the other way round, and no complement."""
    reflected = zlib.crc32(page.translate(_REVERSED), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return int.from_bytes(reflected.to_bytes(4, "little").translate(_REVERSED), "big")
