"""What a clip is called."""

from __future__ import annotations

from pathlib import Path

from merbench import CANONICAL_STEMS, Clip


def test_names_that_are_no_line_of_text_are_made_printable() -> None:
    clip = Clip("a\nb\x1b[31m", "caf\udce9", (0.5, 0.5, 0.1, 0.1), Path("c.wav"))
    for text in (clip.id, clip.group):
        assert text.isprintable()
        text.encode("utf-8")
    assert clip.id.startswith("a")


def test_stems_are_in_the_order_of_the_alphabet() -> None:
    assert sorted(CANONICAL_STEMS) == list(CANONICAL_STEMS)
