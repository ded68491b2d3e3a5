"""EMOPIA: clips of pop piano, transcribed to MIDI and put into quadrants by people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from merbench import Clip, Task
from merbench.tasks.quadrants import one_hot
from merbench_plugins.datasets.archives import unpacked
from merbench_plugins.datasets.audio_files import file_name
from merbench_plugins.datasets.label_table import LabelError, LabelTable
from merbench_plugins.datasets.problems import Problems
from merbench_plugins.datasets.quadrant_labels import QUADRANTS, named_quadrant
from merbench_plugins.datasets.rendered import RenderedDataset

PARTS = {"train": "train", "val": "validation", "test": "test"}


class Emopia(RenderedDataset):
    """EMOPIA: 1,078 clips of 387 pop piano performances, each put into a quadrant by people.

    Read from the release, `midis/Q1_{song}_{clip}.mid` (or `midis.zip`, which is unpacked into the
    cache), whose names tell quadrant and song; `label.csv` (ID, 4Q) is held against them where it
    is there. The published split is read from `train.csv`, `val.csv` and `test.csv` (fname, label)
    of the classification benchmark by the same authors, in the root or its folder `split`: no song
    stands in two of them, and 27 clips in none. Group: the song.

    Clips are rendered with a soundfont: what is heard is the notes, not the recording.
    """

    name = "emopia"
    task = Task.QUADRANT
    homepage = "https://zenodo.org/records/5090631"
    licence = "CC BY-NC-SA 4.0"
    paper = "https://arxiv.org/abs/2108.01374"
    citation = (
        "H.-T. Hung, J. Ching, S. Doh, N. Kim, J. Nam and Y.-H. Yang, EMOPIA: a multi-modal pop "
        "piano dataset for emotion recognition and emotion-based music generation, ISMIR 2021"
    )

    def read(self, root: Path, problems: Problems) -> list[Clip]:
        """Return the clips in the order of their names."""
        files = {file_name(path): path for path in _midis(root)}
        parts = _parts(root, files, problems)
        labels = _labels(root / "label.csv", problems)
        clips = []
        for name, path in sorted(files.items()):
            with problems:
                quadrant, song = _name(path)
                if labels.get(name, quadrant) != quadrant:
                    raise LabelError(
                        root / "label.csv",
                        f"clip {name} is labelled {labels[name]}, which its name contradicts; "
                        "restore the file",
                    )
                clips.append(Clip(name, song, one_hot(quadrant), path, split=parts.get(name, "")))
        return clips

    def inspect(self, root: Path, clips: Sequence[Clip], problems: Problems) -> None:
        """Count the clips that are in no published list."""
        free = sum(not clip.split for clip in clips)
        if free == len(clips):
            problems.note(root, "there is no train.csv, val.csv and test.csv: no published split")
        elif free:
            problems.note(root, f"{free} clips are in none of train.csv, val.csv and test.csv")


def _midis(root: Path) -> list[Path]:
    folder, archive = root / "midis", root / "midis.zip"
    if not folder.is_dir() and archive.is_file():
        folder = unpacked(archive) / "midis"
    found = sorted(p for p in folder.glob("*.mid") if not p.name.startswith("."))
    if not found:
        raise LabelError(
            root,
            "there is neither a folder midis with Q…_….mid nor midis.zip; set the root of emopia "
            "to the folder of the release",
        )
    return found


def _name(path: Path) -> tuple[str, str]:
    """Return quadrant and song from `Q1_{song}_{clip}`; a song's own name may hold all signs."""
    quadrant, _, rest = file_name(path).partition("_")
    song, _, clip = rest.rpartition("_")
    if quadrant not in QUADRANTS or not song or not clip.isdigit():
        raise LabelError(path, "its name is not Q1_SONG_NUMBER.mid or the like; remove it")
    return quadrant, song


def _labels(path: Path, problems: Problems) -> dict[str, str]:
    if not path.is_file():
        return {}
    table = LabelTable.read(path)
    if not {"ID", "4Q"} <= set(table.columns):
        problems.note(path, "it has no columns ID and 4Q, and is not held against the names")
        return {}
    labels = {}
    for name, row in table.keyed("ID", problems).items():
        with problems:
            labels[name] = named_quadrant(row, "4Q")
    return labels


def _parts(root: Path, files: dict[str, Path], problems: Problems) -> dict[str, str]:
    parts: dict[str, str] = {}
    for stem, part in PARTS.items():
        path = next(
            (p for p in (root / f"{stem}.csv", root / "split" / f"{stem}.csv") if p.is_file()), None
        )
        if path is None:
            continue
        for name, row in LabelTable.read(path, ("fname", "label")).keyed("fname", problems).items():
            with problems:
                if name in parts:
                    raise LabelError(row.where, f"clip {name} is in {parts[name]} already")
                if name not in files:
                    raise LabelError(
                        row.where, f"clip {name} has no MIDI file {name}.mid; restore it"
                    )
                quadrant, _ = _name(files[name])
                if named_quadrant(row, "label") != quadrant:
                    raise LabelError(
                        row.where,
                        f"clip {name} is labelled {row.cells['label']}, which its name "
                        "contradicts; restore the file",
                    )
                parts[name] = part
    return parts
