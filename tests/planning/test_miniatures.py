"""A dataset's miniature is made once, whole or not at all."""

from __future__ import annotations

import pytest

from merbench import Clip, Dataset, MerbenchError, Task
from merbench.planning.miniatures import miniature

ASKED: list[str] = []


class Made(Dataset):
    """Counts how often it was asked."""

    name = "made"
    task = Task.QUADRANT

    def clips(self, root):
        return [Clip("a", "a", (1.0, 0, 0, 0), root / "a.wav")]

    def miniature(self, root):
        ASKED.append("x")
        (root / "a.wav").write_text("sound")
        if len(ASKED) == 1:
            raise OSError(28, "No space left on device")


class Without(Dataset):
    name = "without"
    task = Task.QUADRANT


def test_it_is_made_once_and_left_out_where_it_could_not_be_finished(home):
    with pytest.raises(MerbenchError, match=r"the miniature of made cannot be written.*No space"):
        miniature(Made)
    assert not list((home / "miniatures").iterdir())
    folder = miniature(Made)
    assert (folder / "a.wav").read_text() == "sound"
    assert folder.parent == home / "miniatures"
    assert miniature(Made) == folder
    assert len(ASKED) == 2


def test_a_dataset_that_makes_none_says_so(home):
    with pytest.raises(MerbenchError, match="without makes no miniature of itself"):
        miniature(Without)
