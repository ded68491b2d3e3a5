"""Any folder of audio with a CSV of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from merbench import CANONICAL_STEMS, Clip, Guess, Task
from merbench_plugins.datasets import mtg_jamendo
from merbench_plugins.datasets.audio_files import AudioFiles, Folders, index_audio
from merbench_plugins.datasets.column_guesses import guesses
from merbench_plugins.datasets.feature_table import feature_columns, feature_vector
from merbench_plugins.datasets.file_patterns import file_of_row, pattern_names
from merbench_plugins.datasets.label_table import LabelError, LabelTable, Row, group_name, shown
from merbench_plugins.datasets.plausible_labels import refuse_swapped_spread, refuse_unused_scale
from merbench_plugins.datasets.problems import Problems
from merbench_plugins.datasets.quadrant_labels import category_label, quadrant_label, shares_label
from merbench_plugins.datasets.user_described import UserDescribed

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "evaluation": "test",
}
"""Names of a published split's parts, as datasets write them."""


class Table(UserDescribed):
    """Any folder of audio with a CSV of labels, whose columns are named here.

    A clip is a line of the CSV; what stands in other columns does not matter. For example, a
    folder with `ratings.csv` (columns track, file, V, A, V_sd, A_sd, band) on a scale of 1 to 9:

        table: {name: mine, root: data/mine, csv: ratings.csv, id: track, audio: "{file}",
                group: band, valence_mean: V, arousal_mean: A, valence_std: V_sd,
                arousal_std: A_sd, scale: [1, 9]}

    `name` is what tables and pages call the dataset, which they credit with `authors`, `citation`,
    `licence` and `url`. A table of means alone takes `fixed_std`.

    The task is `quadrant` where `quadrant` names a column of quadrants, or `shares` four columns of
    votes; it is `classes` where `category` names a column of any other classes, or `votes` a column
    of votes for each. With `features` the clips bring feature vectors of their own, which the
    feature `published` takes; without `audio` beside it there is no audio at all:

        table: {root: data/theirs, csv: features.csv, id: null, quadrant: Class,
                classes: {happy: Q1, angry: Q2, sad: Q3, relax: Q4}, features: ["_*"]}
    """

    name = "table"

    csv: str = Field("labels.csv", description="The CSV file, relative to the root.")
    delimiter: Literal["auto", ",", ";", "\t", "|"] = Field(
        "auto", description="What stands between cells; auto: what the header has most of."
    )
    id: str | None = Field(
        "id",
        description="Column of the clips' ids, different in each line; null where there is none: "
        "the number of the line is the id.",
    )
    audio: str | None = Field(
        None,
        description="Audio file of a clip, relative to the root: a pattern with {id} or any other "
        'column in braces, such as "clips/{id}.mp3", or "**/{id}.mp3" where it lies in any folder '
        "below; or just the name of the column that holds the path. By default the file named as "
        "the id, in the root or its folder `audio`; with `features`, none.",
    )
    quadrant: str | None = Field(
        None, description="Column of the clip's quadrant: Q1 to Q4, 1 to 4, or one of `classes`."
    )
    classes: dict[str, Literal["Q1", "Q2", "Q3", "Q4"]] = Field(
        {}, description="Quadrant of each class that the column `quadrant` has by another name."
    )
    shares: tuple[str, str, str, str] | None = Field(
        None, description="Columns of the votes, or shares of votes, for Q1, Q2, Q3 and Q4."
    )
    category: str | None = Field(
        None, description="Column of the clip's class, one of `categories`."
    )
    categories: tuple[str, ...] = Field(
        (), description="Classes of the column `category`, in the order they are to have."
    )
    votes: tuple[str, ...] = Field(
        (), description="Columns of the votes, or shares of votes, for classes named as they are."
    )
    features: tuple[str, ...] = Field(
        (),
        description='Columns of published features: names, or patterns such as "mfcc_*". Columns '
        "that are named elsewhere here are no features.",
    )
    valence_mean: str = Field("valence_mean", description="Column of mean valence.")
    arousal_mean: str = Field("arousal_mean", description="Column of mean arousal.")
    valence_std: str = Field(
        "valence_std", description="Column of valence's standard deviation over raters."
    )
    arousal_std: str = Field(
        "arousal_std", description="Column of arousal's standard deviation over raters."
    )
    scale: tuple[float, float] = Field(
        (0.0, 1.0), description="Lowest and highest possible rating; both are moved to 0 and 1."
    )
    group: str | None = Field(
        None,
        description="Column of artist, song or series: what never stands on both sides of a "
        "split. By default each clip is its own group.",
    )
    split: str | None = Field(
        None, description="Column of the published split: train, validation or test, or empty."
    )
    stems: str | None = Field(
        None,
        description='Files of the true stems: a pattern such as "stems/{id}/{stem}.flac", where '
        "{stem} is bass, drums, other and vocals in turn.",
    )

    @field_validator("scale")
    @classmethod
    def _rises(cls, scale: tuple[float, float]) -> tuple[float, float]:
        if not scale[0] < scale[1]:
            raise ValueError("give the lowest rating first, then the highest, as in [1, 9]")
        return scale

    @field_validator("audio", "stems")
    @classmethod
    def _is_pattern(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                pattern_names(pattern)
            except ValueError as error:
                raise ValueError(f"'{pattern}' is no pattern: {error}") from None
        return pattern

    @field_validator("stems")
    @classmethod
    def _tells_stems_apart(cls, pattern: str | None) -> str | None:
        if pattern is not None and "stem" not in pattern_names(pattern):
            raise ValueError("the pattern needs {stem}, as in stems/{id}/{stem}.flac")
        return pattern

    @model_validator(mode="after")
    def _columns_differ(self) -> Table:
        named = [
            f"`{name}`"
            for name in ("quadrant", "shares", "category", "votes")
            if getattr(self, name) not in (None, ())
        ]
        if len(named) > 1:
            raise ValueError(f"a label is in {' or in '.join(named)}; name one of them")
        if (self.category is None) != (not self.categories):
            raise ValueError("`category` names a column and `categories` its classes; give both")
        if len(set(self.class_names)) < len(self.class_names) or len(self.class_names) == 1:
            raise ValueError("classes must be two or more, each once")
        if self.classes and self.quadrant is None:
            raise ValueError("`classes` translates the column `quadrant`, which is not named")
        labels, columns = self._label_columns, self.task.columns or self.class_names
        for index, column in enumerate(labels):
            if column in labels[:index]:
                first, second = columns[labels.index(column)], columns[index]
                raise ValueError(f"{first} and {second} are both column '{column}'")
        return self

    @model_validator(mode="after")
    def _spread_is_one(self) -> Table:
        if self.fixed_std is not None:
            if self.task is not Task.VA:
                raise ValueError("`fixed_std` is for labels of valence and arousal; remove it")
            named = {"valence_std", "arousal_std"} & self.model_fields_set
            if named:
                raise ValueError(
                    f"`fixed_std` stands for deviations that the table lacks, and `{min(named)}` "
                    "names a column of them; remove one"
                )
        return self

    @property
    def task(self) -> Task:  # type: ignore[override]
        """Quadrants or classes where these are named, else valence and arousal."""
        if self.class_names:
            return Task.CLASSES
        return Task.VA if self.quadrant is None and self.shares is None else Task.QUADRANT

    @property
    def class_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """Classes other than quadrants, where labels are such."""
        return self.categories or self.votes

    @property
    def has_audio(self) -> bool:  # type: ignore[override]
        """Whether there is more than published features."""
        return self.audio is not None or not self.features

    @property
    def has_true_stems(self) -> bool:  # type: ignore[override]
        """Whether `stems` says where true stems are."""
        return self.stems is not None

    @classmethod
    def guess(
        cls, labels: Path, root: Path | None, task: Task | None, given: Mapping[str, Any]
    ) -> list[Guess]:
        """Guess what the columns of a table are."""
        if mtg_jamendo.is_table(labels):
            raise LabelError(
                labels,
                "this is a table of MTG-Jamendo, which the dataset mtg-jamendo reads; write "
                "`mtg-jamendo: {root: FOLDER}` under `datasets` of a benchmark file, where FOLDER "
                "is the release's (`merbench plugins show mtg-jamendo`)",
            )
        return guesses(labels, root, task, given, SPLITS)

    def read(self, root: Path, problems: Problems) -> list[Clip]:
        """Return a clip for each line of the CSV, in its order."""
        folders = Folders(root)
        path = folders.find(self.csv) or root / self.csv
        table = LabelTable.read(
            path,
            delimiter=None if self.delimiter == "auto" else self.delimiter,
            hint="set `csv` to the file's name, relative to the dataset's root",
        )
        if self.task is Task.VA:
            self._look_for_spread(table)
        table.require(self._columns())
        by_id = self.audio is None and self.has_audio
        files = index_audio(root, root / "audio") if by_id else AudioFiles()
        features = feature_columns(table, self.features, self._columns())
        if self.id is None:
            rows = {str(row.line): row for row in table}
        else:
            rows = table.keyed(self.id, problems)
        clips = []
        for clip_id, row in rows.items():
            with problems:
                clips.append(
                    Clip(
                        clip_id,
                        group_name(row.optional(self.group), clip_id) if self.group else clip_id,
                        self._label(row),
                        self._audio(root, row, clip_id, files, folders) if self.has_audio else path,
                        stems=self._stems(folders, row, clip_id),
                        features=feature_vector(row, features),
                        split=self._split(row),
                        provenance=self.spread_note,
                    )
                )
        if by_id:
            _refuse_shared_files(rows, clips, problems)
        if self.task is Task.VA:
            labels = [clip.label for clip in clips]
            with problems:
                refuse_unused_scale(labels, self.scale, path)
                if self.fixed_std is None:
                    refuse_swapped_spread(labels, path)
        return clips

    def inspect(self, root: Path, clips: Sequence[Clip], problems: Problems) -> None:
        """Count audio that no line of the CSV names, and clips without a group of their own."""
        alone = sum(clip.group == clip.id for clip in clips) if self.group else 0
        if alone:
            problems.note(
                root,
                f"{alone} clips name nobody in the column {self.group!r} and stand each in a group "
                "of its own; if they are of an artist who is named elsewhere, fill it in",
            )
        if self.audio is None and self.has_audio:
            used = {clip.audio for clip in clips}
            unused = set(index_audio(root, root / "audio").values()) - used
            if unused:
                problems.note(root, f"{len(unused)} audio files have no label and are left out")

    @property
    def _label_columns(self) -> tuple[str, ...]:
        named = self.category if self.quadrant is None else self.quadrant
        if named is not None:
            return (named,)
        if self.votes:
            return self.votes
        if self.shares is not None:
            return self.shares
        means = (self.valence_mean, self.arousal_mean)
        return means if self.fixed_std is not None else (*means, *self._std_columns)

    @property
    def _std_columns(self) -> tuple[str, str]:
        return self.valence_std, self.arousal_std

    def _look_for_spread(self, table: LabelTable) -> None:
        """Raise where there are means and no deviations, or deviations that would be ignored."""
        missing = [column for column in self._std_columns if column not in table.columns]
        if self.fixed_std is not None and not missing:
            raise LabelError(
                table.header,
                f"columns '{self.valence_std}' and '{self.arousal_std}' hold standard deviations, "
                "which `fixed_std` would ignore; remove `fixed_std`, or the columns",
            )
        means_there = {self.valence_mean, self.arousal_mean} <= set(table.columns)
        if self.fixed_std is None and missing and means_there:
            named = " and ".join(f"no column '{column}'" for column in missing)
            raise LabelError(
                table.header,
                f"there is {named} of standard deviations over raters, which labels of "
                "valence and arousal have beside their means; name them with `valence_std` and "
                "`arousal_std` or, where the table has means only, set `fixed_std`, as in "
                f"`fixed_std: 0.1` (there are {shown(table.columns)})",
            )

    def _columns(self) -> list[str]:
        """Return the columns that must be there."""
        in_braces = {*pattern_names(self.audio or ""), *pattern_names(self.stems or "")}
        path = self.audio if self.audio and not pattern_names(self.audio) else None
        named = [self.id, *self._label_columns, self.group, self.split, path]
        named += sorted(in_braces - {"id", "stem"})
        return list(dict.fromkeys(name for name in named if name is not None))

    def _label(self, row: Row) -> tuple[float, ...]:
        if self.quadrant is not None:
            return quadrant_label(row, self.quadrant, self.classes)
        if self.category is not None:
            return category_label(row, self.category, self.categories)
        if self.shares is not None or self.votes:
            return shares_label(row, self.shares or self.votes)
        return (
            row.mean(self.valence_mean, self.scale),
            row.mean(self.arousal_mean, self.scale),
            *(
                (self.fixed_std, self.fixed_std)
                if self.fixed_std is not None
                else (row.std(column, self.scale) for column in self._std_columns)
            ),
        )

    def _audio(
        self, root: Path, row: Row, clip_id: str, files: AudioFiles, folders: Folders
    ) -> Path:
        if self.audio is None:
            found = files.of_clip(clip_id)
            if found is None:
                raise LabelError(
                    row.where,
                    f"clip {clip_id} has no audio: no file {clip_id} with the suffix of an audio "
                    f"format in {root} or its folder audio; restore it, set `audio`, or remove the "
                    "line",
                )
            return found
        pattern = self.audio if pattern_names(self.audio) else "{" + self.audio + "}"
        return file_of_row(folders, pattern, row, clip_id)

    def _stems(self, folders: Folders, row: Row, clip_id: str) -> dict[str, Path]:
        if self.stems is None:
            return {}
        return {
            stem: file_of_row(folders, self.stems, row, clip_id, stem=stem)
            for stem in CANONICAL_STEMS
        }

    def _split(self, row: Row) -> str:
        part = row.cells[self.split].casefold() if self.split else ""
        if part and part not in SPLITS:
            raise LabelError(
                row.where,
                f"column '{self.split}' is '{part}'; it takes train, validation or test, or is "
                "empty",
            )
        return SPLITS[part] if part else ""


def _refuse_shared_files(
    rows: Mapping[str, Row], clips: Sequence[Clip], problems: Problems
) -> None:
    """Raise where ids that differ, as 1 and 001 do, mean one file."""
    first: dict[Path, str] = {}
    for clip in clips:
        other = first.setdefault(clip.audio, clip.id)
        if other != clip.id:
            with problems:
                raise LabelError(
                    rows[clip.id].where,
                    f"clips {other} and {clip.id} both mean {clip.audio}; write ids as the files "
                    "are named, or set `audio`",
                )
