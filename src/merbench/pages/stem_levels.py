"""What a report says of separators: how loud stems are, and whether the music is what they know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from merbench.evaluation import ALPHA
from merbench.evaluation.shift import OUTSIDE
from merbench.leaderboard.results import Results
from merbench.pages import figures
from merbench.pages.leaderboard_table import number, p_text
from merbench.steps.measuring import FLOOR

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
                "shift": shift_in_words(entry) if entry else [],
            }
        )
    return found


def _separation(key: str, part: pd.DataFrame) -> dict[str, Any]:
    from markupsafe import Markup

    wide = part.pivot_table("level_db", "clip", "stem", observed=True)
    wide = wide[list(dict.fromkeys(part["stem"]))]
    levels = {str(stem): wide[stem].to_numpy(float) for stem in wide}
    # Nothing has come apart where all but one stem are silent: the second loudest one tells.
    second = wide.apply(lambda row: row.nlargest(2).iloc[-1], axis=1).sort_values(kind="stable")
    return {
        "svg": Markup(figures.stem_levels(key, levels, FLOOR)),
        "stems": [
            (stem, *(number(q, 1) for q in _quartiles(values)), int((values <= FLOOR).sum()))
            for stem, values in levels.items()
        ],
        "n_clips": len(wide),
        "clips": [
            (str(clip), str(wide.loc[clip].idxmax()), number(level, 1))
            for clip, level in second.head(CLIPS).items()
        ],
    }


def _quartiles(values: Any) -> list[float]:
    import numpy as np

    quartiles: list[float] = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    return quartiles


def shift_in_words(entry: Mapping[str, Any]) -> list[str]:
    """Say what the test of a dataset against a separator's training music found.

    Parameters
    ----------
    entry
        Of `manifest["shift"]`.

    Returns
    -------
    list of str
        Paragraphs.
    """
    separator = entry["separator"]
    if "reason" in entry:
        return [
            f"Whether these clips are like the music that {separator} was trained on is not "
            f"known: {entry['reason']}. A finding that separation does not help here may be about "
            "this separator on this music."
        ]
    likely = entry["p"] >= ALPHA
    chance = (
        "a distance that could well arise by chance"
        if likely
        else "a distance that chance alone would rarely bring about"
    )
    tested = (
        f"{separator} was trained on music of which {entry['n_training']} excerpts are described; "
        f"here are {entry['n_clips']} clips. The energy distance between the two is "
        f"{number(entry['distance'], 2)} of the greatest there could be (0: one and the same kind "
        f"of music; 1: nothing in common), p {p_text(entry['p'])}: {chance} if both were drawn "
        f"from the same music. {entry['outside']:.0%} of the clips lie farther from every training "
        f"excerpt than {1 - OUTSIDE:.0%} of the training excerpts do from those of other artists; "
        f"without a shift it would be about {OUTSIDE:.0%}."
    )
    ordered = sorted(entry["differences"].items(), key=lambda item: -abs(item[1]))
    listed = ", ".join(
        f"{name.replace('_', ' ')} {number(value, 1, signed=True)} dB"
        for name, value in ordered[:DESCRIPTORS]
    )
    differ = f"Where they differ most, clips less training music: {listed}."
    if likely:
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
