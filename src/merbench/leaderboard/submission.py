"""A run as it is published: what it recorded, without what is nobody else's business.

A submission is a folder with the run's manifest and its two tables. It has no path of the machine
it was made on, and no label of a data set whose labels may not be republished: there it has the
hash of each clip's truth, by which anyone with the data can check the scores. Predictions that are
such labels themselves, as those of a baseline that deals labels out, are left out with them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.identity import portable, portable_spec
from merbench.leaderboard.building import build_board
from merbench.runs import record
from merbench.runs.labels import rows_of_dataset
from merbench.runs.parameter_text import portable_text
from merbench.runs.record import FOLDS, MANIFEST, PREDICTIONS, RunRecord
from merbench.runs.row_columns import SYSTEM, label_columns, predicted_columns, truth_columns
from merbench.tasks import Task
from merbench.whole_files import replacing

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

NAMES = {MANIFEST, FOLDS, PREDICTIONS}
"""Files of a submission."""

_OF_THE_MACHINE = ("base", "bases", "errors")
"""What a manifest says for the one who ran it alone: folders, tracebacks."""


def name_of(manifest: Mapping[str, Any]) -> str:
    """Return the folder of a run's submission: its benchmark's name and its id's beginning."""
    return f"{manifest['name']}-{manifest['run'][:8]}"


def is_submission(run: RunRecord) -> bool:
    """Tell whether what was read is a submission, and not a run."""
    return "files" in run.manifest


def signed(submitted: RunRecord, submitter: str, earlier: RunRecord | None = None) -> RunRecord:
    """Return a submission that says who submits it, and the day that it was first published on.

    Parameters
    ----------
    submitted
        It.
    submitter
        Who; nobody where it is empty.
    earlier
        The same run's submission that it takes the place of: its name and day stay, unless there
        is another name.
    """
    known = {} if earlier is None else earlier.manifest.get("submission", {})
    known = known | submitted.manifest.get("submission", {})
    if submitter.strip():
        known = known | {"submitter": " ".join(submitter.split())}
    if earlier is None:
        known = {"published": today()} | known
    said = {"submission": dict(sorted(known.items()))} if known else {}
    return replace(submitted, manifest=submitted.manifest | said)


def today() -> str:
    """Return the day it is, by Greenwich."""
    return datetime.now(UTC).date().isoformat()


def of_run(run: RunRecord) -> RunRecord:
    """Return what is published of a run; publishing that again gives the same."""
    manifest = {k: v for k, v in run.manifest.items() if k not in _OF_THE_MACHINE}
    manifest = _texts(manifest, without_paths)
    manifest["spec"] = portable_spec(run.manifest["spec"])
    for cell in manifest["cells"]:
        cell["parameters"] = portable(cell["parameters"])
    predictions = run.predictions.copy(deep=False)
    held_back = []
    repeating = set(manifest.get("predictions_withheld", ()))
    for entry in manifest["datasets"]:
        entry["parameters"] = portable(entry["parameters"])
        if not entry["labels_public"]:
            entry["labels_withheld"] = True
            columns, rows = label_columns(entry), rows_of_dataset(run, entry)
            if Task(entry["task"]) is Task.VA:
                repeating |= _repeating_labels(run.predictions[rows], columns)
            for column in truth_columns(columns):
                predictions[column] = predictions[column].mask(rows)
            repeated = predictions["cell"].isin(repeating).to_numpy()
            for column in predicted_columns(columns):
                predictions[column] = predictions[column].mask(rows & repeated)
            held_back.append((entry["name"], entry["data_hash"]))
    manifest["predictions_withheld"] = sorted(repeating)
    folds = run.folds.assign(
        parameters=[portable_text(text) for text in run.folds["parameters"]],
        dataset_parameters=[portable_text(text) for text in run.folds["dataset_parameters"]],
        error=[without_paths(text) for text in run.folds["error"]],
    )
    if "trials" in folds:  # runs made before there were any have none
        folds["trials"] = [_json_without_paths(text) for text in folds["trials"]]
    manifest["marks"] = {
        row["cell"]: row["mark"]
        for row in build_board([run]).leaderboard.to_dict("records")
        if (row["dataset"], row["data_hash"]) in held_back
        and row["role"] == SYSTEM
        and row["status"] == "ok"
    }
    return RunRecord(manifest, folds, predictions)


def _repeating_labels(rows: pd.DataFrame, columns: Sequence[str]) -> set[str]:
    """Return the cells among whose predictions a clip's label stands as it is, number for number.

    Of quadrants and classes nobody asks: there a label is one of a few words, and a prediction is
    free to be one too.
    """
    import numpy as np

    if rows.empty:
        return set()
    truth = {
        row.tobytes() for row in np.ascontiguousarray(rows[truth_columns(columns)], np.float64)
    }
    predicted = np.ascontiguousarray(rows[predicted_columns(columns)], np.float64)
    # People's rows have no predictions, and a label is never without a number.
    repeated = [row.tobytes() in truth for row in predicted]
    return set(rows["cell"][repeated].astype(str))


def write_submission(submitted: RunRecord, folder: Path) -> None:
    """Write a submission, with the digests of its tables in its manifest."""
    record.write_record(submitted, folder)
    files = {name: file_hash(folder / name) for name in (FOLDS, PREDICTIONS)}
    text = record.manifest_text(submitted.manifest | {"files": files})
    with replacing(folder / MANIFEST) as temporary:
        temporary.write_text(text, encoding="utf-8")


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def without_paths(text: str) -> str:
    """Return a message with every absolute path in it cut down to its last name."""
    return _PATH.sub(lambda found: re.split(r"[\\/]", found.group().rstrip("\\/"))[-1], text)


_PATH = re.compile(
    r"""(?<![\w/.:-])           # no part of a longer word, a relative path or an address
        (?:~|[A-Za-z]:)?[\\/]   # from the root, the home folder or a drive
        [^\s'",;:()<>|*?]*[\\/][^\s'",;:()<>|*?]+""",
    re.VERBOSE,
)


def _json_without_paths(text: str) -> str:
    return json.dumps(_texts(json.loads(text), without_paths)) if text else ""


def _texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return JSON values with every text in them changed."""
    if isinstance(value, Mapping):
        return {key: _texts(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner, change) for inner in value]
    return change(value) if isinstance(value, str) else value
