"""A folder to start in: a benchmark file with comments, a plugin to change, a README."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from merbench.authoring.new_files import write_new
from merbench.authoring.plugin_files import TEMPLATES, plugin_source
from merbench.benchmark.shipped import shipped
from merbench.components import Dataset, Guess
from merbench.errors import MerbenchError
from merbench.naming import nearest
from merbench.plugins.registry import Entry, Registry
from merbench.tasks import Task

BENCHMARK, README = "benchmark.yaml", "README.md"
EXAMPLE = "my-model"
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
        The file cannot be read, or nothing in it looks like labels.
    """
    for path, there in ((labels, labels.is_file()), (audio, audio is None or audio.is_dir())):
        if not there:
            what = "file" if path == labels else "folder"
            raise MerbenchError(f"there is no {what} {path}; correct --labels or --data")
    reader = next(entry for entry in registry.of_kind("dataset") if _guesses(entry.cls))
    assert issubclass(reader.cls, Dataset)
    root = audio or labels.parent
    found = reader.cls.guess(labels, audio, task, given)
    where = Guess("csv", _relative(labels, root), True, "you said so")
    return Labels(reader, root, [where, *found], given)


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
    return _write(folder, Template(_text("benchmark.yaml.txt")).substitute(words), name, _ADVICE)


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


def _write(folder: Path, benchmark: str, name: str, said: str) -> list[Path]:
    files = {
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
    values |= labels.given
    lines = []
    for parameter, value in values.items():
        written = f"      {parameter}: {json.dumps(value, ensure_ascii=False)}"
        guess = sure.get(parameter)
        if guess is not None and parameter not in labels.given and parameter != "csv":
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
