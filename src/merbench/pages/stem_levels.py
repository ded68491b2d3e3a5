"""What a report says of separators: how loud stems are, and whether the music is what they know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from merbench.leaderboard.distributions import level_quantiles, one_loud_stem
from merbench.leaderboard.music_shift import MusicShift, shift_of
from merbench.leaderboard.results import Results
from merbench.pages import figures
from merbench.pages.leaderboard_table import page_number
from merbench.steps.measuring import FLOOR
from merbench.wording import p_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["separations", "shift_in_words"]

CLIPS = 5
"""Clips that are named as coming apart least."""
DESCRIPTORS = 4
"""Descriptors that are named as differing most."""


def separations(content: Results) -> list[dict[str, Any]]:
    """Return what is to be shown of each dataset and separator of a run."""
    table = content.stems
    if table is None or table.empty:
        return []
    shifts = {
        (entry["dataset"], entry["separator"]): entry
        for entry in content.manifest.get("shift") or ()
    }
    found = []
    groups = table.groupby(["dataset", "separator"], sort=False, observed=True)
    for position, ((dataset, separator), part) in enumerate(groups):
        entry = shifts.get((dataset, separator))
        found.append(
            _separation(f"l{position}", part)
            | {
                "title": f"{dataset}: {separator}",
                "shift": shift_in_words(shift_of(entry)) if entry else [],
            }
        )
    return found


def _separation(key: str, part: pd.DataFrame) -> dict[str, Any]:
    from markupsafe import Markup

    wide = part.pivot_table("level_db", "clip", "stem", observed=True)
    wide = wide[list(dict.fromkeys(part["stem"]))]
    by_stem = {str(stem): wide[stem].to_numpy(float) for stem in wide}
    summed_up = {stem: level_quantiles(values, FLOOR) for stem, values in by_stem.items()}
    return {
        "svg": Markup(figures.draw_stem_levels(key, by_stem, FLOOR)),
        "stems": [
            (
                stem,
                *(page_number(q, 1) for q in (found.low, found.middle, found.high)),
                found.silent,
            )
            for stem, found in summed_up.items()
        ],
        "n_clips": len(wide),
        "clips": [
            (clip, stem, page_number(level, 1)) for clip, stem, level in one_loud_stem(wide, CLIPS)
        ],
    }


def shift_in_words(shift: MusicShift) -> list[str]:
    """Say in paragraphs what the test of clips against a separator's training music found."""
    separator = shift.separator
    if shift.reason:
        return [
            f"Whether these clips are like the music that {separator} was trained on is not "
            f"known: {shift.reason}. A finding that separation does not help here may be about "
            "this separator on this music."
        ]
    chance = (
        "a distance that could well arise by chance"
        if shift.by_chance
        else "a distance that chance alone would rarely bring about"
    )
    tested = (
        f"{separator} was trained on music of which {shift.n_training} excerpts are described; "
        f"here are {shift.n_clips} clips. The energy distance between the two is "
        f"{page_number(shift.distance, 2)} of the greatest there could be (0: one and the same "
        f"kind of music; 1: nothing in common), p {p_text(shift.p)}: {chance} if both were drawn "
        f"from the same music. {shift.outside:.0%} of the clips lie farther from every training "
        f"excerpt than {1 - shift.expected_outside:.0%} of the training excerpts do from those of "
        f"other artists; without a shift it would be about {shift.expected_outside:.0%}."
    )
    listed = ", ".join(
        f"{name.replace('_', ' ')} {page_number(value, 1, signed=True)} dB"
        for name, value in shift.differences[:DESCRIPTORS]
    )
    differ = f"Where they differ most, clips less training music: {listed}."
    if shift.by_chance:
        meaning = (
            "Nothing here speaks for a shift. The descriptors hear octave bands, dynamics, "
            "flatness, onsets and stereo width, and nothing else."
        )
    else:
        meaning = (
            "The separator works outside the music it knows. A finding that separation does not "
            "help here may therefore be about this separator on this music, not about separation."
        )
    return [tested, differ, meaning]
