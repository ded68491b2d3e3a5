from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_files import crc32c as reference_crc32c

from merbench_plugins.checkpoints.crc32c import crc32c


def test_crc32c_of_the_published_check_value() -> None:
    assert crc32c(b"123456789") == 0xE3069283


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 40_000), st.integers(0, 2**32 - 1))
def test_crc32c_equals_its_definition(length: int, seed: int) -> None:
    data = np.random.default_rng(seed).bytes(length)
    assert crc32c(data) == reference_crc32c(data)
