"""EmoMusic, the "1000 songs" of 2013, of which 744 are left: what embeddings are compared on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from merbench import Clip, Task
from merbench_plugins.datasets.audio_files import index_audio
from merbench_plugins.datasets.label_table import LabelError, LabelTable, group_name
from merbench_plugins.datasets.labelled import LabelledDataset
from merbench_plugins.datasets.plausible_labels import refuse_swapped_spread
from merbench_plugins.datasets.problems import Problems

SCALE = (1.0, 9.0)
ID = "song_id"
LABELS = ("mean_valence", "std_valence", "mean_arousal", "std_arousal")
ARTIST, SET = "Artist", "Mediaeval 2013 set"
HINT = "set the root of emomusic to where annotations.tar.gz and clips_45sec.tar.gz are unpacked"

_SETS = ("development", "evaluation")
_TENTHS_TRAINED_ON = 8


class EmoMusic(LabelledDataset):
    """EmoMusic: 744 excerpts of 45 s of free music, rated for valence and arousal on 1 to 9.

    Read from the release as it is unpacked, in whatever folders below the root:
    `static_annotations.csv`, `songs_info.csv` and `clips_45seconds/{id}.mp3`. The published split
    tests the 125 songs of the set called evaluation; the artists of the others are dealt out to 504
    songs to train on and 115 to validate with, as by Castellon et al. 2021 and MARBLE. Of 52
    artists there are songs on both sides of the test set, so that the protocol `published` needs
    `group: song`.

    The same songs are the first 744 of DEAM.
    """

    name = "emomusic"
    task = Task.VA
    homepage = "https://cvml.unige.ch/databases/emoMusic/"
    licence = "audio: Creative Commons, song by song; labels: none stated"
    citation = (
        "M. Soleymani, M. N. Caro, E. M. Schmidt, C.-Y. Sha and Y.-H. Yang, 1000 songs for "
        "emotional analysis of music, CrowdMM 2013"
    )

    group: Literal["artist", "song"] = Field(
        "artist",
        description="What is kept on one side of a split: an artist, or, as in the published "
        "split, a song.",
    )

    def read(self, root: Path, problems: Problems) -> list[Clip]:
        """Return the songs in the order of the static annotations."""
        path = _the_file(root, "static_annotations.csv")
        labels = LabelTable.read(path, (ID, *LABELS), hint=HINT).keyed(ID, problems)
        info = LabelTable.read(_the_file(root, "songs_info.csv"), (ID, ARTIST, SET), hint=HINT)
        songs = info.keyed(ID, problems)
        folder = next((f for f in sorted(root.rglob("clips_45*")) if f.is_dir()), root)
        audio = index_audio(folder)
        clips = []
        for song, row in labels.items():
            with problems:
                if song not in songs:
                    raise LabelError(row.where, f"song {song} has no line in songs_info.csv")
                if song not in audio:
                    raise LabelError(
                        row.where,
                        f"song {song} has no audio: {folder / song}.mp3 is missing; restore it, or "
                        "remove the line",
                    )
                artist = songs[song].optional(ARTIST).strip()
                label = (
                    row.mean("mean_valence", SCALE),
                    row.mean("mean_arousal", SCALE),
                    row.std("std_valence", SCALE),
                    row.std("std_arousal", SCALE),
                )
                part = songs[song].text(SET).strip()
                if part not in _SETS:
                    raise LabelError(
                        songs[song].where,
                        f"the set is {part!r}, neither development nor evaluation; restore the "
                        "file",
                    )
                group = group_name(artist, song) if self.group == "artist" else song
                split = "test" if part == "evaluation" else part_of_artist(artist)
                clips.append(Clip(song, group, label, audio[song], split=split))
        with problems:
            refuse_swapped_spread([clip.label for clip in clips], path)
        return clips

    def inspect(self, root: Path, clips: Sequence[Clip], problems: Problems) -> None:
        """Say how the published split stands to artists."""
        tested = {clip.group for clip in clips if clip.split == "test"}
        both = tested & {clip.group for clip in clips if clip.split != "test"}
        if both:
            problems.note(
                root,
                f"in the published split {len(both)} artists stand on both sides of the test set: "
                "the protocol `published` needs `group: song`",
            )


def part_of_artist(artist: str) -> str:
    """Return the part, train or validation, that an artist's songs are in.

    A tenth by the SHA-1 of the name, in small letters of ASCII and single spaces alone; eight
    tenths are trained on (Castellon, Donahue and Liang, "Codified audio language modeling learns
    useful representations for music information retrieval", ISMIR 2021).
    """
    kept = (c for c in artist.lower() if c.isascii() and (c.isalpha() or c.isspace()))
    name = " ".join("".join(kept).split())
    tenth = int(hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest(), 16) % 10
    return "train" if tenth < _TENTHS_TRAINED_ON else "validation"


def _the_file(root: Path, name: str) -> Path:
    found = sorted(root.rglob(name))
    if len(found) > 1:
        raise LabelError(found[1], f"{found[0]} has the same name; keep one")
    return found[0] if found else root / name
