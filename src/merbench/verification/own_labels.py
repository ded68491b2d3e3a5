"""Labels that may not be republished, filled in from a reader's own copy of the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from merbench.errors import MerbenchError
from merbench.identity import truth_hash
from merbench.runs.labels import rows_of_dataset
from merbench.runs.record import RunRecord
from merbench.runs.row_columns import (
    label_columns,
    truth_columns,
)


def labels_from_copy(
    entry: Mapping[str, Any], clips: Iterable[tuple[str, Sequence[float], str]]
) -> tuple[dict[str, Sequence[float]], list[str]]:
    """Take a data set's labels from a reader's own copy, and check them against their hashes.

    Parameters
    ----------
    entry
        The data set in the manifest.
    clips
        Id, label and file digest of each clip in the copy.

    Returns
    -------
    tuple
        Labels by clip id, and a sentence for each clip that is not the one that was scored.
    """
    own = {clip: (label, audio) for clip, label, audio in clips}
    labels: dict[str, Sequence[float]] = {}
    found = []
    for clip, truth in zip(entry["clips"]["id"], entry["clips"]["truth"], strict=True):
        # A copy that was dealt out as a clip of its own has its clip's label and file.
        origin = clip if clip in own else clip.rpartition(" (")[0]
        if origin not in own:
            found.append(f"clip {clip} of {entry['name']} is not in the copy given")
            continue
        label, audio = own[origin]
        if truth_hash(clip, label, audio) != truth:
            found.append(
                f"clip {clip} of {entry['name']}: its label or file in the copy given is not the "
                "one that was scored"
            )
            continue
        labels[clip] = label
    return labels, found


def with_labels(
    run: RunRecord, entry: Mapping[str, Any], labels: Mapping[str, Sequence[float]]
) -> RunRecord:
    """Return a run with a data set's labels filled in.

    Raises
    ------
    MerbenchError
        A clip that was tested has no label.
    """
    import numpy as np

    columns = label_columns(entry)
    rows = rows_of_dataset(run, entry)
    ids = run.predictions["clip"].to_numpy(object)[rows].tolist()
    if missing := [clip for clip in ids if clip not in labels]:
        raise MerbenchError(f"clip {missing[0]} of {entry['name']} has no label")
    values = np.asarray([labels[clip] for clip in ids], float).reshape(-1, len(columns))
    predictions = run.predictions.copy(deep=False)
    for column, filled in zip(truth_columns(columns), values.T, strict=True):
        whole = predictions[column].to_numpy(float).copy()
        whole[rows] = filled
        predictions[column] = whole
    manifest = run.manifest | {
        "datasets": [
            {k: v for k, v in e.items() if k != "labels_withheld"} if e is entry else e
            for e in run.manifest["datasets"]
        ]
    }
    return RunRecord(manifest, run.folds, predictions)
