"""4QAED: 900 clips of 30 s in Russell's four quadrants, by AllMusic's moods and people."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from merbench_plugins.datasets.label_table import LabelError, LabelTable
from merbench_plugins.datasets.song_folders import SongFolders, column_of, the_file

ANNOTATIONS = "panda_dataset_taffc_annotations.csv"
METADATA = "panda_dataset_taffc_metadata.csv"


class FourQaed(SongFolders):
    """4QAED: 900 clips of 30 s, 225 in each of Russell's quadrants.

    Read from the release as it is unpacked: `panda_dataset_taffc_annotations.csv` (Song, Quadrant),
    `panda_dataset_taffc_metadata.csv` (the artists) and the folders Q1 to Q4 with `MT….mp3`. The
    features that the authors published, `top100_features.csv`, are read as well where they lie
    below the root: the feature `published` takes them. `audio: false` reads them alone, for who
    has no audio. They were ranked on all 900 clips, so that what a model scores on them is
    optimistic.
    """

    name = "4qaed"
    homepage = "http://mir.dei.uc.pt/downloads.html"
    licence = "none stated; the music remains its owners'"
    paper = "https://doi.org/10.1109/TAFFC.2018.2820691"
    citation = (
        "R. Panda, R. Malheiro and R. P. Paiva, Novel audio features for music emotion "
        "recognition, IEEE Transactions on Affective Computing 11(4), 2020"
    )

    audio: bool = Field(
        True, description="Whether there is audio; false reads the published features alone."
    )
    features: str = Field(
        "top100_features.csv",
        description="File of the published features, anywhere below the root: a column with the "
        "song's id, the features, and the quadrant last.",
    )

    @property
    def has_audio(self) -> bool:  # type: ignore[override]
        """Whether audio is read."""
        return self.audio

    def songs(self, root: Path) -> LabelTable:
        """Return the annotations, or, without audio, the table of features."""
        path = the_file(root, [ANNOTATIONS]) if self.audio else self.features_file(root)
        if path is None:
            missing = ANNOTATIONS if self.audio else self.features
            raise LabelError(
                root,
                f"there is no {missing} below this folder; set the root of 4qaed to where the "
                "release is unpacked"
                + (", or say `audio: false` for its features alone" if self.audio else ""),
            )
        return LabelTable.read(path)

    def artists(self, root: Path) -> dict[str, str]:
        """Return the artists of the metadata."""
        path = the_file(root, [METADATA])
        if path is None:
            return {}
        table = LabelTable.read(path, ("Artist",), ragged=True)
        song = column_of(table, ("Song",))
        return {row.id(song): row.optional("Artist") for row in table}

    def features_file(self, root: Path) -> Path | None:
        """Return the table of published features, where it is."""
        return the_file(root, [self.features])

    def miniature(self, root: Path) -> None:
        """Write eight made songs, two a quadrant, and made features of them."""
        import numpy as np

        from merbench_plugins.datasets import _miniature

        release = root / "MER_audio_taffc_dataset"
        songs = _miniature.write_quadrants(release, [f"MT{n:010d}" for n in range(8)])
        _miniature.write_table(release / ANNOTATIONS, ("Song", "Quadrant"), songs)
        rows = [(song, f"Artist {n}", f"Title {n}", q) for n, (song, q) in enumerate(songs)]
        _miniature.write_table(release / METADATA, ("Song", "Artist", "Title", "Quadrant"), rows)
        numbers = np.random.default_rng(1).standard_normal((len(songs), 100)).round(6)
        _miniature.write_table(
            root / "Features - Audio MER" / "top100_features.csv",
            ("SongID", *(f"F{n:04d}" for n in range(100)), "Quadrant"),
            [(song, *row, q) for (song, q), row in zip(songs, numbers.tolist(), strict=True)],
        )
