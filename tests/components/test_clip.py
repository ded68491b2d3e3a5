"""What a clip is called."""

from __future__ import annotations

from pathlib import Path

from merbench import CANONICAL_STEMS, Clip


def test_names_of_files_that_are_no_text_can_be_written_into_tables() -> None:
    clip = Clip("a\udcff", "caf\udce9", (0.5, 0.5, 0.1, 0.1), Path("c.wav"))
    for text, start in ((clip.id, "a"), (clip.group, "caf")):
        text.encode("utf-8")
        assert text.startswith(start)


def test_stems_are_in_the_order_of_the_alphabet() -> None:
    assert sorted(CANONICAL_STEMS) == list(CANONICAL_STEMS)
