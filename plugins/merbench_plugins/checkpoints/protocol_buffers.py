"""Protocol buffers, the messages that TensorFlow's files are made of, read without their schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

__all__ = ["MalformedError", "fields", "integer", "message", "varint"]


class MalformedError(Exception):
    """The bytes are no such file; the message says what is wrong with them."""


def integer(known: Mapping[int, int | bytes], number: int) -> int:
    """Return the number that a message has in a field, 0 where it has none."""
    value = known.get(number, 0)
    if isinstance(value, bytes):
        raise MalformedError(f"field {number} of a message is no number")
    return value


def message(value: int | bytes) -> bytes:
    """Return the bytes of a message in a message."""
    if isinstance(value, int):
        raise MalformedError("a message holds a number in place of a message")
    return value


def fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field of a protocol buffer."""
    position = 0
    while position < len(content):
        tag, position = varint(content, position)
        field, wire = tag >> 3, tag & 7
        if wire == 0:
            number, position = varint(content, position)
            yield field, number
            continue
        if wire == 2:
            size, position = varint(content, position)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise MalformedError(f"a message has a field of unknown wire type {wire}")
        value = content[position : position + size]
        if len(value) != size:
            raise MalformedError("a message is cut short")
        yield field, value if wire == 2 else int.from_bytes(value, "little")
        position += size


def varint(data: bytes, position: int) -> tuple[int, int]:
    """Return a number of variable length and the position behind it."""
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
