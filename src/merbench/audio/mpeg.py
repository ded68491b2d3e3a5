"""Frames of MPEG audio: how many there are, and how many the file states.

A frame count in a Xing, Info or VBRI frame is a promise. A length that is estimated from a bit
rate is none, so none is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

__all__ = ["MpegFrames", "begins", "scan"]

_BIT_RATES = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""kbit/s by (MPEG-1, layer), for the indices 1 to 14 (ISO/IEC 11172-3 and 13818-3)."""
_SAMPLE_RATES = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}


class _Header(NamedTuple):
    """What a frame's first four bytes say of it."""

    kind: tuple[int, int, int]
    """Version, layer and sample rate, which are the same throughout a file."""
    length: int
    """Length of the frame, in bytes."""
    samples: int
    """Samples a channel that the frame holds."""
    side: int
    """Where in the frame a Xing or Info tag would stand."""


@dataclass
class MpegFrames:
    """What a walk through a file found.

    Attributes
    ----------
    count
        Frames that sound.
    seconds
        How long all of these sound.
    missing
        Frames that the file states and does not hold.
    incomplete
        Whether the file ends in the midst of a frame.
    lost
        Bytes between frames that are neither frames nor tags.
    end
        Where the last whole frame ends.
    kinds
        Version, layer and sample rate of the frames; more than one where unlike files were joined.
    """

    count: int = 0
    seconds: float = 0.0
    missing: int = 0
    incomplete: bool = False
    lost: int = 0
    end: int = 0
    kinds: set[tuple[int, int, int]] | None = None


def begins(head: bytes) -> bool:
    """Tell whether a file that begins with these bytes is MPEG audio, tags before it or not."""
    start = _after_tags(head, 0)
    if start >= len(head):  # a picture in the tag is longer than what is looked at
        return head.startswith(b"ID3")
    header = _header(head[start : start + 4])
    return header is not None and _follows(head, start + header.length, header.kind)


def scan(data: bytes) -> MpegFrames:
    """Walk through a file from frame to frame.

    Parameters
    ----------
    data
        The whole file.
    """
    found = MpegFrames(kinds=set())
    stated: int | None = None
    since = 0

    def settle() -> None:
        """Compare a promise with what came; some encoders count the frame that holds it, too."""
        if stated is not None and stated - (found.count - since) > (0 if found.incomplete else 1):
            found.missing += stated - (found.count - since)

    position = _next(data, _after_tags(data, 0), None)
    found.end = position
    while position + 4 <= len(data):
        header = _header(data[position : position + 4])
        if header is None or (
            found.kinds
            and header.kind not in found.kinds
            and not _follows(data, position + header.length, header.kind)
        ):
            resumed = _after_tags(data, position)
            if resumed == position:
                resumed = _next(data, position + 1, found.kinds)
                if resumed < len(data):
                    found.lost += resumed - position
            position = resumed
            continue
        end = position + header.length
        if not _follows(data, end, header.kind):
            # Where a cut file was joined to another, a frame reaches into that one's first.
            inner = _next(data, position + 1, found.kinds)
            if inner < min(end, len(data)):
                found.lost += inner - position
                position = inner
                continue
        if end > len(data):
            found.incomplete = True
            break
        count = _stated(data[position:end], header)
        if count is not None:
            settle()
            stated, since = count or None, found.count
        else:
            found.count += 1
            found.seconds += header.samples / header.kind[2]
        assert found.kinds is not None
        found.kinds.add(header.kind)
        position = found.end = end
    settle()
    return found


@lru_cache(maxsize=4096)
def _header(head: bytes) -> _Header | None:
    """Read a frame's first four bytes; None where they begin no frame."""
    word = int.from_bytes(head, "big")
    version, layer = word >> 19 & 3, 4 - (word >> 17 & 3)
    rate_index, bits_index, padding = word >> 10 & 3, word >> 12 & 15, word >> 9 & 1
    if len(head) < 4 or word >> 21 != 0x7FF or version == 1 or layer == 4 or rate_index == 3:
        return None
    if bits_index in (0, 15):  # 0 is "free", of which nothing tells the length
        return None
    first = version == 3
    rate = _SAMPLE_RATES[version][rate_index]
    bits = _BIT_RATES[first, layer][bits_index - 1] * 1_000
    if layer == 1:
        length, samples = (12 * bits // rate + padding) * 4, 384
    else:
        samples = 1_152 if first or layer == 2 else 576
        length = samples // 8 * bits // rate + padding
    mono = word >> 6 & 3 == 3
    side = (17 if mono else 32) if first else (9 if mono else 17)
    return _Header((version, layer, rate), length, samples, 4 + side)


def _stated(frame: bytes, header: _Header) -> int | None:
    """Return the number of frames that a Xing, Info or VBRI frame states.

    None for a frame that sounds; 0 where there is such a frame and it states none.
    """
    for tag in (header.side, header.side + 2):  # two bytes further where there is a checksum
        if frame[tag : tag + 4] in (b"Xing", b"Info"):
            flags = int.from_bytes(frame[tag + 4 : tag + 8], "big")
            return int.from_bytes(frame[tag + 8 : tag + 12], "big") if flags & 1 else 0
    if frame[36:40] == b"VBRI":
        return int.from_bytes(frame[50:54], "big")
    return None


def _follows(data: bytes, position: int, kind: tuple[int, int, int]) -> bool:
    """Tell whether a frame of this kind or the end stands at a position, tags before it or not."""
    position = _after_tags(data, position)
    if position + 4 > len(data):
        return True
    header = _header(data[position : position + 4])
    return header is not None and header.kind == kind


def _next(data: bytes, position: int, kinds: set[tuple[int, int, int]] | None) -> int:
    """Return where the next frame begins that another follows; the end where there is none."""
    while (position := data.find(b"\xff", position)) >= 0:
        header = _header(data[position : position + 4])
        if (
            header is not None
            and (not kinds or header.kind in kinds)
            and position + header.length <= len(data)
            and _follows(data, position + header.length, header.kind)
        ):
            return position
        position += 1
    return len(data)


def _after_tags(data: bytes, position: int) -> int:
    """Return where the tags that stand at a position end: ID3, APE, Lyrics3, or zeros."""
    while True:
        start = position
        tag = data[position : position + 32]
        if tag[:3] == b"ID3" and len(tag) >= 10:
            size = tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]
            position += 10 + size + (10 if tag[5] & 0x10 else 0)
        elif tag[:3] == b"TAG":
            position += 128
        elif tag[:8] == b"APETAGEX":
            # The size counts the items and the footer, and a header where the flags say so.
            position += int.from_bytes(tag[12:16], "little") + 32 * (tag[23] >> 7)
        elif tag[:11] == b"LYRICSBEGIN":
            end = data.find(b"LYRICS200", position)
            position = end + 9 if end >= 0 else len(data)
        elif tag[:4] == b"\0\0\0\0":
            while position < len(data) and data[position] == 0:
                position += 1
        if position == start:
            return position
