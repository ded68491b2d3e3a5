"""Scoring a file of predictions that were made anywhere: the logic of `merbench score`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from merbench.errors import MerbenchError
from merbench.evaluation.labels import LabelKind, NormalLabels, labels_of
from merbench.numerals import LARGEST, LEAST_STD
from merbench.scoring.class_columns import named_classes, one_hot_labels
from merbench.scoring.score_arrays import score_arrays
from merbench.scoring.wide_table import WideTable, read_table

__all__ = ["score_file"]

Array = NDArray[np.float64]


def score_file(
    path: Path | str,
    *,
    id: str,
    truth: str,
    predictions: Sequence[str] | str,
    task: str = "va",
    fixed_std: float | None = None,
) -> dict[str, Any]:
    """Score the predictions in a wide table, one row a clip.

    Parameters
    ----------
    path
        Delimited text, or Parquet by its suffix.
    id
        Column that names the clip.
    truth
        Prefix of the true label's columns: `gt` for `gt_valence_mean`, `gt_arousal_mean`,
        `gt_valence_std`, `gt_arousal_std` (or `gt_Q1`...`gt_Q4`). For `classes` every column with
        it is a class. For quadrants and classes also the name of one column that holds each
        clip's class.
    predictions
        Prefixes of the systems' columns, as a sequence or separated by commas; where the truth is a
        column of classes, a system's may be one too.
    task
        What the columns are.
    fixed_std
        For `va`: the standard deviation of every label where the file has means only, on the
        file's scale. A system without columns of deviations has this one too.

    Returns
    -------
    dict
        As from `score_arrays`; with `fixed_std` where one was given.

    Raises
    ------
    MerbenchError
        With file, line and column, for a file that cannot be read, a missing column, an empty or
        non-numeric cell, a clip that stands there twice, or a truth that is no distribution.
    """
    prefixes = predictions.split(",") if isinstance(predictions, str) else list(predictions)
    systems = [prefix.strip() for prefix in prefixes if prefix.strip()]
    if not systems:
        raise MerbenchError("no predictions to score: name the prefix of at least one system")
    for system in systems:
        if systems.count(system) > 1:
            raise MerbenchError(f"predictions name {system!r} twice: name every system once")
    table = read_table(Path(path))
    ids = table.unique(id.strip())
    labels = labels_of(task)
    named = named_classes(table, labels, truth.strip(), systems)
    columns = labels.columns or named or _classes(table, truth.strip())
    if named:
        true_rows = one_hot_labels(table, truth.strip(), named)
        rows = {
            system: one_hot_labels(table, system, named)
            if system in table.columns
            else table.numbers(_prefixed(named, system))
            for system in systems
        }
    elif fixed_std is not None:
        true_rows = _with_fixed_std(table, truth.strip(), fixed_std, labels, is_truth=True)
        rows = {
            system: _with_fixed_std(table, system, fixed_std, labels, is_truth=False)
            for system in systems
        }
    else:
        true_columns = _prefixed(columns, truth.strip())
        spread = isinstance(labels, NormalLabels)
        if spread:
            _require_spread(table, labels, truth.strip(), systems)
        true_rows = table.numbers(true_columns)
        if spread:
            _refuse_unspread(table, true_columns, true_rows)
        rows = {system: table.numbers(_prefixed(columns, system)) for system in systems}
    for system, predicted in rows.items():
        if named and system in table.columns:
            continue
        _refuse_huge(table, _prefixed(columns, system), predicted)
    places = [f"{name} at {place}" for name, place in zip(ids, table.places, strict=True)]
    classes = () if labels.columns else columns
    result = score_arrays(true_rows, rows, task=task, ids=places, classes=classes)
    if fixed_std is not None:
        result["fixed_std"] = fixed_std
        result["warnings"].insert(
            0,
            f"The labels have no standard deviations over raters: each is taken to be "
            f"{fixed_std:g}. KL depends on it; compare it with none that was computed otherwise.",
        )
    return result


def _prefixed(columns: Sequence[str], prefix: str) -> list[str]:
    return [f"{prefix}_{column}" for column in columns]


def _classes(table: WideTable, prefix: str) -> tuple[str, ...]:
    """Return the classes that a table's true columns name."""
    start = f"{prefix}_"
    found = tuple(c.removeprefix(start) for c in table.columns if c.startswith(start))
    if len(found) < 2:
        raise MerbenchError(
            f"{table.header}: there must be two columns {start}CLASS at least, one a class, and "
            f"there are {len(found)}; name their prefix with --truth"
        )
    return found


def _require_spread(
    table: WideTable, labels: LabelKind, truth: str, systems: Sequence[str]
) -> None:
    """Raise where there are means of valence and arousal, and no deviations beside them."""
    for prefix in (truth, *systems):
        means, stds = np.split(np.array(_prefixed(labels.columns, prefix)), 2)
        missing = [str(column) for column in stds if column not in table.columns]
        remedy = (
            "add them or, where there are means only, give --fixed-std, as in --fixed-std 0.1"
            if prefix == truth
            else "add what the system predicts of them, for the truth has them"
        )
        if missing and set(means) <= set(table.columns):
            raise MerbenchError(
                f"{table.header}: there is {' and '.join(f'no column {m!r}' for m in missing)} of "
                f"standard deviations, which distributions have beside their means; {remedy}"
            )


def _with_fixed_std(
    table: WideTable, prefix: str, std: float, labels: LabelKind, *, is_truth: bool
) -> Array:
    """Return means with a deviation that is the same for all clips."""
    if not isinstance(labels, NormalLabels):
        raise MerbenchError("--fixed-std is for labels of valence and arousal; leave it out")
    if not std >= LEAST_STD:
        raise MerbenchError(f"--fixed-std {std:g}: a standard deviation must be above 0, as is 0.1")
    columns = _prefixed(labels.columns, prefix)
    if set(columns[2:]) <= set(table.columns):
        if is_truth:
            raise MerbenchError(
                f"{table.header}: there are standard deviations, {columns[2]!r} and "
                f"{columns[3]!r}, which --fixed-std would ignore; leave it out"
            )
        return table.numbers(columns)
    means = table.numbers(columns[:2])
    return np.hstack([means, np.full_like(means, std)])


def _refuse_huge(table: WideTable, columns: Sequence[str], predicted: Array) -> None:
    for row, column in np.argwhere(np.abs(predicted) > LARGEST):
        raise MerbenchError(
            f"{table.places[row]}: column {columns[column]!r} holds {predicted[row, column]:g}; "
            f"predictions must be below {LARGEST:g} in magnitude, so correct it or leave the row "
            "out"
        )


def _refuse_unspread(table: WideTable, columns: Sequence[str], truth: Array) -> None:
    for column, values in zip(columns[2:], truth[:, 2:].T, strict=True):
        bad = np.flatnonzero(values < LEAST_STD)
        if len(bad):
            above = "0" if values[bad[0]] <= 0 else f"{LEAST_STD:g} (no raters disagree by less)"
            raise MerbenchError(
                f"{table.places[bad[0]]}: the true standard deviation in column {column!r} is "
                f"{values[bad[0]]:g}, and must be above {above}; correct it or leave the row out"
            )
