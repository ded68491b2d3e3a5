"""DEAM, the MediaEval database for emotional analysis in music."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field

from merbench import Clip, Task
from merbench_plugins.datasets.audio_files import index_audio
from merbench_plugins.datasets.label_table import LabelError, LabelTable, Row, group_name
from merbench_plugins.datasets.labelled import LabelledDataset
from merbench_plugins.datasets.plausible_labels import refuse_swapped_spread
from merbench_plugins.datasets.problems import Problems
from merbench_plugins.datasets.swap import Agreement, agreement, song_means

SCALE = (1.0, 9.0)
COLUMNS = ("song_id", "valence_mean", "valence_std", "arousal_mean", "arousal_std")
SUSPECT = "2013"
"""The year whose songs are known to have valence and arousal swapped in the release."""


class Deam(LabelledDataset):
    """DEAM: 1,802 songs and excerpts of free music, rated for valence and arousal on 1 to 9.

    Read from the release as it is unpacked (audio, annotations, metadata), in whatever folders
    below the root: `MEMD_audio/{id}.mp3`, `static_annotations_averaged_songs_1_2000.csv` and
    `..._2000_2058.csv`, `dynamic (per second annotations)/valence.csv` and `arousal.csv`,
    `metadata_2013.csv` to `metadata_2015.csv`. Group: the artist, or the song where there is no
    metadata.

    In the released static file the songs of 2013 (ids to 1000) have valence and arousal swapped,
    both means and standard deviations. The dynamic annotations show it: across songs, valence
    minus arousal correlates positively with the same difference of the songs' dynamic means where
    the columns stand right, and negatively where they are swapped. Each year's songs are tested so
    (Fisher's z, two-sided, 1 %), and swapped back when they are swapped beyond doubt.
    """

    name = "deam"
    task = Task.VA
    homepage = "https://cvml.unige.ch/databases/DEAM/"
    licence = "audio: Creative Commons, song by song; labels: none stated"
    paper = "https://doi.org/10.1371/journal.pone.0173392"
    citation = (
        "A. Aljanaki, Y.-H. Yang and M. Soleymani, Developing a benchmark for emotional analysis "
        "of music, PLOS ONE 12(3), 2017"
    )

    swap_back: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Whether to swap valence and arousal: of the years for which the release's "
        "dynamic annotations show it (auto), of the songs of 2013 without looking (always), or "
        "not at all (never).",
    )

    def read(self, root: Path, problems: Problems) -> list[Clip]:
        """Return the songs in the order of the static annotations, swapped labels put right."""
        release = _Release.found(root)
        rows: dict[str, Row] = {}
        for path in release.static:
            for song, row in LabelTable.read(path, COLUMNS).keyed("song_id", problems).items():
                with problems:
                    if song in rows:
                        raise LabelError(
                            row.where,
                            f"song {song} stands at {rows[song].where} already; keep one of the "
                            "two lines",
                        )
                    rows[song] = row
        artists, years = _metadata(release.metadata)
        audio = index_audio(release.audio)

        labels: dict[str, tuple[float, ...]] = {}
        for song, row in rows.items():
            with problems:
                if song not in audio:
                    raise LabelError(
                        row.where,
                        f"song {song} has no audio: {release.audio / song}.mp3 is missing; restore "
                        "it, or remove the line",
                    )
                labels[song] = (
                    row.mean("valence_mean", SCALE),
                    row.mean("arousal_mean", SCALE),
                    row.std("valence_std", SCALE),
                    row.std("arousal_std", SCALE),
                )
        with problems:
            refuse_swapped_spread(list(labels.values()), release.static[0].parent)

        year = {song: years.get(song) or _year(rows[song]) for song in labels}
        swapped: set[str] = set()
        with problems:
            swapped = self._swapped_years(release, labels, year, problems)
        return [
            Clip(
                song,
                group_name(artists.get(song, ""), song),
                _crossed(label) if year[song] in swapped else label,
                audio[song],
                provenance="valence and arousal swapped back" if year[song] in swapped else "",
            )
            for song, label in labels.items()
        ]

    def inspect(self, root: Path, clips: Sequence[Clip], problems: Problems) -> None:
        """Count the songs whose artist is not known."""
        nameless = sum(clip.group == clip.id for clip in clips)
        if nameless:
            problems.note(
                root,
                f"{nameless} songs have no artist in metadata_2013.csv to metadata_2015.csv: each "
                "is its own group",
            )

    def _swapped_years(
        self,
        release: _Release,
        labels: Mapping[str, Sequence[float]],
        year: Mapping[str, str],
        problems: Problems,
    ) -> set[str]:
        """Return the years whose songs are to be swapped back."""
        if self.swap_back != "auto":
            return {SUSPECT} if self.swap_back == "always" else set()
        dynamic = release.dynamic_means()
        by_year: defaultdict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
        for song, (valence, arousal, *_) in labels.items():
            by_year[year[song]][song] = (valence, arousal)
        swapped = set()
        for name, static in sorted(by_year.items()):
            found = agreement(static, dynamic)
            if found.swapped:
                swapped.add(name)
            elif name == SUSPECT and not found.straight:
                raise LabelError(release.static[0], _undecided(found, release))
            verdict = "swapped, and swapped back" if found.swapped else "left as they are"
            problems.note(
                f"songs of {name}",
                f"valence less arousal, static against dynamic annotations: {found}: {verdict}",
            )
        return swapped


@dataclass(frozen=True)
class _Release:
    """Where the release's parts lie below the root."""

    static: list[Path] = field(default_factory=list)
    metadata: list[Path] = field(default_factory=list)
    dynamic: dict[str, Path] = field(default_factory=dict)
    audio: Path = Path()

    @classmethod
    def found(cls, root: Path) -> _Release:
        static: dict[str, Path] = {}
        metadata: list[Path] = []
        dynamic: dict[str, Path] = {}
        audio = root / "MEMD_audio"
        for folder, folders, files in os.walk(root):
            folders.sort()
            here = Path(folder)
            if here.name == "MEMD_audio":
                audio = here
            for name in sorted(files):
                path = here / name
                if name.startswith("static_annotations_averaged_songs_") and path.suffix == ".csv":
                    if name in static:
                        raise LabelError(path, f"{static[name]} has the same name; keep one")
                    static[name] = path
                elif name in ("valence.csv", "arousal.csv") and here.name.startswith("dynamic"):
                    dynamic[path.stem] = path
                elif name.startswith("metadata_20") and path.suffix == ".csv":
                    metadata.append(path)
        if not static:
            raise LabelError(
                root,
                "static_annotations_averaged_songs_1_2000.csv is nowhere below this folder; set "
                "the root of deam to where DEAM_Annotations.zip and DEAM_audio.zip are unpacked",
            )
        return cls(sorted(static.values()), metadata, dynamic, audio)

    def dynamic_means(self) -> dict[str, tuple[float, float]]:
        """Return each song's (valence, arousal), averaged over time; empty without the files."""
        if len(self.dynamic) < 2:
            return {}
        valence, arousal = song_means(self.dynamic["valence"]), song_means(self.dynamic["arousal"])
        return {song: (valence[song], arousal[song]) for song in valence.keys() & arousal.keys()}


def _metadata(paths: Sequence[Path]) -> tuple[dict[str, str], dict[str, str]]:
    """Return artist and year by song; the three files name and order their columns differently."""
    artists, years = {}, {}
    for path in paths:
        table = LabelTable.read(path, delimiter=",", ragged=True)
        lower = {name.casefold(): name for name in table.columns}
        key = next((lower[name] for name in ("song_id", "id") if name in lower), None)
        if key is None or "artist" not in lower:
            raise LabelError(
                f"{path}:1", "there are no columns for the song's id and artist; restore the file"
            )
        for row in table:
            if not row.cells[key]:
                continue
            song = row.id(key)
            artists[song] = row.optional(lower["artist"])
            years[song] = path.stem.removeprefix("metadata_")
    return artists, years


def _year(row: Row) -> str:
    """Return the year of a song by its id, as the release numbers them."""
    number = row.number("song_id")
    return "2013" if number <= 1000 else "2014" if number <= 2000 else "2015"


def _crossed(label: Sequence[float]) -> tuple[float, ...]:
    valence_mean, arousal_mean, valence_std, arousal_std = label
    return arousal_mean, valence_mean, arousal_std, valence_std


def _undecided(found: Agreement, release: _Release) -> str:
    if len(release.dynamic) < 2:
        reason = (
            "whether the songs of 2013 have valence and arousal swapped is told by the dynamic "
            "annotations, which are missing; unpack the whole of DEAM_Annotations.zip"
        )
    else:
        reason = (
            f"the dynamic annotations do not tell whether the songs of {SUSPECT} have valence and "
            f"arousal swapped ({found}); use more of the songs"
        )
    return f"{reason}, or set swap_back to always (the known release is swapped) or never"
