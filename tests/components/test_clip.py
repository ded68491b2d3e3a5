"""What a clip is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from merbench import CANONICAL_STEMS, Clip


def test_names_of_files_that_are_no_text_can_be_written_into_tables() -> None:
    clip = Clip("a\udcff", "caf\udce9", (0.5, 0.5, 0.1, 0.1), Path("c.wav"))
    for text, start in ((clip.id, "a"), (clip.group, "caf")):
        text.encode("utf-8")
        assert text.startswith(start)


def test_stems_are_in_the_order_of_the_alphabet() -> None:
    assert sorted(CANONICAL_STEMS) == list(CANONICAL_STEMS)


def test_numbers_and_paths_as_tables_have_them_become_pythons() -> None:
    number = np.float32(0.5)
    clip = Clip(
        np.int64(7),  # type: ignore[arg-type]
        12,  # type: ignore[arg-type]
        np.array([number] * 4),  # type: ignore[arg-type]
        "c.wav",  # type: ignore[arg-type]
        ratings=np.full((2, 2), number),  # type: ignore[arg-type]
        features=[1, number],  # type: ignore[arg-type]
    )
    assert clip == Clip("7", "12", (0.5,) * 4, Path("c.wav"), {}, ((0.5, 0.5),) * 2, (1.0, 0.5))
    assert {type(value) for value in (*clip.label, *clip.features, *clip.ratings[0])} == {float}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"id": 1.0}, "the id of a clip is 1.0, no text"),
        ({"group": None}, "the group of clip c is None, no text"),
        ({"label": ("0.5", "0.2")}, "the label of clip c is .*; give a number for each column"),
        ({"label": None}, "the label of clip c is None; give a number"),
        ({"audio": None}, "the audio of clip c is None, no path"),
        ({"ratings": ((0.5, "x"),)}, "a rating of clip c is .*; give a number"),
        ({"split": ["train"]}, "the split of clip c is .*, no text"),
    ],
)
def test_what_is_no_part_of_a_clip_is_said(changes: dict[str, Any], says: str) -> None:
    given = {"id": "c", "group": "g", "label": (0.5, 0.5, 0.1, 0.1), "audio": Path("c.wav")}
    with pytest.raises(TypeError, match=says):
        Clip(**(given | changes))
