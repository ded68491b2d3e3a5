"""MERGE and New-4QAED: what became of 4QAED, with published lists to train and test on."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from merbench import Clip, Task
from merbench_plugins.datasets.label_table import LabelError, LabelTable
from merbench_plugins.datasets.labelled import MeanLabels
from merbench_plugins.datasets.problems import Problems
from merbench_plugins.datasets.song_folders import (
    SONG_COLUMNS,
    SongFolders,
    column_of,
    the_file,
)

PARTS = {"train": "train", "validate": "validation", "test": "test"}


class _Lists(SongFolders):
    """Songs with published train, validate and test lists."""

    subset: Literal["complete", "balanced"] = Field(
        "complete", description="All songs, or as many of each quadrant."
    )
    split: Literal["70_15_15", "40_30_30"] = Field(
        "70_15_15",
        description="Which of the published lists the protocol `published` takes: their shares of "
        "songs to train, validate and test on.",
    )

    def parts(self, root: Path) -> dict[str, str]:
        """Return the part of each song in the published lists, where they are there."""
        found: dict[str, str] = {}
        folders = {self.split, self.split.replace("_", "")}
        for path in sorted(root.rglob("*.csv")):
            folder = path.parent.name.casefold().removeprefix("tvt_")
            words = re.split(r"[_.]", path.name.casefold())
            part = next((PARTS[word] for word in words if word in PARTS), None)
            if part is None or folder not in folders or self.subset not in words:
                continue
            table = LabelTable.read(path)
            for row in table:
                song = row.id(column_of(table, SONG_COLUMNS))
                if found.setdefault(song, part) != part:
                    raise LabelError(
                        row.where, f"song {song} is in two of the published lists; restore them"
                    )
        return found

    def artists(self, root: Path) -> dict[str, str]:
        """Return the artists of the metadata, where it is there."""
        path = the_file(
            root, [f"*audio_{self.subset}_metadata.csv", f"*{self.subset}*metadata.csv"]
        )
        if path is None:
            return {}
        table = LabelTable.read(path, ("Artist",), ragged=True)
        song = column_of(table, SONG_COLUMNS)
        return {row.id(song): row.optional("Artist") for row in table}


class Merge(MeanLabels, _Lists):
    """MERGE Audio: clips of 30 s in Russell's quadrants, complete or balanced.

    Read from the release as it is unpacked, `MERGE_Audio_Complete` or `MERGE_Audio_Balanced`:
    `merge_audio_{subset}_metadata.csv` (Song, Quadrant, Artist), the folders Q1 to Q4, and the
    published lists in `tvt_dataframes`. The release's values of valence and arousal,
    `merge_audio_{subset}_av_values.csv`, have no spread over raters: they are read with `fixed_std`
    alone, each with that standard deviation.
    """

    name = "merge"
    homepage = "https://zenodo.org/records/13939205"
    licence = "that of the Zenodo record; the music remains its owners'"
    citation = (
        "P. L. Louro, H. Redinho, R. Santos, R. Malheiro, R. Panda and R. P. Paiva, MERGE: a "
        "bimodal dataset for static music emotion recognition, arXiv 2407.06060, 2024"
    )

    @property
    def task(self) -> Task:  # type: ignore[override]
        """Quadrants, or valence and arousal where their deviation is fixed."""
        return Task.QUADRANT if self.fixed_std is None else Task.VA

    def read(self, root: Path, problems: Problems) -> list[Clip]:
        """Return the songs in the order of the metadata."""
        clips = super().read(root, problems)
        if self.fixed_std is None:
            return clips
        means = self._means(root, problems)
        labelled = []
        for clip in clips:
            with problems:
                if clip.id not in means:
                    raise LabelError(
                        self._values(root), f"song {clip.id} has no line; restore the file"
                    )
                label = (*means[clip.id], self.fixed_std, self.fixed_std)
                labelled.append(replace(clip, label=label, provenance=self.spread_note))
        return labelled

    def _values(self, root: Path) -> Path:
        name = f"merge_audio_{self.subset}_av_values.csv"
        path = the_file(root, [name])
        if path is None:
            raise LabelError(root, f"there is no {name} below this folder; restore it")
        return path

    def _means(self, root: Path, problems: Problems) -> dict[str, tuple[float, float]]:
        """Return valence and arousal by song."""
        table = LabelTable.read(self._values(root), ("Valence", "Arousal"))
        means = {}
        for song, row in table.keyed(column_of(table, SONG_COLUMNS), problems).items():
            with problems:
                means[song] = (row.mean("Valence"), row.mean("Arousal"))
        return means

    def songs(self, root: Path) -> LabelTable:
        """Return the metadata, which lists the songs."""
        path = the_file(root, [f"merge_audio_{self.subset}_metadata.csv"])
        if path is None:
            raise LabelError(
                root,
                f"there is no merge_audio_{self.subset}_metadata.csv below this folder; set the "
                f"root of merge to the folder MERGE_Audio_{self.subset.title()}",
            )
        return LabelTable.read(path, ("Song", "Quadrant"), ragged=True)


class NewFourQaed(_Lists):
    """New-4QAED: 1,629 clips in Russell's quadrants (balanced: 1,372), MERGE's earlier release.

    Read from its targets, `new_pub_{subset}_targets.csv` (SongID, Quadrant), with songs in folders
    Q1 to Q4. Its artists are known only where a `…{subset}…metadata.csv` lies beside, and published
    lists are taken from `tvt_dataframes` where these are there.
    """

    name = "new-4qaed"
    homepage = "http://mir.dei.uc.pt/downloads.html"
    licence = "none stated; the music remains its owners'"
    paper = "https://doi.org/10.3390/s24072201"
    citation = (
        "P. L. Louro, H. Redinho, R. Malheiro, R. P. Paiva and R. Panda, A comparison study of "
        "deep learning methodologies for music emotion recognition, Sensors 24(7), 2024"
    )

    def songs(self, root: Path) -> LabelTable:
        """Return the targets."""
        name = f"*{self.subset}_targets.csv"
        path = the_file(root, [name])
        if path is None:
            raise LabelError(
                root,
                f"there is no new_pub_{self.subset}_targets.csv below this folder; set the root of "
                "new-4qaed to where the release is unpacked",
            )
        return LabelTable.read(path, ("Quadrant",))

    def miniature(self, root: Path) -> None:
        """Write twelve made songs, of which eight are balanced, two a quadrant."""
        from merbench_plugins.datasets import _miniature

        songs = _miniature.write_quadrants(root, [f"L{n:03d}" for n in range(8)])
        for number in range(8, 12):  # more of the first quadrant
            _miniature.write_song(root / "Q1" / f"L{number:03d}.mp3", number)
        more = [(f"L{number:03d}", "Q1") for number in range(8, 12)]
        for subset, chosen in (("complete", songs + more), ("balanced", songs)):
            path = root / f"new_pub_{subset}_targets.csv"
            _miniature.write_table(path, ("SongID", "Quadrant"), chosen)
