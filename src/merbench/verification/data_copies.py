"""A reader's own copies of the data that a leaderboard's submissions were scored on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from merbench.bounds import json_file
from merbench.components import Clip, Dataset
from merbench.errors import MerbenchError
from merbench.leaderboard.published_folder import submission_folders
from merbench.planning.datasets import check_clips, read_clips
from merbench.plugins import readiness
from merbench.plugins.registry import Registry
from merbench.runs.labels import withheld
from merbench.runs.record import MANIFEST
from merbench.runs.row_columns import bare_name


def read_copies(
    folder: Path, roots: Sequence[str], registry: Registry
) -> dict[str, Sequence[Clip]]:
    """Read data sets from the folders that a reader names.

    Parameters
    ----------
    folder
        The leaderboard's.
    roots
        `DATASET=PATH`; a path alone where only one data set has its labels left out.
    registry
        Where their plugins are found.

    Raises
    ------
    MerbenchError
        A data set is none of the leaderboard's, or its copy cannot be read.
    """
    entries = _entries(folder)
    bare = list(dict.fromkeys(map(bare_name, entries)))
    named: dict[str, Path] = {}
    for text in roots:
        name, sign, path = text.partition("=")
        if not sign:
            if len(bare) != 1:
                raise MerbenchError(
                    f"--root {text}: say which data set lies there, as in "
                    f"--root {next(iter(bare), 'NAME')}={text}"
                )
            name, path = bare[0], text
        if name not in bare:
            known = ", ".join(bare) or "none"
            raise MerbenchError(
                f"--root {text}: {name!r} is no data set whose labels are left out; these are: "
                f"{known}"
            )
        named |= {entry: Path(path) for entry in entries if bare_name(entry) == name}
    return {name: _clips(entries[name], root, registry) for name, root in named.items()}


def _entries(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Return the data sets whose labels are left out."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in submission_folders(folder):
        try:
            manifest = json_file(path / MANIFEST)
            for entry in manifest["datasets"]:
                if withheld(entry):
                    found.setdefault(entry["name"], entry)
        except (OSError, ValueError, LookupError, TypeError):
            continue  # verification says what is wrong with it
    return found


def _clips(entry: Mapping[str, Any], root: Path, registry: Registry) -> Sequence[Clip]:
    name = entry["name"]
    if not root.is_dir():
        raise MerbenchError(f"--root {name}={root}: there is no such folder")
    dataset = registry.get("dataset", entry.get("plugin", name)).cls(**entry["parameters"])
    assert isinstance(dataset, Dataset)
    readiness.ready(dataset)
    try:
        clips = read_clips(dataset, root)
        check_clips(dataset, clips)
    except OSError as error:
        raise MerbenchError(f"--root {name}={root}: {error}") from None
    return clips
