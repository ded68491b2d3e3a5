"""Emotify: songs with listeners' votes for nine emotions that music induces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from merbench import Clip, Task
from merbench_plugins.datasets.audio_files import index_audio
from merbench_plugins.datasets.label_table import LabelError, LabelTable, Row, group_name
from merbench_plugins.datasets.labelled import LabelledDataset
from merbench_plugins.datasets.problems import Problems
from merbench_plugins.datasets.quadrant_labels import QUADRANTS

PROXY = MappingProxyType(
    {
        "amazement": "Q1",
        "solemnity": "Q4",
        "tenderness": "Q4",
        "nostalgia": "Q3",
        "calmness": "Q4",
        "power": "Q1",
        "joyful_activation": "Q1",
        "tension": "Q2",
        "sadness": "Q3",
    }
)
"""The quadrant that stands for each emotion of the Geneva Emotional Music Scale."""


class Emotify(LabelledDataset):
    """Emotify: songs with listeners' votes for the nine emotions of the Geneva scale.

    **The quadrants are a proxy**: nobody was asked for valence or arousal. Each emotion stands for
    a quadrant (amazement, power, joyful activation: Q1; tension: Q2; nostalgia, sadness: Q3;
    solemnity, tenderness, calmness: Q4), and a label is the share of all votes that a quadrant's
    emotions got; a listener may have voted for several. `label: dominant` takes the quadrant of the
    emotion with most votes alone. `provenance` says so in every row. With `labels: emotions` the
    nine emotions themselves are the classes, and nothing is a proxy.

    Read from a prepared table, `annotations.csv` (song_id, and the share of listeners who voted for
    each emotion), `attribution.csv` (the artists) and `audio/{song_id}.ogg`. Group: the artist.
    """

    name = "emotify"
    homepage = "http://www2.projects.science.uu.nl/memotion/emotifydata/"
    licence = "songs: Magnatune, CC BY-NC-SA 1.0; votes: none stated, to be cited"
    paper = "https://doi.org/10.1016/j.ipm.2015.03.004"
    citation = (
        "A. Aljanaki, F. Wiering and R. C. Veltkamp, Studying emotion induced by music through a "
        "crowdsourcing game, Information Processing and Management 52(1), 2016"
    )

    labels: Literal["quadrants", "emotions"] = Field(
        "quadrants",
        description="What a song is labelled with: the quadrants that emotions stand for, or the "
        "emotions, as classes.",
    )
    label: Literal["votes", "dominant"] = Field(
        "votes", description="Shares of votes, or the emotion with most of them alone."
    )

    @property
    def task(self) -> Task:  # type: ignore[override]
        """Quadrants, or classes where the labels are emotions."""
        return Task.QUADRANT if self.labels == "quadrants" else Task.CLASSES

    @property
    def class_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """The emotions, where they are the labels."""
        return () if self.labels == "quadrants" else tuple(PROXY)

    def read(self, root: Path, problems: Problems) -> list[Clip]:
        """Return the songs in the order of the annotations."""
        table = LabelTable.read(
            root / "annotations.csv",
            ("song_id", *PROXY),
            hint="set the root of emotify to the folder with annotations.csv and audio",
        )
        artists = _artists(root / "attribution.csv", problems)
        files = index_audio(root / "audio")
        proxy = "quadrants by proxy, from " if self.labels == "quadrants" else ""
        note = f"{proxy}{self.label} of nine induced emotions"
        clips = []
        for song, row in table.keyed("song_id", problems).items():
            with problems:
                if song not in files:
                    raise LabelError(
                        row.where,
                        f"song {song} has no audio: {root / 'audio' / song}.ogg is missing; "
                        "restore it, or remove the line",
                    )
                clips.append(
                    Clip(
                        song,
                        group_name(artists.get(song, ""), song),
                        self._label(row),
                        files[song],
                        provenance=note,
                    )
                )
        return clips

    def inspect(self, root: Path, clips: Sequence[Clip], problems: Problems) -> None:
        """Count the songs whose artist is not known."""
        nameless = sum(clip.group == clip.id for clip in clips)
        if nameless:
            problems.note(
                root / "attribution.csv", f"{nameless} songs have no artist: each is its own group"
            )

    def _label(self, row: Row) -> tuple[float, ...]:
        votes = {emotion: row.mean(emotion) for emotion in PROXY}
        if not any(votes.values()):
            raise LabelError(row.where, "nobody voted for any emotion; remove the line")
        if self.label == "dominant":
            first = max(votes, key=lambda emotion: votes[emotion])
            votes = {emotion: float(emotion == first) for emotion in votes}
        total = sum(votes.values())
        if self.labels == "emotions":
            return tuple(share / total for share in votes.values())
        return tuple(
            sum(share for emotion, share in votes.items() if PROXY[emotion] == quadrant) / total
            for quadrant in QUADRANTS
        )


def _artists(path: Path, problems: Problems) -> dict[str, str]:
    if not path.is_file():
        return {}
    rows = LabelTable.read(path, ("song_id", "artist")).keyed("song_id", problems)
    return {song: row.optional("artist") for song, row in rows.items()}
