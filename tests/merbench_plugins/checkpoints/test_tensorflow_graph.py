from __future__ import annotations

from pathlib import Path

import pytest
from tensorflow_files import message, number, write_graph

from merbench import MerbenchError
from merbench_plugins.checkpoints.tensorflow_graph import Pool, max_pools

POOLS = [Pool((4, 1), (2, 2)), Pool((2, 300), (1, 300))]


def test_poolings_are_read_in_their_order(tmp_path: Path) -> None:
    assert max_pools(write_graph(tmp_path / ".meta", POOLS)) == POOLS


def test_a_file_that_is_missing_or_no_graph(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match=r"\.meta cannot be read.*how the checkpoint's network"):
        max_pools(tmp_path / ".meta")
    node = message(1, message(2, b"MaxPool"))
    for content in (b"\x13", message(2, b"\x0a"), message(2, node), message(2, number(1, 3))):
        (tmp_path / "a.meta").write_bytes(content)
        with pytest.raises(MerbenchError, match=r"a\.meta is no graph of TensorFlow's"):
            max_pools(tmp_path / "a.meta")
