from __future__ import annotations

import numpy as np
import pytest

from merbench.errors import MerbenchError
from merbench_plugins.separators.oracle import Oracle


def test_names_the_true_stems() -> None:
    true_stems = np.arange(4 * 2 * 5, dtype=np.float32).reshape(4, 2, 5)
    stems = Oracle().separate(true_stems, 44100, device="cpu")
    assert tuple(stems) == ("bass", "drums", "other", "vocals")
    for i, stem in enumerate(stems.values()):
        np.testing.assert_array_equal(stem, true_stems[i])


@pytest.mark.parametrize("shape", [(2, 5), (3, 2, 5), (4, 5)])
def test_refuses_what_is_not_the_four_stems(shape: tuple[int, ...]) -> None:
    with pytest.raises(MerbenchError, match="needs the true stems bass, drums, other, vocals"):
        Oracle().separate(np.zeros(shape, np.float32), 44100, device="cpu")
