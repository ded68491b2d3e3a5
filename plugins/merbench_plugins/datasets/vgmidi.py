"""VGMIDI: piano arrangements of video game music, rated by some thirty listeners a piece."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field

from merbench import Clip, Task
from merbench_plugins.datasets.audio_files import Folders
from merbench_plugins.datasets.label_table import LabelError, LabelTable, Row, group_name
from merbench_plugins.datasets.plausible_labels import refuse_swapped_spread
from merbench_plugins.datasets.problems import Problems
from merbench_plugins.datasets.rendered import RenderedDataset

DIMENSIONS = ("valence", "arousal")
LABEL = Task.VA.columns
RAW = (-1.0, 1.0)
"""The scale raters moved on."""
TOLERANCE = 1e-5
"""By how much a prepared label, of six decimals, may differ from what the raters' means give."""

Ratings = tuple[tuple[float, float], ...]


class VGMidi(RenderedDataset):
    """VGMIDI: piano pieces from video games, with valence and arousal by 25 to 32 raters each.

    Raters moved valence and arousal, on [-1, 1], measure by measure. A rater's rating of a piece
    is the mean over its measures, moved to [0, 1]; a label is the mean and population standard
    deviation of the raters' ratings, which clips keep, so that a human ceiling can be computed.
    Raters who never moved either slider, whose series has another length than most raters', or
    whose series repeats an earlier rater's of the piece, do not count.

    Two layouts are read. The original release: `vgmidi_labelled.csv`,
    `labelled/annotations/vgmidi_raw_{1,2}.json` with every rater's series, and the pieces in
    `labelled/midi`, or else their beginnings in `labelled/phrases`; its -1 and 1 in the CSV are not
    used. Group: the series, or the game among the series "Other". And a prepared table:
    `annotations.csv`, `rater_means.csv` and the MIDI files that the former names. Group: the
    title up to " - ", which is the game.

    The beginning of each piece is rendered with a soundfont, while the label covers all of it.
    """

    name = "vgmidi"
    task = Task.VA
    homepage = "https://github.com/lucasnfe/vgmidi"
    licence = "none stated"
    paper = "https://arxiv.org/abs/2103.06125"
    citation = (
        "L. N. Ferreira and J. Whitehead, Learning to generate music with sentiment, ISMIR 2019"
    )

    layout: Literal["auto", "release", "prepared"] = Field(
        "auto",
        description="Layout of the root: the original release, a prepared table, or whichever of "
        "the two is found.",
    )

    def read(self, root: Path, problems: Problems) -> list[Clip]:
        """Return the pieces in the order of the table that lists them."""
        release, prepared = root / "vgmidi_labelled.csv", root / "annotations.csv"
        if self.layout == "release" or (self.layout == "auto" and release.is_file()):
            table, clips = release, _read_release(root, release, problems)
        elif self.layout == "prepared" or prepared.is_file():
            table, clips = prepared, _read_prepared(root, prepared, problems)
        else:
            raise LabelError(
                root,
                f"there is neither {release.name} (the original release) nor {prepared.name} (the "
                "prepared table); set the root of vgmidi to the folder with one of them",
            )
        with problems:
            refuse_swapped_spread([clip.label for clip in clips], table)
        return clips

    def inspect(self, root: Path, clips: Sequence[Clip], problems: Problems) -> None:
        """Say where raters are unknown."""
        if not any(clip.ratings for clip in clips):
            problems.note(
                root / "rater_means.csv", "it is missing: no human ceiling can be computed"
            )


class _Rater(NamedTuple):
    """One rater of one piece: a value a measure, on [-1, 1]."""

    number: int
    valence: tuple[float, ...]
    arousal: tuple[float, ...]

    @property
    def rating(self) -> tuple[float, float]:
        """Mean over measures, on [0, 1]."""
        return _rescaled(_mean(self.valence)), _rescaled(_mean(self.arousal))


def _read_prepared(root: Path, path: Path, problems: Problems) -> list[Clip]:
    ids = ("song_id", "title", "midi")
    rows = LabelTable.read(path, (*ids, *LABEL)).keyed("song_id", problems)
    ratings = _prepared_ratings(root / "rater_means.csv", problems)
    folders = Folders(root)
    clips = []
    for song, row in rows.items():
        with problems:
            midi = folders.find(row.text("midi"))
            if midi is None:
                raise _missing(row, song, root / row.text("midi"))
            label = (
                *(row.mean(column) for column in LABEL[:2]),
                *(row.std(column) for column in LABEL[2:]),
            )
            if ratings:
                _refuse_other_raters(row, song, label, ratings.get(song, ()))
            group = group_name(row.text("title").split(" - ")[0], song)
            clips.append(Clip(song, group, label, midi, ratings=ratings.get(song, ())))
    return clips


def _prepared_ratings(path: Path, problems: Problems) -> dict[str, Ratings]:
    """Return each song's ratings, on [0, 1], of the raters who are not excluded."""
    if not path.is_file():
        return {}
    columns = [f"{dimension}_mean_raw" for dimension in DIMENSIONS]
    ratings: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in LabelTable.read(path, ("song_id", *columns, "excluded")):
        with problems:
            valence, arousal = (row.mean(column, RAW) for column in columns)
            if not row.cells["excluded"]:
                ratings[row.id("song_id")].append((valence, arousal))
    return {song: tuple(values) for song, values in ratings.items()}


def _refuse_other_raters(row: Row, song: str, label: Sequence[float], ratings: Ratings) -> None:
    """Raise unless a label is what the raters' ratings give: else the ceiling would be wrong."""
    if len(ratings) < 2:
        raise LabelError(
            row.where, f"song {song} has {len(ratings)} raters in rater_means.csv; restore the file"
        )
    for column, given, computed in zip(LABEL, label, _label(ratings), strict=True):
        if abs(given - computed) > TOLERANCE:
            raise LabelError(
                row.where,
                f"column '{column}' of song {song} is {given:.6f}, but its raters in "
                f"rater_means.csv give {computed:.6f}; restore both files from one source",
            )


def _read_release(root: Path, path: Path, problems: Problems) -> list[Clip]:
    table = LabelTable.read(
        path,
        ("id", "series", "game", "midi"),
        hint="set the root of vgmidi to the folder of the original release",
    )
    raters = _raters(root / "labelled/annotations", problems)
    phrases: defaultdict[str, list[Row]] = defaultdict(list)
    for row in table:
        with problems:
            phrases[row.id("id")].append(row)
    clips = []
    for song, rows in phrases.items():
        with problems:
            row = min(rows, key=_phrase_number)
            piece = _piece_name(row)
            kept = _reliable(raters.get(piece, []))
            if len(kept) < 2:
                raise LabelError(
                    row.where,
                    f"piece {song} ({piece}) has {len(kept)} raters in labelled/annotations; "
                    "restore the JSON files there",
                )
            ratings = tuple(rater.rating for rater in kept)
            series, game = row.text("series"), row.text("game")
            clips.append(
                Clip(
                    song,
                    group_name(game if series == "Other" else series, song),
                    _label(ratings),
                    _release_audio(root, song, row, piece),
                    ratings=ratings,
                    provenance="label computed from the raters' series",
                )
            )
    return clips


def _phrase_number(row: Row) -> int:
    number = Path(row.text("midi")).stem.rpartition("_")[2]
    return int(number) if number.isdigit() else 0


def _piece_name(row: Row) -> str:
    """Return the name of the piece a phrase was cut from: `piece_3.mid` is the fourth phrase."""
    stem = Path(row.text("midi")).stem
    piece, _, number = stem.rpartition("_")
    return piece if piece and number.isdigit() else stem


def _release_audio(root: Path, song: str, row: Row, piece: str) -> Path:
    whole = root / "labelled/midi" / f"{piece}.mid"
    phrase = root / "labelled/phrases" / Path(row.text("midi")).name
    for path in (whole, phrase):
        if path.is_file():
            return path
    if (root / "labelled/phrases.zip").is_file():
        raise LabelError(
            root / "labelled/phrases.zip", "unpack this archive where it lies: it holds the music"
        )
    raise _missing(row, song, phrase)


def _missing(row: Row, song: str, midi: Path) -> LabelError:
    return LabelError(
        row.where,
        f"clip {song} has no MIDI file: {midi} is missing; restore it, or remove the line",
    )


def _raters(folder: Path, problems: Problems) -> dict[str, list[_Rater]]:
    """Return the raters of each piece, by number, from the release's JSON files."""
    raters: defaultdict[str, list[_Rater]] = defaultdict(list)
    paths = sorted(folder.glob("vgmidi_raw_*.json"))
    if not paths:
        raise LabelError(
            folder, "there is no vgmidi_raw_1.json; the labels are computed from these files"
        )
    for path in paths:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            annotations, pieces = content["annotations"], content["pieces"]
            names = {key: Path(piece["midi"]).stem for key, piece in pieces.items()}
        except json.JSONDecodeError as error:
            raise LabelError(
                f"{path}:{error.lineno}", f"this is no JSON ({error.msg}); restore the file"
            ) from error
        except (KeyError, TypeError, AttributeError) as error:
            raise LabelError(
                path, f"its annotations or pieces are missing ({error!r}); restore the file"
            ) from error
        for key, annotation in annotations.items():
            piece, _, number = key.partition("_")
            # Both files hold annotations of pieces that were then withdrawn from the dataset.
            if piece not in names:
                continue
            with problems:
                try:
                    rater = _Rater(int(number), *(_series(annotation[d]) for d in DIMENSIONS))
                except (KeyError, TypeError, ValueError) as error:
                    raise LabelError(
                        path, f"annotation '{key}' is malformed ({error!r}); restore the file"
                    ) from error
                raters[names[piece]].append(rater)
    return {piece: sorted(everyone) for piece, everyone in raters.items()}


def _series(values: Sequence[float]) -> tuple[float, ...]:
    series = tuple(float(value) for value in values)
    low, high = RAW
    if not series or not low <= _mean(series) <= high:
        raise ValueError("there must be a number a measure, their mean on [-1, 1]")
    return series


def _reliable(raters: Sequence[_Rater]) -> list[_Rater]:
    """Return the raters who count: see the class."""
    if not raters:
        return []
    lengths = Counter(len(rater.valence) for rater in raters)
    usual = lengths.most_common(1)[0][0]
    kept, seen = [], set()
    for rater in raters:
        series = rater.valence, rater.arousal
        moved = any(len(set(values)) > 1 for values in series)
        complete = all(len(values) == usual for values in series)
        if moved and complete and series not in seen:
            kept.append(rater)
        seen.add(series)
    return kept


def _label(ratings: Ratings) -> tuple[float, ...]:
    dimensions = tuple(zip(*ratings, strict=True))
    means = [_mean(values) for values in dimensions]
    stds = [
        math.sqrt(_mean([(value - mean) ** 2 for value in values]))
        for values, mean in zip(dimensions, means, strict=True)
    ]
    return (*means, *stds)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _rescaled(value: float) -> float:
    low, high = RAW
    return (value - low) / (high - low)
