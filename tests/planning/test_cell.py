"""Which training row is a copy of which."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from merbench import Clip
from merbench.planning.cell import originals

CLIPS = [Clip(id=name, group="g", label=(1.0,), audio=Path(name)) for name in "abc"]
COPY = SimpleNamespace(title="a copy")


def test_a_copy_names_the_row_of_its_clip_and_an_original_its_own():
    a, b, c = CLIPS
    assert originals([(b, None), (a, None)]) == (0, 1)
    assert originals([(b, COPY), (c, None), (b, None), (c, COPY), (b, COPY)]) == (2, 1, 2, 1, 2)
    assert originals([]) == ()


def test_copies_without_their_clip_name_the_first_of_them():
    a, b, _ = CLIPS
    assert originals([(a, None), (b, COPY), (a, COPY), (b, COPY)]) == (0, 1, 0, 1)
