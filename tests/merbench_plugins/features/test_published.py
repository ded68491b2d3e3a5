"""Features that are published with each clip."""

from __future__ import annotations

import numpy as np

from merbench_plugins.features.published import Published


def test_the_published_vector_is_given_as_it_stands() -> None:
    row = np.array([[0.5, -7.0, 1e6]], np.float32)
    assert Published.needs_published
    np.testing.assert_array_equal(Published().extract(row, 0, device="cpu"), row[0])
