"""What 4QAED and its successors have in common: songs in a folder for each quadrant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from merbench import Clip, Task, audio
from merbench_plugins.datasets.audio_files import index_audio
from merbench_plugins.datasets.feature_table import feature_columns, feature_vector
from merbench_plugins.datasets.label_table import LabelError, LabelTable, Row, group_name
from merbench_plugins.datasets.labelled import LabelledDataset
from merbench_plugins.datasets.problems import Problems
from merbench_plugins.datasets.quadrant_labels import QUADRANTS, named_quadrant, quadrant_label

if TYPE_CHECKING:
    from merbench.audio import Waveform

__all__ = ["SongFolders", "column_of", "the_file"]

SONG_COLUMNS = ("Song", "SongID", "IDSong")
"""How the releases call the column of the song's id, in the order of their age."""


class SongFolders(LabelledDataset):
    """Base of datasets that list songs with a quadrant, and keep each in its quadrant's folder.

    Lists name the song in a column Song, SongID or IDSong, and its quadrant in Quadrant. Audio lies
    in folders Q1 to Q4 below the root, by the song's id.
    """

    task = Task.QUADRANT

    group: Literal["artist", "song"] = Field(
        "artist",
        description="What is kept together in splits: the artist where one is known, or the song "
        "alone, as papers on these sets have it.",
    )

    peak: float | None = Field(
        None,
        ge=-60,
        le=0,
        description="Decibels below full scale that a clip's largest sample is brought to before "
        "anything else is done to it, augmented copies included; Louro et al. 2024 have -0.1. By "
        "default clips are as loud as they are.",
    )

    decodes_by = frozenset({"peak"})

    def decode(self, clip: Clip) -> tuple[Waveform, int]:
        """Return a clip's waveform, as loud as `peak` says, and its sample rate in Hz."""
        import numpy as np

        waveform, rate = audio.read(clip.audio)
        loudest = float(np.abs(waveform).max(initial=0.0))
        if self.peak is None or loudest == 0:
            return waveform, rate
        return waveform * np.float32(10 ** (self.peak / 20) / loudest), rate

    def songs(self, root: Path) -> LabelTable:
        """Return the table that lists the songs and their quadrants."""
        raise NotImplementedError

    def artists(self, root: Path) -> dict[str, str]:
        """Return artists by song, as far as they are known."""
        return {}

    def parts(self, root: Path) -> dict[str, str]:
        """Return the songs' published parts, as far as they have any."""
        return {}

    def features_file(self, root: Path) -> Path | None:
        """Return the table of published features, where there is one."""
        return None

    def read(self, root: Path, problems: Problems) -> list[Clip]:
        """Return the songs in the order of the table that lists them."""
        table = self.songs(root)
        artists = self.artists(root) if self.group == "artist" else {}
        parts = self.parts(root)
        vectors = _vectors(self.features_file(root), problems)
        # Beside the list where it has folders beside it: a root may hold several releases.
        top = table.path.parent if (table.path.parent / QUADRANTS[0]).is_dir() else root
        folders = [p for q in QUADRANTS for p in sorted(top.rglob(q)) if p.is_dir()]
        files = index_audio(*folders) if self.has_audio else {}
        clips = []
        for song, row in table.keyed(column_of(table, SONG_COLUMNS), problems).items():
            with problems:
                file = table.path
                if self.has_audio:
                    file = _audio(root, row, song, files)
                clips.append(
                    Clip(
                        song,
                        group_name(artists.get(song, ""), song),
                        quadrant_label(row, _quadrant_column(table)),
                        file,
                        features=vectors.get(song, ()),
                        split=parts.get(song, ""),
                    )
                )
        for song in parts.keys() - {clip.id for clip in clips}:
            problems.note(table.path, f"song {song} of a published list is not in this table")
        return clips

    def inspect(self, root: Path, clips: Sequence[Clip], problems: Problems) -> None:
        """Look for songs that lie in another quadrant's folder, and count unknown artists."""
        for clip in clips if self.has_audio and self.task is Task.QUADRANT else ():
            quadrant = QUADRANTS[clip.label.index(1.0)]
            if clip.audio.parent.name != quadrant:
                problems.warn(clip.audio, f"clip {clip.id} is labelled {quadrant}")
        nameless = sum(clip.group == clip.id for clip in clips)
        if nameless and self.group == "artist":
            problems.note(root, f"{nameless} songs have no artist: each is its own group")


def the_file(root: Path, patterns: Iterable[str]) -> Path | None:
    """Return the one file below `root` that a pattern names, by the first that names any.

    Raises
    ------
    LabelError
        A pattern names several.
    """
    for pattern in patterns:
        found = sorted(p for p in root.rglob(pattern) if not p.name.startswith("."))
        if len(found) > 1:
            raise LabelError(
                root,
                f"there are several files {pattern}: {found[0]} and {found[1]}; set the root to "
                "the folder of one of them",
            )
        if found:
            return found[0]
    return None


def column_of(table: LabelTable, names: Sequence[str]) -> str:
    """Return the first of some names that a table has a column of."""
    for name in names:
        if name in table.columns:
            return name
    raise LabelError(
        f"{table.path}:1",
        f"there is no column {' or '.join(names)}; there are {', '.join(table.columns[:8])}",
    )


def _quadrant_column(table: LabelTable) -> str:
    """Return the column of the quadrant; where none is called so, the label stands last."""
    return "Quadrant" if "Quadrant" in table.columns else table.columns[-1]


def _vectors(path: Path | None, problems: Problems) -> dict[str, tuple[float, ...]]:
    """Return the published features by song: what stands between its id and its label."""
    if path is None:
        return {}
    table = LabelTable.read(path)
    song, label = column_of(table, SONG_COLUMNS), _quadrant_column(table)
    columns = feature_columns(table, ["*"], (song, label))
    vectors = {}
    for name, row in table.keyed(song, problems).items():
        with problems:
            named_quadrant(row, label)
            vectors[name] = feature_vector(row, columns)
    return vectors


def _audio(root: Path, row: Row, song: str, files: dict[str, Path]) -> Path:
    if song not in files:
        raise LabelError(
            row.where,
            f"song {song} has no audio: no file {song}.mp3 in a folder Q1 to Q4 below {root}; "
            "restore it, or remove the line",
        )
    return files[song]
