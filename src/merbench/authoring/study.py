"""A folder to start in: a benchmark file with comments, a plugin to change, a README."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from merbench.authoring.known_layouts import KnownLayout, known_layout
from merbench.authoring.new_files import write_new
from merbench.authoring.plugin_files import TEMPLATES, plugin_source
from merbench.benchmark.building import component
from merbench.benchmark.shipped import STUDY_FILE, shipped
from merbench.components import Dataset, Guess
from merbench.delimited import read_delimited
from merbench.errors import MerbenchError
from merbench.naming import nearest
from merbench.plugins.registry import Entry, Registry
from merbench.tasks import Task

BENCHMARK, README = STUDY_FILE, "README.md"
WITH_AUDIO = "labels-with-audio.csv"
"""Copy of a table of labels, without the rows that have no audio."""
EXAMPLE = "my-model"
_OF_FILES = ("root", "task")
"""What a benchmark file says of a dataset that is no parameter of it."""
_MOST_STEPS_UP = 2
"""Folders that a relative path goes up at most; beyond that an absolute one is plainer."""


class Labels(NamedTuple):
    """The user's labels, and how they are read."""

    reader: Entry
    """The dataset that reads them."""
    root: Path
    """Folder of the clips' audio, or of the labels where there is none."""
    guesses: Sequence[Guess]
    given: Mapping[str, Any]
    """What the user said."""
    file: Path
    """The labels."""
    taken: frozenset[str]
    """Names that other datasets have."""
    layout: KnownLayout | None
    """A dataset that reads the folder as it was published, where there is one."""

    @property
    def part(self) -> Guess | None:
        """Which rows have audio, where others have none; None where all rows are read."""
        return next((guess for guess in self.guesses if guess.lines is not None), None)


def guessed(
    registry: Registry,
    labels: Path,
    audio: Path | None,
    task: Task | None,
    given: Mapping[str, Any],
) -> Labels:
    """Look at a file of labels, and guess how it is read.

    Parameters
    ----------
    registry
        Where the dataset is looked for that guesses.
    labels
        The file.
    audio
        Folder of the clips' audio; None where there is none, but features among the labels.
    task
        What labels are wanted; None for what the file has.
    given
        Parameters of the dataset that the user set.

    Raises
    ------
    MerbenchError
        The file cannot be read, nothing in it looks like labels, or what the user said is wrong.
    """
    if labels.suffix.casefold() == ".arff":
        raise MerbenchError(f"{labels}: ARFF files are not read; save the table as CSV")
    for path, there in ((labels, labels.is_file()), (audio, audio is None or audio.is_dir())):
        if not there:
            what = "file" if path == labels else "folder"
            raise MerbenchError(f"there is no {what} {path}; correct --labels or --data")
    reader = next(entry for entry in registry.of_kind("dataset") if _guesses(entry.cls))
    assert issubclass(reader.cls, Dataset)
    root = audio or labels.parent
    layout = known_layout(registry, labels, audio)
    try:
        found = reader.cls.guess(labels, audio, task, given)
    except MerbenchError as error:
        if layout is None:
            raise
        raise MerbenchError(f"{labels}: {layout}") from error
    where = Guess("csv", _relative(labels, root), True, "you said so")
    if found and found[0].parameter == "csv":
        where, found = found[0]._replace(value=where.value), found[1:]
    values = {**{guess.parameter: guess.value for guess in found}, **given}
    said = [f"{key}={json.dumps(value)}" for key, value in values.items() if key not in _OF_FILES]
    component(registry, "dataset", reader.name, said)
    taken = frozenset(entry.name for entry in registry.of_kind("dataset"))
    if given.get("name") in taken - {reader.name}:
        raise MerbenchError(
            f"--set name={given['name']} is another dataset's name; give your data one of their own"
        )
    return Labels(reader, root, [where, *found], given, labels, taken, layout)


def _guesses(cls: type) -> bool:
    return issubclass(cls, Dataset) and cls.guess.__func__ is not Dataset.guess.__func__  # type: ignore[attr-defined]


def write_study(folder: Path, labels: Labels) -> list[Path]:
    """Write a folder for a user's own clips and labels.

    Parameters
    ----------
    folder
        Where to; what is there stays.
    labels
        Of `guessed`.

    Raises
    ------
    MerbenchError
        A file of it is there already.
    """
    name = _name(folder)
    while name in labels.taken:
        name = f"my-{name}"
    classes = {guess.parameter for guess in labels.guesses} | labels.given.keys()
    rated = not classes & {"quadrant", "shares", "category", "votes"}
    heard = "features" not in classes
    words = {
        "title": f"{name}: clips of one's own.",
        "name": name,
        "dataset": labels.reader.name,
        "datasets": _dataset(name, folder, labels),
        "features": "egemaps" if heard else "published",
        "more_features": "compare-2016, librosa-14-stats, mel-spectrogram",
        "models": ", ".join(
            ["ridge" if rated else "logistic-regression", "random-forest", EXAMPLE]
        ),
        "more_models": "xgboost, svr, mlp" if rated else "xgboost, svc, knn",
    }
    text = Template(_text("benchmark.yaml.txt")).substitute(words)
    if labels.part is None:
        return _write(folder, text, name, _ADVICE)
    said = (
        f"`{WITH_AUDIO}` is a copy of `{labels.file.name}` without the rows whose audio is not "
        f"there, for every row that is read must have some: {labels.part.why}.\n\n{_ADVICE}"
    )
    return _write(folder, text, name, said, {folder / WITH_AUDIO: _with_audio(labels)})


def _with_audio(labels: Labels) -> str:
    """Return the table as CSV, with the rows alone that have audio."""
    assert labels.part is not None
    assert labels.part.lines is not None
    table, kept = read_delimited(labels.file), {*labels.part.lines}
    text = io.StringIO()
    # In quotes no cell can be taken for a comment, and no quote for a character of its cell.
    writer = csv.writer(text, delimiter=table.delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(cells for line, cells in table.rows if line in kept)
    return text.getvalue()


def write_copy(folder: Path, benchmark: str) -> list[Path]:
    """Write a folder for a benchmark that comes with merbench.

    Parameters
    ----------
    folder
        Where to; what is there stays.
    benchmark
        Its name.

    Raises
    ------
    MerbenchError
        There is no such benchmark, or a file of it is there already.
    """
    known = shipped()
    if benchmark not in known:
        raise MerbenchError(
            f"no benchmark that comes with merbench is called {benchmark!r}"
            f"{nearest(benchmark, known)}"
        )
    text = known[benchmark].read_text(encoding="utf-8")
    # Those that need data look for them beside their own folder; here that is this folder.
    text = text.replace("root: ../", "root: ")
    said = f"The benchmark is `{benchmark}`, which comes with merbench."
    name = re.search(r"^name: *(\S+)", text, re.MULTILINE)
    return _write(folder, text, name[1] if name else benchmark, said)


_ADVICE = """Look through your clips and labels for what is missing or suspicious with
`merbench data check`, and say in `benchmark.yaml` who made them (`authors`, `citation`, `licence`)
before you publish a run."""


def _write(
    folder: Path, benchmark: str, name: str, said: str, more: Mapping[Path, str] | None = None
) -> list[Path]:
    files = {
        **(more or {}),
        folder / BENCHMARK: benchmark,
        folder / README: Template(_text("study.md.txt")).substitute(name=name, said=said),
        folder / "plugins" / "my_model.py": plugin_source("model", EXAMPLE),
    }
    write_new(files)
    return list(files)


def _dataset(name: str, folder: Path, labels: Labels) -> str:
    """Write the dataset's parameters down, a line each, with what was guessed."""
    sure = {guess.parameter: guess for guess in labels.guesses}
    values = {"name": name, "root": _relative(labels.root, folder)}
    values |= {guess.parameter: guess.value for guess in labels.guesses}
    if labels.part is not None:
        values["csv"] = _relative(folder / WITH_AUDIO, labels.root)
    values |= labels.given
    lines = []
    for parameter, value in values.items():
        written = f"      {parameter}: {json.dumps(value, ensure_ascii=False)}"
        guess = sure.get(parameter)
        if guess is not None and guess.lines is not None:
            written += f"  # a copy of {labels.file.name}: {guess.why}, the others are left out"
        elif guess is not None and parameter not in labels.given and parameter != "csv":
            state = "sure" if guess.sure else "A GUESS"
            written += f"  # {state}: {guess.why}"
        lines.append(written)
    if "group" not in values:
        lines += [
            "      # group: artist  # NO COLUMN OF ARTISTS OR SONGS WAS FOUND: if clips share one,",
            "      #                  a model may recognise it, and scores are too good.",
        ]
    return "\n".join([f"  - {labels.reader.name}:", *lines])


def _relative(path: Path, start: Path) -> str:
    found = Path(os.path.relpath(path, start))
    if found.parts.count(os.pardir) > _MOST_STEPS_UP:
        return str(path.resolve())
    return found.as_posix()


def _name(folder: Path) -> str:
    """Return a benchmark's name that is made of a folder's."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip("-._")
    return name or "study"


def _text(template: str) -> str:
    return (TEMPLATES / template).read_text(encoding="utf-8")
