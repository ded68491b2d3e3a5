"""PMEmo: choruses of pop songs, rated by listeners."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from merbench import Clip, Task
from merbench_plugins.datasets.audio_files import index_audio
from merbench_plugins.datasets.label_table import LabelError, LabelTable, Row, group_name
from merbench_plugins.datasets.labelled import LabelledDataset
from merbench_plugins.datasets.plausible_labels import refuse_swapped_spread
from merbench_plugins.datasets.problems import Problems

HINT = "set the root of pmemo to the folder PMEmo2019, with annotations, chorus and metadata.csv"
ID = "musicId"
MEANS = ("Valence(mean)", "Arousal(mean)")
STDS = ("Valence(std)", "Arousal(std)")


class PMEmo(LabelledDataset):
    """PMEmo2019: choruses of 794 pop songs, 767 of them with valence and arousal.

    Read from the release as it is unpacked: `annotations/static_annotations.csv` and
    `static_annotations_std.csv` (mean and standard deviation over listeners, on [0, 1]),
    `chorus/{id}.mp3`, `metadata.csv`. Clips come in the order of the static annotations; those
    without annotations are left out. Group: the artist, or the clip where the artist is unknown.

    `check` also compares the static annotations with the dynamic ones, which tell whether
    valence and arousal stand swapped.
    """

    name = "pmemo"
    task = Task.VA
    homepage = "http://pmemo.hellohui.cn/"
    licence = "none stated for the data; the music remains its owners'"
    paper = "https://doi.org/10.1145/3206025.3206037"
    citation = (
        "K. Zhang, H. Zhang, S. Li, C. Yang and L. Sun, The PMEmo dataset for music emotion "
        "recognition, ICMR 2018"
    )

    def read(self, root: Path, problems: Problems) -> list[Clip]:
        """Return the labelled clips in the order of the static annotations."""
        folder = root / "annotations"
        means = _by_id(folder / "static_annotations.csv", MEANS, problems)
        stds = _by_id(folder / "static_annotations_std.csv", STDS, problems)
        artists = _by_id(root / "metadata.csv", ("artist",), problems)
        audio = index_audio(root / "chorus")

        clips = []
        for clip_id, mean in means.items():
            with problems:
                std = _partner(stds, clip_id, mean, "static_annotations_std.csv")
                if clip_id not in audio:
                    raise LabelError(
                        mean.where,
                        f"clip {clip_id} has no audio: {root / 'chorus' / clip_id}.mp3 is missing; "
                        "restore it, or remove the clip from both static annotations",
                    )
                artist = artists[clip_id].optional("artist") if clip_id in artists else ""
                label = (
                    *(mean.mean(column) for column in MEANS),
                    *(std.std(column) for column in STDS),
                )
                clips.append(Clip(clip_id, group_name(artist, clip_id), label, audio[clip_id]))
        for clip_id, std in stds.items():
            with problems:
                _partner(means, clip_id, std, "static_annotations.csv")
        with problems:
            refuse_swapped_spread([clip.label for clip in clips], folder)
        return clips

    def inspect(self, root: Path, clips: Sequence[Clip], problems: Problems) -> None:
        """Count what is left out, and compare static with dynamic annotations."""
        unlabelled = index_audio(root / "chorus").keys() - {clip.id for clip in clips}
        if unlabelled:
            problems.note(
                root / "chorus", f"{len(unlabelled)} clips have no usable annotation: left out"
            )
        nameless = sum(clip.group == clip.id for clip in clips)
        if nameless:
            problems.note(
                root / "metadata.csv", f"{nameless} clips have no artist: each is its own group"
            )

        from merbench_plugins.datasets.swap import agreement

        path = root / "annotations/dynamic_annotations.csv"
        if not path.is_file():
            problems.note(path, "it is missing: no telling whether valence and arousal are swapped")
            return
        static = {clip.id: (clip.label[0], clip.label[1]) for clip in clips}
        found = agreement(static, _dynamic_means(path))
        if found.swapped:
            problems.warn(
                root / "annotations",
                "valence and arousal of the static annotations look swapped: their difference and "
                f"that of the dynamic ones correlate with {found}; look at both files",
            )

    def miniature(self, root: Path) -> None:
        """Write eight made choruses with made labels."""
        from merbench_plugins.datasets import _miniature

        labels = [(0.8, 0.8), (0.2, 0.8), (0.2, 0.2), (0.8, 0.2)]
        means, stds, songs = [], [], []
        for number in range(1, 9):
            valence, arousal = labels[(number - 1) % 4]
            _miniature.write_song(root / f"chorus/{number}.mp3", number, quadrant=(number - 1) % 4)
            means.append((number, round(arousal - number / 100, 2), valence))
            stds.append((number, 0.12, round(0.15 + number / 100, 2)))
            songs.append((number, f"{number}.mp3", f"Title {number}", f"Artist {number}"))
        folder = root / "annotations"
        for name, columns, rows in (
            ("static_annotations.csv", MEANS, means),
            ("static_annotations_std.csv", STDS, stds),
        ):
            _miniature.write_table(folder / name, (ID, *reversed(columns)), rows)
        _miniature.write_table(root / "metadata.csv", (ID, "fileName", "title", "artist"), songs)


def _by_id(path: Path, columns: Sequence[str], problems: Problems) -> dict[str, Row]:
    return LabelTable.read(path, (ID, *columns), hint=HINT).keyed(ID, problems)


def _partner(rows: dict[str, Row], clip_id: str, row: Row, file: str) -> Row:
    if clip_id not in rows:
        raise LabelError(
            row.where,
            f"clip {clip_id} has no line in {file}; restore it there, or remove it here",
        )
    return rows[clip_id]


def _dynamic_means(path: Path) -> dict[str, tuple[float, float]]:
    samples: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in LabelTable.read(path, (ID, *MEANS)):
        samples[row.id(ID)].append((row.number(MEANS[0]), row.number(MEANS[1])))
    return {
        clip_id: (
            sum(valence for valence, _ in values) / len(values),
            sum(arousal for _, arousal in values) / len(values),
        )
        for clip_id, values in samples.items()
    }
