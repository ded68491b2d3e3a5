"""The checksum equals its definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_files import crc32c as reference_crc32c

from merbench_plugins.checkpoints.crc32c import crc32c, masked_crc32c


def test_crc32c_of_the_published_check_value() -> None:
    assert crc32c(b"123456789") == 0xE3069283


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 40_000), st.integers(0, 2**32 - 1))
def test_crc32c_equals_its_definition(length: int, seed: int) -> None:
    data = np.random.default_rng(seed).bytes(length)
    assert crc32c(data) == reference_crc32c(data)


def test_a_masked_checksum_is_turned_and_shifted() -> None:
    """By hand: rotated right by 15 bits, plus 0xA282EAD8, modulo 2 to the 32."""
    bits = f"{0xE3069283:032b}"
    assert masked_crc32c(b"123456789") == (int(bits[-15:] + bits[:-15], 2) + 0xA282EAD8) % 2**32
