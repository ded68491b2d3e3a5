"""Soundtracks: excerpts of film music, rated by experts and by listeners."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from merbench import Clip, Task
from merbench.tasks.quadrants import MIDPOINT, one_hot, quadrant
from merbench_plugins.datasets.audio_files import index_audio
from merbench_plugins.datasets.label_table import LabelError, LabelTable, group_name
from merbench_plugins.datasets.labelled import MeanLabels
from merbench_plugins.datasets.problems import Problems
from merbench_plugins.datasets.song_folders import the_file

SCALE = (1.0, 9.0)
ALBUMS = ("soundtrack", "album", "album name")
NUMBER = "number"


class Soundtracks(MeanLabels):
    """Soundtracks: 360 or 110 excerpts of film music with mean ratings on 1 to 9.

    The published means have no standard deviation, so that no distribution over valence and
    arousal was measured; what is read is the quadrant of mean valence and energy, cut at the
    scale's midpoint, and `provenance` says so. With `fixed_std` the means themselves are read,
    energy for arousal, each with that standard deviation. Set 1 is the pilot, with few ratings an
    excerpt; set 2 was selected from it and rated anew.

    Read from `mean_ratings_set1.csv` or `…set2.csv` (Number, valence, energy; case does not matter,
    nor do columns without a name) and the unpacked `Set1.zip` or `Set2.zip`, 001.mp3 and so on.
    Group: the film, where the table has a column soundtrack or album, or else the excerpt alone.
    """

    name = "soundtracks"
    homepage = "https://osf.io/p6vkg/"
    licence = "academic use; the music remains its owners'"
    paper = "https://doi.org/10.1177/0305735610362821"
    citation = (
        "T. Eerola and J. K. Vuoskoski, A comparison of the discrete and dimensional models of "
        "emotion in music, Psychology of Music 39(1), 2011"
    )

    set: Literal[1, 2] = Field(1, description="Which of the two sets: 360 or 110 excerpts.")

    @property
    def task(self) -> Task:  # type: ignore[override]
        """Quadrants, or valence and arousal where their deviation is fixed."""
        return Task.QUADRANT if self.fixed_std is None else Task.VA

    def read(self, root: Path, problems: Problems) -> list[Clip]:
        """Return the excerpts in the order of the ratings."""
        path = the_file(root, [f"mean_ratings_set{self.set}.csv"])
        if path is None:
            raise LabelError(
                root,
                f"there is no mean_ratings_set{self.set}.csv below this folder; set the root of "
                "soundtracks to where the release lies",
            )
        table = LabelTable.read(path, (NUMBER, "valence", "energy"), casefold=True)
        album = next((column for column in ALBUMS if column in table.columns), None)
        files = _excerpts(root, self.set)
        cut = f"quadrant of mean valence and energy, cut at {MIDPOINT:g} of the scale"
        note = self.spread_note or cut
        clips = []
        for number, row in table.keyed(NUMBER, problems).items():
            with problems:
                name = f"{int(row.number(NUMBER)):03d}"
                if name not in files:
                    raise LabelError(
                        row.where,
                        f"excerpt {number} has no audio: {name}.mp3 is missing below {root}; "
                        f"unpack Set{self.set}.zip there",
                    )
                means = (row.mean("valence", SCALE), row.mean("energy", SCALE))
                std = self.fixed_std
                clips.append(
                    Clip(
                        name,
                        group_name(row.optional(album), name) if album else name,
                        one_hot(quadrant(*means)) if std is None else (*means, std, std),
                        files[name],
                        provenance=note,
                    )
                )
        return clips

    def inspect(self, root: Path, clips: Sequence[Clip], problems: Problems) -> None:
        """Say where films are not known: excerpts of one film may stand on both sides."""
        if all(clip.group == clip.id for clip in clips):
            problems.warn(
                root,
                "the ratings name no film: excerpts of one film may stand on both sides of a "
                "split; add a column soundtrack from the release's track list",
            )


def _excerpts(root: Path, number: int) -> dict[str, Path]:
    """Return the excerpts of a set by name: in a folder named after it, or else anywhere."""
    folders = sorted({p.parent for p in root.rglob("[0-9][0-9][0-9].mp3")})
    named = [f for f in folders if f"set{number}" in f.relative_to(root).as_posix().casefold()]
    return index_audio(*(named or folders))
