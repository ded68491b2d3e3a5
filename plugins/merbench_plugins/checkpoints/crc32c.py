"""CRC-32C, the checksum of TensorFlow's files, many bytes at once."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

_POLYNOMIAL = np.uint32(0x82F63B78)
_MASK_DELTA = 0xA282EAD8
_LANE = 64
"""Bytes of a lane, about: few steps over many lanes take the least time."""
_MOST_LANES = 2**14


def crc32c(data: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of some bytes.

    The bytes are cut into lanes of equal length whose checksums are computed side by side, then
    joined pairwise: the checksum of a sequence is that of its first part, advanced over as many
    zero bytes as the second part is long, plus (exclusive or) that of the second part.
    """
    lanes = min(_MOST_LANES, 1 << (len(data) // _LANE).bit_length())
    width = -(-len(data) // lanes)
    # Zero bytes in front leave a checksum that starts at zero as it is.
    padded = np.zeros(lanes * width, np.uint8)
    padded[len(padded) - len(data) :] = np.frombuffer(data, np.uint8)
    sums = np.zeros(lanes, np.uint32)
    for column in np.ascontiguousarray(padded.reshape(lanes, width).T):
        sums = _advance(sums, column)
    shift = _zeros(width)
    while len(sums) > 1:
        sums = _apply(shift, sums[0::2]) ^ sums[1::2]
        shift = _apply(shift, shift)
    start = _apply(_zeros(len(data)), np.array([0xFFFFFFFF], np.uint32))
    return int(sums[0] ^ start[0]) ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """Return the CRC-32C as TensorFlow stores it: rotated, and shifted by a constant."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


@cache
def _table() -> Words:
    table: Words = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = (table >> np.uint32(1)) ^ (table & np.uint32(1)) * _POLYNOMIAL
    return table


def _advance(sums: Words, column: NDArray[np.uint8]) -> Words:
    """Take one more byte into each checksum."""
    advanced: Words = _table()[(sums ^ column) & 0xFF] ^ (sums >> np.uint32(8))
    return advanced


def _apply(operator: Words, values: Words) -> Words:
    """Apply a linear map, given by what it makes of each of the 32 bits."""
    bits = (values[:, None] >> np.arange(32, dtype=np.uint32)) & 1
    mapped: Words = np.bitwise_xor.reduce(np.where(bits, operator, np.uint32(0)), axis=1)
    return mapped


def _zeros(count: int) -> Words:
    """Return the linear map that takes `count` zero bytes into a checksum."""
    units = np.uint32(1) << np.arange(32, dtype=np.uint32)
    power = _advance(units, np.zeros(32, np.uint8))
    result = units
    while count:
        if count & 1:
            result = _apply(power, result)
        power = _apply(power, power)
        count >>= 1
    return result
