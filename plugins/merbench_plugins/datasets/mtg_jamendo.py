"""MTG-Jamendo: tracks with tags of mood and theme by those who uploaded them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from merbench import Clip, Task
from merbench_plugins.datasets.label_table import LabelError, LabelTable, Problems, Row
from merbench_plugins.datasets.labelled import LabelledDataset
from merbench_plugins.datasets.quadrant_labels import QUADRANTS

if TYPE_CHECKING:
    from merbench.components import Waveform

TABLE = "autotagging_moodtheme"
PREFIX = "mood/theme---"
COLUMNS = ("TRACK_ID", "ARTIST_ID", "PATH")
METADATA = (
    "https://zenodo.org/record/3826813/files/data.zip?download=1",
    "md5:039ce10f267f6e4e9f72837c76d72b2f",
)

CHANG_2024 = {
    "Q1": (
        "adventure children christmas energetic epic fun funny game groovy happy holiday inspiring "
        "motivational party positive sexy summer travel upbeat uplifting"
    ),
    "Q2": (
        "action advertising commercial corporate documentary drama dramatic emotional fast film "
        "heavy horror movie powerful sport trailer"
    ),
    "Q3": "background dark deep melancholic sad slow soundscape space",
    "Q4": (
        "ambiental ballad calm cool dream hopeful love meditative mellow melodic nature relaxing "
        "retro romantic soft"
    ),
}
"""The quadrant of each of the 59 tags, by hand (Chang 2024, from the numbers of the tags in
alphabetical order)."""

QUADRANT_OF = {tag: quadrant for quadrant, tags in CHANG_2024.items() for tag in tags.split()}


class MtgJamendo(LabelledDataset):
    """MTG-Jamendo's mood and theme subset: 18,486 tracks with one or more of 59 tags.

    **The quadrants are a proxy**: whoever uploaded a track tagged it, and each tag is put into a
    quadrant by hand as Chang (2024) did. A track's label is the share of its tags in each quadrant;
    `several` says what becomes of tracks with more than one tag. `provenance` says so in every row.

    Read from the release's repository: `data/autotagging_moodtheme.tsv` (tags may be any number of
    cells) and `data/splits/split-{0..4}/autotagging_moodtheme-{train,validation,test}.tsv`, and the
    audio below the root, in a folder `audio` or `audio-low`, as `48/948.mp3` or `48/948.low.mp3`.
    Group: the artist. Of each track the middle is heard.
    """

    name = "mtg-jamendo"
    task = Task.QUADRANT
    homepage = "https://github.com/MTG/mtg-jamendo-dataset"
    licence = "metadata: CC BY-NC-SA 4.0; audio: Creative Commons, track by track"
    citation = (
        "D. Bogdanov, M. Won, P. Tovstogan, A. Porter and X. Serra, The MTG-Jamendo dataset for "
        "automatic music tagging, ICML workshop 2019"
    )

    split: int = Field(
        0, ge=0, le=4, description="Which of the five published splits `published` takes."
    )
    several: Literal["shares", "first", "omit"] = Field(
        "shares",
        description="What becomes of a track with several tags: the share of its tags in each "
        "quadrant, the quadrant of its first tag, or nothing: it is left out.",
    )
    seconds: float | None = Field(
        30.0, gt=0, description="Length of the middle that is heard, in s; null for all of it."
    )

    def decode(self, clip: Clip) -> tuple[Waveform, int]:
        """Return the middle of a track."""
        waveform, rate = super().decode(clip)
        if self.seconds is not None:
            length = round(self.seconds * rate)
            start = max(0, (waveform.shape[1] - length) // 2)
            waveform = waveform[:, start : start + length]
        return waveform, rate

    def read(self, root: Path, problems: Problems) -> list[Clip]:
        """Return the tracks in the order of the release's table."""
        data = next((p for p in (root / "data", root) if (p / f"{TABLE}.tsv").is_file()), None)
        if data is None:
            raise LabelError(
                root,
                f"there is no data/{TABLE}.tsv; set the root of mtg-jamendo to the release's "
                "repository, or have its metadata fetched",
            )
        parts = _parts(data / "splits" / f"split-{self.split}", problems)
        note = f"quadrants by proxy, from tags by Chang (2024); several tags: {self.several}"
        clips = []
        for track, tags, row in _tracks(data / f"{TABLE}.tsv", problems):
            with problems:
                quadrants = [_quadrant(row, tag) for tag in tags]
                if self.several == "omit" and len(tags) > 1:
                    continue
                if self.several == "first":
                    quadrants = quadrants[:1]
                clips.append(
                    Clip(
                        track,
                        row.text("ARTIST_ID"),
                        tuple(quadrants.count(q) / len(quadrants) for q in QUADRANTS),
                        _audio(root, row),
                        split=parts.get(track, ""),
                        provenance=note,
                    )
                )
        return clips

    def inspect(self, root: Path, clips: Sequence[Clip], problems: Problems) -> None:
        """Count the tracks that are in no part of the published split."""
        free = sum(not clip.split for clip in clips)
        if free:
            problems.note(root, f"{free} tracks are in no part of split {self.split}")

    def fetch(self, root: Path, progress: Callable[[str, float], None]) -> None:
        """Download the metadata; the audio, of hundreds of gigabytes, by the release's own script.

        Raises
        ------
        MerbenchError
            The download fails, or its checksum is another.
        """
        from merbench_plugins.datasets.archives import downloaded, unpacked_to

        archive = downloaded(*METADATA, root / "data.zip", progress)
        unpacked_to(archive, root)


def _tracks(path: Path, problems: Problems) -> list[tuple[str, list[str], Row]]:
    """Return tracks with their tags: every cell of a line from the column TAGS on."""
    table = LabelTable.read(path, (*COLUMNS, "TAGS"), delimiter="\t", overflow="TAGS")
    tracks = []
    for track, row in table.keyed("TRACK_ID", problems).items():
        with problems:
            tags = [tag for tag in row.text("TAGS").split("\t") if tag]
            tracks.append((track, [tag.removeprefix(PREFIX) for tag in tags], row))
    return tracks


def _quadrant(row: Row, tag: str) -> str:
    if tag not in QUADRANT_OF:
        raise LabelError(
            row.where, f"there is no quadrant for the tag '{tag}', which is none of the release's"
        )
    return QUADRANT_OF[tag]


def _parts(folder: Path, problems: Problems) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in ("train", "validation", "test"):
        path = folder / f"{TABLE}-{part}.tsv"
        if not path.is_file():
            continue
        for track, _, row in _tracks(path, problems):
            if parts.setdefault(track, part) != part:
                with problems:
                    raise LabelError(row.where, f"track {track} is in {parts[track]} already")
    return parts


def _audio(root: Path, row: Row) -> Path:
    path = Path(row.text("PATH"))
    for folder in (root / "audio", root / "audio-low", root):
        for name in (path, path.with_suffix(".low.mp3")):
            if (folder / name).is_file():
                return folder / name
    raise LabelError(
        row.where,
        f"track {row.cells['TRACK_ID']} has no audio: there is no {path} in {root / 'audio'}, "
        "audio-low or the root itself; download it with the release's scripts/download",
    )
