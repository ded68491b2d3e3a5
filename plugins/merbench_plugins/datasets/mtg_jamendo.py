"""MTG-Jamendo: tracks with tags of mood and theme by those who uploaded them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from merbench import Clip, Task
from merbench_plugins.datasets.label_table import LabelError, LabelTable, Row
from merbench_plugins.datasets.labelled import LabelledDataset
from merbench_plugins.datasets.problems import Problems
from merbench_plugins.datasets.quadrant_labels import QUADRANTS

if TYPE_CHECKING:
    from merbench.audio import Waveform

TABLE = "autotagging_moodtheme"
PREFIX = "mood/theme---"
COLUMNS = ("TRACK_ID", "ARTIST_ID", "PATH")
METADATA = (
    "https://zenodo.org/record/3826813/files/data.zip?download=1",
    "md5:039ce10f267f6e4e9f72837c76d72b2f",
)
CHECKSUMS = f"data/download/{TABLE}_audio-low_sha256_tars.txt"
CHECKSUMS_AT = (
    "https://raw.githubusercontent.com/MTG/mtg-jamendo-dataset/"
    f"d6252e4a3b378ba045b0159401b805b3a0cfe9de/{CHECKSUMS}"
)
"""The release's own list, at a commit, which pins what it says."""
AUDIO = f"https://cdn.freesound.org/mtg-jamendo/{TABLE}/audio-low"


def is_table(path: Path) -> bool:
    """Tell whether a file is one of the release's tables, which no reader of tables takes.

    A track's tags fill as many cells as there are, and the header has one for them.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            header = file.readline(1_000).split("\t")
    except OSError:
        return False
    return {*COLUMNS, "TAGS"} <= {name.strip() for name in header}


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
TAGS = tuple(sorted(QUADRANT_OF))
DRAWN_BY = 602
"""Seed of `drawn`."""


class MtgJamendo(LabelledDataset):
    """MTG-Jamendo's mood and theme subset: 18,486 tracks with one or more of 59 tags.

    **The quadrants are a proxy**: whoever uploaded a track tagged it, and each tag is put into a
    quadrant by hand as Chang (2024) did. A track's label is the share of its tags in each quadrant;
    `several` says what becomes of tracks with more than one tag. `provenance` says so in every row.
    With `labels: tags` the tags themselves are the classes, 59 of them; with `several: first` or
    `omit` a track has one, as in the paper.

    Read from the release's repository: `data/autotagging_moodtheme.tsv` (tags may be any number of
    cells) and `data/splits/split-{0..4}/autotagging_moodtheme-{train,validation,test}.tsv`, and the
    audio below the root, in a folder `audio` or `audio-low`, as `48/948.mp3` or `48/948.low.mp3`.
    Group: the artist. Of each track the middle is heard.
    """

    name = "mtg-jamendo"
    decodes_by = frozenset({"seconds"})
    homepage = "https://github.com/MTG/mtg-jamendo-dataset"
    licence = "metadata: CC BY-NC-SA 4.0; audio: Creative Commons, track by track"
    citation = (
        "D. Bogdanov, M. Won, P. Tovstogan, A. Porter and X. Serra, The MTG-Jamendo dataset for "
        "automatic music tagging, ICML workshop 2019"
    )

    labels: Literal["quadrants", "tags"] = Field(
        "quadrants",
        description="What a track is labelled with: the quadrants of its tags, or its tags, as "
        "classes.",
    )
    split: int = Field(
        0, ge=0, le=4, description="Which of the five published splits `published` takes."
    )
    several: Literal["shares", "first", "omit"] = Field(
        "shares",
        description="What becomes of a track with several tags: each counts for an equal share, "
        "or the first for all, or none: the track is left out.",
    )
    drawn: int | None = Field(
        None,
        ge=1,
        description="As published (237 in the paper): so many clips are drawn of each class before "
        "they are split: with replacement of a class that has no more, so that a clip is there "
        "several times, with `grouped: false` in the protocol on both sides; of larger classes "
        "each at most once. Asks for one class a track: `several: first` or "
        "`omit`. By default each track is there once.",
    )
    seconds: float | None = Field(
        30.0, gt=0, description="Length of the middle that is heard, in s; null for all of it."
    )

    @model_validator(mode="after")
    def _has_classes(self) -> MtgJamendo:
        if self.drawn is not None and self.several == "shares":
            raise ValueError("`drawn` asks for one class a track: set `several` to first or omit")
        return self

    @property
    def task(self) -> Task:  # type: ignore[override]
        """Quadrants, or classes where the labels are tags."""
        return Task.QUADRANT if self.labels == "quadrants" else Task.CLASSES

    @property
    def class_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """The tags in alphabetical order, where they are the labels."""
        return () if self.labels == "quadrants" else TAGS

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
        data = _metadata(root)
        if data is None:
            raise LabelError(
                root,
                f"there is no data/{TABLE}.tsv; set the root of mtg-jamendo to the release's "
                "repository, or have it fetched (`merbench data fetch mtg-jamendo`)",
            )
        parts = _parts(data / "splits" / f"split-{self.split}", problems)
        proxy = "quadrants by proxy, from tags by Chang (2024)"
        note = f"{proxy if self.labels == 'quadrants' else 'tags'}; several tags: {self.several}"
        columns = self.class_names or QUADRANTS
        clips = []
        for track, tags, row in _tracks(data / f"{TABLE}.tsv", problems):
            with problems:
                quadrants = [_quadrant(row, tag) for tag in tags]
                found = quadrants if self.labels == "quadrants" else tags
                if self.several == "omit" and len(tags) > 1:
                    continue
                if self.several == "first":
                    found = found[:1]
                clips.append(
                    Clip(
                        track,
                        row.text("ARTIST_ID"),
                        tuple(found.count(column) / len(found) for column in columns),
                        _audio(root, row),
                        split=parts.get(track, ""),
                        provenance=note,
                    )
                )
        return clips if self.drawn is None else _drawn(clips, self.drawn)

    def inspect(self, root: Path, clips: Sequence[Clip], problems: Problems) -> None:
        """Count the tracks that are in no part of the published split."""
        free = sum(not clip.split for clip in clips)
        if free:
            problems.note(root, f"{free} tracks are in no part of split {self.split}")

    def fetch(self, root: Path, progress: Callable[[str, float], None]) -> None:
        """Download the metadata, and the audio as `audio-low`: a hundred archives of a folder each.

        An archive whose tracks are all there is passed over, and each is removed once it is
        unpacked, so that a download that was broken off goes on where it was. All archives are held
        against the release's list of SHA-256 checksums.

        Raises
        ------
        MerbenchError
            A download fails, or a checksum is another.
        """
        from merbench.downloads import download
        from merbench_plugins.datasets.archives import unpacked_to

        if _metadata(root) is None:
            unpacked_to(download(*METADATA, root / "data.zip", progress), root)
        data = _metadata(root)
        if data is None:
            raise LabelError(root, f"data.zip does not hold {TABLE}.tsv; fetch it anew")
        listed = root / CHECKSUMS
        if not listed.is_file():
            listed.parent.mkdir(parents=True, exist_ok=True)
            download(CHECKSUMS_AT, None, listed, progress)
        tracks = _tracks(data / f"{TABLE}.tsv", Problems())
        wanted = {Path(row.text("PATH")) for _, _, row in tracks}
        for digest, name in _checksums(listed):
            folder = name.removesuffix(".tar").rpartition("-")[2]
            if all(_file(root, path) for path in wanted if path.parts[0] == folder):
                continue
            archive = root / name
            download(f"{AUDIO}/{name}", f"sha256:{digest}", archive, progress)
            unpacked_to(archive, root / "audio-low")
            archive.unlink()

    def miniature(self, root: Path) -> None:
        """Write twelve made tracks, three of a tag for each quadrant."""
        from merbench_plugins.datasets import _miniature

        tags = [min(tag for tag, q in QUADRANT_OF.items() if q == one) for one in QUADRANTS]
        lines = ["TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS"]
        for number in range(12):
            path = f"{number % 4:02d}/{1_000 + number}.mp3"
            _miniature.write_song(root / "audio" / path, number, quadrant=number % 4)
            cells = (
                f"track_{1_000 + number:07d}", f"artist_{number:06d}", "album_000001", path,
                f"{_miniature.SECONDS:.1f}", PREFIX + tags[number % 4],
            )  # fmt: skip
            lines.append("\t".join(cells))
        table = root / "data" / f"{TABLE}.tsv"
        table.parent.mkdir(parents=True, exist_ok=True)
        table.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _checksums(path: Path) -> list[tuple[str, str]]:
    """Return the SHA-256 and the name of each archive."""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        digest, _, name = line.partition(" ")
        if len(digest) != 64 or not name.endswith(".tar"):
            raise LabelError(
                f"{path}:{number}", "this is no checksum and archive; remove the file, to fetch it"
            )
        found.append((digest, name))
    return found


def _metadata(root: Path) -> Path | None:
    """Return the folder with the release's tables."""
    return next((p for p in (root / "data", root) if (p / f"{TABLE}.tsv").is_file()), None)


def _tracks(path: Path, problems: Problems) -> list[tuple[str, list[str], Row]]:
    """Return tracks with their tags: every cell of a line from the column TAGS on."""
    table = LabelTable.read(path, (*COLUMNS, "TAGS"), delimiter="\t", overflow="TAGS")
    tracks = []
    for track, row in table.keyed("TRACK_ID", problems).items():
        with problems:
            tags = [tag for tag in row.text("TAGS").split("\t") if tag]
            tracks.append((track, [tag.removeprefix(PREFIX) for tag in tags], row))
    return tracks


def _drawn(clips: Sequence[Clip], count: int) -> list[Clip]:
    """Draw `count` clips of each class; a clip that comes again is numbered.

    Only classes of at most `count` clips are drawn from with replacement.
    """
    import numpy as np

    rng = np.random.default_rng(DRAWN_BY)
    note = (
        f"{count} clips drawn of each class before they are split, with replacement where it has "
        "no more"
    )
    classes: dict[tuple[float, ...], list[Clip]] = {}
    for clip in clips:
        classes.setdefault(clip.label, []).append(clip)
    drawn = []
    for label in sorted(classes, reverse=True):
        times: Counter[str] = Counter()
        there = len(classes[label])
        for choice in np.sort(rng.choice(there, size=count, replace=there <= count)):
            clip = classes[label][choice]
            times[clip.id] += 1
            again = f" (drawn again, {times[clip.id]})" if times[clip.id] > 1 else ""
            provenance = f"{clip.provenance}; {note}"
            drawn.append(replace(clip, id=clip.id + again, provenance=provenance))
    return drawn


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
    if (found := _file(root, path)) is not None:
        return found
    raise LabelError(
        row.where,
        f"track {row.cells['TRACK_ID']} has no audio: there is no {path} in {root / 'audio'}, "
        "audio-low or the root itself; download it with `merbench data fetch mtg-jamendo`",
    )


def _file(root: Path, path: Path) -> Path | None:
    """Return a track's file, in full or low quality, where it is there."""
    for folder in (root / "audio", root / "audio-low", root):
        for name in (path, path.with_suffix(".low.mp3")):
            if (folder / name).is_file():
                return folder / name
    return None
