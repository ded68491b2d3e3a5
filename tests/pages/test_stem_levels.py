"""What a report says of separators: levels of stems, and whether the music is what they know."""

from __future__ import annotations

import dataclasses
from typing import Any

from merbench.leaderboard import run_results
from merbench.leaderboard.music_shift import shift_of
from merbench.leaderboard.results import Results
from merbench.pages import stem_levels


def shift(**changes: Any) -> dict[str, Any]:
    entry = {
        "dataset": "noise", "separator": "halves", "n_training": 40, "n_clips": 16,
        "distance": 0.41, "p": 0.001, "outside": 0.625,
        "differences": {"width": -12.0, "band_40_hz": 3.25, "onsets": 0.1},
    }  # fmt: skip
    return entry | changes


def test_levels_of_stems_are_those_of_the_run(run: run_results.RunResults):
    (item,) = stem_levels.separations(Results.of_run(run))
    assert item["title"] == "noise: halves"
    assert item["n_clips"] == 16
    # A quarter of the waveform is 12 dB below it, three quarters 2.5 dB.
    assert [row[:3] for row in item["stems"]] == [
        ("bass", "−12.0", "−12.0"), ("vocals", "−2.5", "−2.5"),
    ]  # fmt: skip
    assert [row[-1] for row in item["stems"]] == [0, 0]


def test_clips_that_come_apart_least_are_named(run: run_results.RunResults):
    levels = run.stems.copy()
    levels.loc[(levels["clip"] == "c7") & (levels["stem"] == "bass"), "level_db"] = -60.0
    changed = dataclasses.replace(Results.of_run(run), stems=levels)
    (item,) = stem_levels.separations(changed)
    assert item["clips"][0] == ("c7", "vocals", "−60.0")
    assert len(item["clips"]) == stem_levels.CLIPS
    assert item["stems"][0][-1] == 1


def test_a_shift_is_said_in_words_with_what_it_means():
    tested, differ, meaning = stem_levels.shift_in_words(shift_of(shift()))
    assert "40 excerpts" in tested
    assert "16 clips" in tested
    assert "0.41 of the greatest there could be" in tested
    assert "p 0.001: a distance that chance alone would rarely bring about" in tested
    assert "62% of the clips lie farther" in tested
    assert "without a shift it would be about 5%" in tested
    assert differ.endswith(": width −12.0 dB, band 40 hz +3.2 dB, onsets +0.1 dB.")
    assert "about this separator on this music" in meaning


def test_no_shift_is_said_with_its_limits():
    tested, _, meaning = stem_levels.shift_in_words(
        shift_of(shift(p=0.4, outside=0.05, distance=0.02))
    )
    assert "p 0.400: a distance that could well arise by chance" in tested
    assert meaning.startswith("Nothing here speaks for a shift.")
